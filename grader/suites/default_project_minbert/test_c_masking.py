"""Part c: mask_tokens, from any source of random numbers.

A statistic of n draws must be within 5 standard errors: right work fails one such test in about two
million gradings, and the same submission always draws the same, because the worker is seeded.
"""

from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor

from grader import expect
from grader.random_inputs import indices

pytestmark = [pytest.mark.part("c"), pytest.mark.about("mask_tokens")]
NOT_SELECTED = -100
NUMBERS = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.float32)
V, SHARE = 1000, 0.15
NONE_OR_SHARE: tuple[dict[str, Any], ...] = ({}, {"share": 0.4})  # options


@dataclass(frozen=True)
class Draw:
    """A batch, (b, T) each, and what mask_tokens made of it."""

    ids: Tensor
    special: Tensor
    mask_id: int
    inputs: Tensor
    labels: Tensor

    @property
    def selected(self) -> Tensor:
        """Where there is a label, (b, T) bool."""
        return self.labels != NOT_SELECTED


def draw(
    student: Any,
    generator: torch.Generator,
    shape: tuple[int, int],
    V: int = V,
    known: int | None = None,
    **options: Any,
) -> Draw:
    """One call of mask_tokens on random ids, of which a fifth are special.

    known: the ids are below it, if that is less than the vocabulary's size, V.
    """
    # A word may have the id of [MASK], and what is special is told by `special` alone.
    ids = indices(generator, known or V, *shape)
    special = torch.rand(shape, generator=generator) < 0.2
    mask_id = int(indices(generator, V, 1))
    result = student.masking.mask_tokens(ids, special, mask_id, V, **options)
    return Draw(ids, special, mask_id, *both(result, shape))


