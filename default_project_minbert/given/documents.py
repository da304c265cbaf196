"""Embedded text to pretrain on: invented documents of five sentences, each a small story.

    train, dev = documents(300), documents(60, split="dev")     # lists of lists of sentences

A story is about one topic, one person and one thing, and its steps come in a fixed order. So a
masked word can be guessed from the words around it, and whether a sentence is the next one from its
topic, its words and its place in the story. A model of a hundred thousand weights learns both
within minutes. The stories of dev are not among those of train.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

Document = list[str]


@dataclass(frozen=True)
class Topic:
    """What a story is about: one place, and whom and what one meets there."""

    place: str
    people: str
    things: str
    actions: str
    qualities: str


TOPICS = (
    Topic("kitchen", "cook baker guest", "soup bread cake", "taste bake serve", "sweet warm fresh"),
    Topic("harbour", "sailor captain diver", "boat anchor net", "tie mend paint", "wet rusty old"),
    Topic("school", "teacher pupil clerk", "book map pencil", "read study lend", "thick dull torn"),
    Topic("garden", "gardener child bee", "rose hedge pond", "water trim plant", "green wild deep"),
    Topic("theatre", "actor singer poet", "mask song stage", "learn wear sing", "loud bright sad"),
    Topic("station", "driver porter guard", "train bag seat", "take sell fill", "late fast full"),
    Topic("clinic", "doctor nurse patient", "bed pill scarf", "try change fold", "clean soft firm"),
    Topic("farm", "farmer shepherd boy", "cow plough barn", "feed pull build", "heavy brown big"),
)
# One sentence of each row, in this order, makes a story.
STEPS = (
    ("the {person} came to the {place} .", "in the {place} there was a {person} ."),
    ("there the {person} saw a {quality} {thing} .", "a {quality} {thing} was in the {place} ."),
    ("the {person} wanted to {action} the {thing} .", "who would {action} this {thing} ?"),
    ("but the {thing} was {quality} .", "the {thing} was {quality} , and it broke ."),
    ("so the {person} left the {place} without it .", "at last the {person} went home ."),
)
SPLITS = ("train", "dev")
MOST = 2000  # stories of a split; there are 20,736 in all


def documents(count: int, split: str = "train", seed: int = 0) -> list[Document]:
    """`count` different stories, the same for the same arguments.

    No story is in both splits. Raises ValueError for a split that is not one of SPLITS, and for a
    count above MOST.
    """
    if split not in SPLITS:
        raise ValueError(f"{split!r} is not a split: choose one of {', '.join(SPLITS)}")
    if count > MOST:
        raise ValueError(f"{count} stories: there are at most {MOST:,}")
    rng = random.Random(f"documents {split} {seed}")
    stories: dict[tuple[str, ...], None] = {}  # a set that keeps its order
    while len(stories) < count:
        story = tuple(_story(rng))
        if _split(story) == split:
            stories[story] = None
    return [list(story) for story in stories]


def _story(rng: random.Random) -> Document:
    topic = rng.choice(TOPICS)
    words = {
        "place": topic.place,
        "person": rng.choice(topic.people.split()),
        "thing": rng.choice(topic.things.split()),
        "action": rng.choice(topic.actions.split()),
        "quality": rng.choice(topic.qualities.split()),
    }
    return [rng.choice(forms).format(**words) for forms in STEPS]


def _split(story: tuple[str, ...]) -> str:
    """A story belongs to one split by its words alone: every sixth, roughly, is for dev."""
    return "dev" if random.Random(" ".join(story)).random() < 1 / 6 else "train"
