"""Embedded pairs: invented events, told in two ways, that are the same, nearly the same or not.

Who did something to whom is told by the order of the words and the form of the verb: "did the
doctor help the farmer ?" asks what "was the farmer assisted by the doctor ?" asks, and not what
"did the farmer help the doctor ?" does. A bag of words sees more in common in the wrong pair.
"""

from __future__ import annotations

import random
from dataclasses import astuple, dataclass, replace

PEOPLE = ("doctor", "child", "farmer", "lawyer", "thief", "writer", "singer", "pilot")
# Each line: verbs of one meaning, each with its past form.
ACTIONS = (
    (("help", "helped"), ("assist", "assisted")),
    (("chase", "chased"), ("pursue", "pursued")),
    (("phone", "phoned"), ("call", "called")),
    (("praise", "praised"), ("applaud", "applauded")),
)
PLACES = ("in the park", "at the station", "near the bridge", "at the market")
TIMES = ("on monday", "last night", "this morning", "in winter")
QUESTIONS = (
    "did the {agent} {verb} the {patient} ?",
    "was the {patient} {past} by the {agent} ?",
)
STATEMENTS = (
    "the {agent} {past} the {patient} {place} {time} .",
    "the {patient} was {past} by the {agent} {place} {time} .",
)
ROLES = ("agent", "patient", "action", "place", "time")


@dataclass(frozen=True)
class Event:
    """Who did what to whom, where and when: numbers of lines in the tables above."""

    agent: int
    patient: int
    action: int
    place: int
    time: int


def event(rng: random.Random) -> Event:
    agent, patient = rng.sample(range(len(PEOPLE)), 2)
    return Event(agent, patient, *(rng.randrange(len(table)) for table in (ACTIONS, PLACES, TIMES)))


def questions(rng: random.Random) -> tuple[str, str, int]:
    """Two questions, and whether they are paraphrases (1) or not (0).

    Half are; half of the others ask for the roles the other way round.
    """
    one = event(rng)
    other = one
    if same := rng.random() < 0.5:
        pass
    elif rng.random() < 0.5:
        other = _swapped(one)
    else:
        other = _changed(one, rng.choice(ROLES[:3]), rng)
    return _told(one, QUESTIONS, rng), _told(other, QUESTIONS, rng), int(same)


def statements(rng: random.Random) -> tuple[str, str, int]:
    """Two statements, and how similar they are: 0 to 5, a point for each role that agrees.

    What was done is the same only if one of the two people has the same part in it.
    """
    one = event(rng)
    other = _swapped(one) if rng.random() < 0.5 else one
    for role in rng.sample(ROLES, rng.randint(0, 3)):
        other = _changed(other, role, rng)
    alike = [a == b for a, b in zip(astuple(one), astuple(other), strict=True)]
    agent, patient, action, *rest = alike
    points = sum((agent, patient, action and (agent or patient), *rest))
    return _told(one, STATEMENTS, rng), _told(other, STATEMENTS, rng), points


def _swapped(one: Event) -> Event:
    return replace(one, agent=one.patient, patient=one.agent)


def _changed(one: Event, role: str, rng: random.Random) -> Event:
    """The same with another person, action, place or time in one role."""
    taken = {one.agent, one.patient} if role in ("agent", "patient") else {getattr(one, role)}
    while (value := getattr(event(rng), role)) in taken:
        pass
    return replace(one, **{role: value})


def _told(one: Event, forms: tuple[str, ...], rng: random.Random) -> str:
    verb, past = rng.choice(ACTIONS[one.action])
    return rng.choice(forms).format(
        agent=PEOPLE[one.agent],
        patient=PEOPLE[one.patient],
        verb=verb,
        past=past,
        place=PLACES[one.place],
        time=TIMES[one.time],
    )