def both(result: Any, shape: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """Inputs and labels as long tensors, whatever type of number they are; see test_labels."""
    pair = expect.items(result, 2, "what mask_tokens returns")
    inputs, labels = (
        expect.tensor(each, shape, None, what)
        for each, what in zip(pair, ("inputs", "labels"), strict=True)
    )
    known = inputs.dtype in NUMBERS and labels.dtype in NUMBERS
    assert known, "inputs and labels should be tensors of whole numbers"
    return inputs.long(), labels.long()


def near(share: float, expected: float, count: int, what: str) -> None:
    """Checks a share of `count` draws that have this probability."""
    error = (expected * (1 - expected) / max(count, 1)) ** 0.5
    assert abs(share - expected) <= 5 * error, (
        f"{what}: {100 * share:.1f} %, not about {100 * expected:.1f} %"
    )


@pytest.mark.points(2)
@pytest.mark.hint("labels: input_ids where selected, -100 elsewhere; the loss leaves -100 out")
def test_labels(student: Any, generator: torch.Generator) -> None:
    """A selected position's label is its own token, any other's is -100 and its input stays."""
    for shape in ((1, 7), (40, 60)):
        result = draw(student, generator, shape, share=0.4)
        assert torch.equal(result.labels[result.selected], result.ids[result.selected]), (
            "the label of a selected position is not the token that was there"
        )
        rest = ~result.selected
        assert torch.equal(result.inputs[rest], result.ids[rest]), (
            "a position with the label -100 has another token than before"
        )
    changed = (result.inputs != result.ids).float().mean().item()
    assert 0.1 < changed < 0.6, "hardly any token is hidden, or nearly every one"
    ids, special = indices(generator, V, 2, 9), torch.zeros(2, 9, dtype=torch.bool)
    pair = expect.items(student.masking.mask_tokens(ids, special, 3, V), 2)
    for value, what in zip(pair, ("inputs", "labels"), strict=True):
        expect.tensor(value, (2, 9), torch.long, what)


@pytest.mark.points(1)
@pytest.mark.hint("special is True at [CLS], [SEP] and [PAD]")
def test_special_tokens(student: Any, generator: torch.Generator) -> None:
    """Special positions are never selected, and all others are if `share` is 1."""
    for share in (0.15, 1.0):
        result = draw(student, generator, (60, 80), share=share)
        assert not bool((result.selected & result.special).any()), "a special token is selected"
        assert torch.equal(result.inputs[result.special], result.ids[result.special]), (
            "a special token is replaced"
        )
        assert bool(result.selected.any()), "no position is selected"
    assert torch.equal(result.selected, ~result.special), "with a share of 1, some are left out"


@pytest.mark.points(1)
@pytest.mark.hint("compare one random number for each position with share")
def test_share(student: Any, generator: torch.Generator) -> None:
    """Each position that is not special is selected with probability `share`, by itself."""
    for options in NONE_OR_SHARE:
        share = options.get("share", SHARE)
        result = draw(student, generator, (200, 200), **options)
        free = ~result.special
        halves = torch.arange(200) < 100
        for where, what in (
            (free, "selected positions"),
            (free & halves, "selected positions in the first half of texts"),
            (free & halves[:, None], "selected positions in the first half of a batch"),
        ):
            count = int(where.sum())
            near(int((result.selected & where).sum()) / count, share, count, what)
        for dim, what in ((0, "the same position in two texts"), (1, "two neighbours")):
            first, second = (
                each.narrow(dim, 0, 199) & each.narrow(dim, 1, 199)
                for each in (result.selected, free)
            )
            count = int(second.sum())
            near(int(first.sum()) / count, share**2, count, f"{what} selected together")


@pytest.mark.points(1)
@pytest.mark.hint("no number of tokens per text: each is selected by a random number of its own")
def test_short_texts(student: Any, generator: torch.Generator) -> None:
    """Of short texts, as many have no token selected as chance gives: no text has its own share."""
    lengths = 3 + indices(generator, 4, 4000)  # words between [CLS] and [SEP]
    places = torch.arange(8)
    special = (places == 0) | (places > lengths[:, None])
    ids = indices(generator, V, 4000, 8)
    for options in NONE_OR_SHARE:
        share = options.get("share", SHARE)
        result = student.masking.mask_tokens(ids, special, 3, V, **options)
        none = ~((both(result, (4000, 8))[1] != NOT_SELECTED) & ~special).any(dim=1)
        for length in range(3, 7):
            own = none[lengths == length]
            what = f"texts of {length} tokens of which none is selected"
            near(own.float().mean().item(), (1 - share) ** length, len(own), what)


@pytest.mark.points(2)
@pytest.mark.hint("decide between the three by a random number that did not decide the selection")
def test_80_10_10(student: Any, generator: torch.Generator) -> None:
    """Of the selected, 80 % become [MASK], 10 % a random word, and 10 % stay."""
    for options in NONE_OR_SHARE:
        result = draw(student, generator, (200, 300), **options)
        count = int(result.selected.sum())
        # Words that are [MASK] already count for both; one word in a thousand is.
        chosen = result.selected & (result.ids != result.mask_id)
        before, after = result.ids[chosen], result.inputs[chosen]
        hidden, kept = after == result.mask_id, after == before
        near(hidden.float().mean().item(), 0.8 + 0.1 / V, count, "replaced by [MASK]")
        near(kept.float().mean().item(), 0.1 + 0.1 / V, count, "left as they are")


@pytest.mark.points(1)
@pytest.mark.hint("torch.randint(vocab_size, ...): one id for each position, from 0 to V - 1")
def test_random_words(student: Any, generator: torch.Generator) -> None:
    """Random words come from the whole vocabulary, each position's drawn by itself."""
    V = 40
    # Only words of the first half are in the texts: those cannot be where random words come from.
    result = draw(student, generator, (200, 300), V, known=V // 2)
    replaced = result.selected & (result.inputs != result.ids) & (result.inputs != result.mask_id)
    drawn = result.inputs[replaced]
    assert drawn.numel() > 300, "hardly any word is replaced by another word"
    assert int(drawn.min()) >= 0 and int(drawn.max()) < V, "a random id is not in the vocabulary"
    # A few special ids may be left out. Of 500 draws, one of 40 words is missing once in 8,000
    # times, and seven never are.
    count = len(drawn.unique())
    assert count >= V - 6, "some words of the vocabulary are never drawn"
    near((drawn < V // 2).float().mean().item(), 0.5, len(drawn) // 2, "words of the first half")
    old = result.ids[replaced]
    near(((drawn - old) % V < V / 2).float().mean().item(), 0.5, len(drawn) // 2, "words after")
    alike = (drawn[1:] == drawn[:-1]).float().mean().item()
    assert alike < 0.2, "neighbours get the same random word"
    result = draw(student, generator, (200, 300), V, share=1.0)
    replaced = result.selected & (result.inputs != result.ids) & (result.inputs != result.mask_id)
    pairs = replaced[1:] & replaced[:-1]
    assert int(pairs.sum()) > 100, "hardly any word is replaced by another word"
    alike = (result.inputs[1:] == result.inputs[:-1])[pairs].float().mean().item()
    assert alike < 0.2, "at one position, all texts get the same random word"


@pytest.mark.points(1)
@pytest.mark.hint("input_ids.clone() first, or torch.where and masked_fill without underscore")
def test_new_tensors(student: Any, generator: torch.Generator) -> None:
    """The ids that were given, and `special`, stay as they are."""
    ids, special = indices(generator, V, 30, 40), torch.rand(30, 40, generator=generator) < 0.2
    after = student.probe.arguments_after(
        student.masking.mask_tokens, [ids.clone(), special.clone(), 3, V]
    )
    for value, before, what in zip(
        expect.items(after, 4, "the arguments"),
        (ids, special),
        ("input_ids", "special"),
        strict=False,
    ):
        value = expect.tensor(value, before.shape, before.dtype, what)
        assert torch.equal(value, before), f"{what} is changed in place"
    result = draw(student, generator, (30, 40))
    assert not torch.equal(result.inputs, result.ids), "nothing is hidden"


@pytest.mark.points(1)
@pytest.mark.hint("pass generator=generator to every function that draws")
def test_generator(student: Any, generator: torch.Generator, worker_seed: int) -> None:
    """Generators of one seed give one masking, of another seed another; so do later calls."""
    ids, special = indices(generator, V, 30, 40), torch.zeros(30, 40, dtype=torch.bool)
    call, arguments = student.masking.mask_tokens, [ids, special, 3, V]
    first, again, other = (
        both(student.probe.with_generator(call, seed, *arguments), (30, 40))
        for seed in (worker_seed, worker_seed, worker_seed + 1)
    )
    same = [torch.equal(a, b) for a, b in zip(first, again, strict=True)]
    assert all(same), "two generators of one seed give two maskings"
    assert not torch.equal(first[1], other[1]), "the generator's seed makes no difference"
    later = expect.items(student.probe.twice_with_generator(call, worker_seed, arguments), 2)
    one, two = (both(each, (30, 40))[1] for each in later)
    assert not torch.equal(one, two), "two calls with one generator select the same positions"
    one, two = (both(call(*arguments), (30, 40))[1] for _ in range(2))
    assert not torch.equal(one, two), "without a generator, two calls select the same positions"
