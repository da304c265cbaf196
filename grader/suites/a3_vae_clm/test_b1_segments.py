"""Part b: a text cut into segments, and segments as one matrix."""

from typing import Any

import pytest
import torch
from torch import Tensor

from grader import expect
from grader.random_inputs import indices
from grader.suites.a3_vae_clm.models import END, PAD, V, distributions, real, words
from grader.suites.a3_vae_clm.variants import expect_right

pytestmark = pytest.mark.part("b")
SPLIT, PADDED = "what split returns", "what pad_segments returns"
LENGTHS = ([3, 5, 2], [4], [2, 2], [1, 6, 6, 3], [1])  # of segments, their ends included


def split(student: Any, codes: list[int], separator: int, width: int) -> list[list[int]]:
    """The result of split: a list of lists of whole numbers."""
    found = expect.plain(student.segments.split(codes, separator, width), SPLIT)
    return [[expect.whole(c) for c in expect.plain(each, "a segment")] for each in found]


def cut(codes: list[int], separator: int, width: int) -> list[list[int]]:
    """The right segments: each goes up to the first separator, or to `width` characters."""
    if not codes:
        return []
    first = codes[:width]
    size = first.index(separator) + 1 if separator in first else len(first)
    return [first[:size], *cut(codes[size:], separator, width)]


def check_split(student: Any, codes: list[int], separator: int, width: int) -> None:
    """Compares a split with its definition, one condition after the other."""
    found = split(student, codes, separator, width)
    joined = [code for each in found for code in each]
    assert joined == codes, "joined, the segments are not the text"
    assert all(found), "a segment is empty"
    longest = max(map(len, found), default=0)
    assert longest <= width, "a segment has more than `width` characters"
    inside = any(separator in each[:-1] for each in found)
    assert not inside, "a segment goes on after the separator"
    early = [each for each in found[:-1] if each[-1] != separator and len(each) < width]
    assert not early, "a segment ends too early: neither with the separator nor at `width`"
    assert found == cut(codes, separator, width), "the text is cut at wrong places"


@pytest.mark.about("split")
@pytest.mark.points(2)
@pytest.mark.hint("one pass: a segment ends after a separator or at `width` characters")
def test_split(student: Any, generator: torch.Generator) -> None:
    """Each segment ends after a separator, at `width` characters or with the text; none is lost."""
    check_split(student, [1, 2, 0, 3, 4, 5, 0, 6], 0, 20)
    for separator, width, length in ((0, 4, 30), (2, 3, 25), (1, 20, 40), (3, 2, 17), (0, 5, 12)):
        check_split(student, indices(generator, 5, length).tolist(), separator, width)


@pytest.mark.about("split")
@pytest.mark.points(1)
@pytest.mark.hint("think of no text, two separators in a row, a width of 1, and a word of `width`")
def test_split_edges(student: Any) -> None:
    """Texts without a separator, with nothing else, of no characters, and words of `width`."""
    for codes, separator, width in (
        ([], 0, 5),
        ([3], 0, 5),
        ([0], 0, 5),
        ([0, 0, 0], 0, 5),
        ([0, 1, 0, 0, 2], 0, 3),
        ([1, 2, 3, 4, 5], 0, 2),
        ([1, 2, 3, 0, 4], 0, 3),
        ([1, 2, 0, 3, 4, 5], 0, 3),
        ([1, 0, 2, 2, 0], 0, 1),
        ([1, 2, 3], 0, 3),
        ([1, 2, 1, 2, 0], 2, 9),
    ):
        check_split(student, codes, separator, width)
    codes = [1, 2, 0, 3]
    after = expect.items(student.probe.arguments_after(student.segments.split, [codes, 0, 3]), 3)
    assert after[0] == codes, "split changes the text that it is given"


def padded(segments: list[list[int]]) -> Tensor:
    """The right matrix, row by row."""
    longest = max(map(len, segments)) + 1
    matrix = torch.full((len(segments), longest), PAD)
    for row, each in zip(matrix, segments, strict=True):
        row[: len(each) + 1] = torch.tensor([*each, END])
    return matrix


@pytest.mark.about("pad_segments")
@pytest.mark.points(2)
@pytest.mark.hint("segment + [end] + [pad] * n in a new list; lengths are len(segment) + 1")
def test_pad_segments(student: Any, generator: torch.Generator) -> None:
    """Each row is a segment, `end`, then `pad`; lengths count the end; the segments stay."""
    for lengths in ([3, 5, 1], [4], [1, 1], [1, 6, 2, 6], [2, 3]):
        segments = [indices(generator, END, n).tolist() for n in lengths]
        result = student.segments.pad_segments(segments, END, PAD)
        codes, counts = expect.items(result, 2, PADDED)
        right = torch.tensor(lengths) + 1
        counts = expect.tensor(counts, right.shape, torch.int64, "lengths")
        assert not torch.equal(counts, right - 1), "lengths do not count the end"
        assert torch.equal(counts, right), "lengths are wrong"
        matrix = padded(segments)
        codes = expect.tensor(codes, matrix.shape, torch.int64, "codes")
        mask = real(right.tolist())
        assert (codes[~mask] == PAD).all(), "something else than `pad` follows a segment's end"
        ends = codes[torch.arange(len(right)), right - 1]
        assert (ends == END).all(), "`end` does not stand right after a segment's last character"
        assert torch.equal(codes, matrix), "a row does not begin with its segment, in their order"
    after = student.probe.arguments_after(student.segments.pad_segments, [segments, END, PAD])
    after = expect.items(after, 3, "the arguments")
    assert after[0] == segments, "pad_segments changes the segments that it is given"


def sums(log_probs: Tensor, codes: Tensor, lengths: list[int]) -> Tensor:
    """The log-probability of each segment, symbol by symbol."""
    totals = [
        sum(log_probs[s, place, codes[s, place]].item() for place in range(length))
        for s, length in enumerate(lengths)
    ]
    return torch.tensor(totals)


@pytest.mark.about("segment_log_probs")
@pytest.mark.points(1)
@pytest.mark.hint("gather each place's code, then sum over the real places: the end is one of them")
def test_segment_log_probs(student: Any, generator: torch.Generator) -> None:
    """A segment's log-probability is the sum of its symbols', and of its end's."""
    for lengths in LENGTHS:
        codes = words(generator, lengths).clamp(max=V - 1)  # every code has a column
        x = distributions(generator, *codes.shape, V)
        right = sums(x, codes, lengths)
        full = [codes.size(1)] * len(lengths)
        counts = torch.tensor(lengths)
        wrong = {
            "what follows a segment's end counts, too": sums(x, codes, full),
            "the end is not counted": sums(x, codes, [n - 1 for n in lengths]),
            "it is the mean over the places, not their sum": right / counts,
            "the sign is wrong": -right,
            "the largest log-probability of each place counts": (
                (x.amax(2) * real(lengths)).sum(1)
            ),
            "the first place is not counted": right - x[:, 0].gather(1, codes[:, :1])[:, 0],
            "it is the sum over all symbols": (x.sum(2) * real(lengths)).sum(1),
        }
        found = student.segments.segment_log_probs(x, codes, counts)
        expect_right(found, right, wrong, "what segment_log_probs returns")


@pytest.mark.about("segment_log_probs")
@pytest.mark.points(1)
@pytest.mark.hint("put a valid code at pads before gather; nan times 0 is nan, masked_fill is safe")
def test_segment_log_probs_beyond_the_end(student: Any, generator: torch.Generator) -> None:
    """Pads beyond V and nan beyond a segment's end change neither the sum nor the gradient."""
    function = student.segments.segment_log_probs
    for lengths in ([3, 5, 2], [1, 4], [2, 2]):
        codes = words(generator, lengths, max(lengths) + 1)
        mask = real(lengths, max(lengths) + 1)
        for junk in (0.0, float("nan"), -float("inf"), 1e30):
            x = distributions(generator, *codes.shape, V).masked_fill(~mask[..., None], junk)
            arguments = [x, codes, torch.tensor(lengths)]
            what = f"with {junk:g} beyond the end, the result"
            expect.close(function(*arguments), sums(x, codes, lengths), what)
            gradients = expect.items(student.probe.argument_gradients(function, arguments, [0]), 1)
            what = f"the gradient of log_probs, {what.removesuffix(', the result')}"
            found = expect.tensor(gradients[0], x.shape, "float", what)
            check_gradient(found, x, codes, mask, what)


def check_gradient(found: Tensor, x: Tensor, codes: Tensor, mask: Tensor, what: str) -> None:
    """Compares the gradient of the sum by x, (S, L, V), as the network's logits get it.

    That is, after log_softmax: cross_entropy takes it once more, which changes the gradient of x
    and not theirs. Beyond the end it is 0, or counts nothing where nan or infinity stands there.
    """
    right = torch.nn.functional.one_hot(codes.clamp(max=V - 1), V).float()
    of_logits = [each - x.exp() * each.sum(-1, keepdim=True) for each in (found, right)]
    expect.close(of_logits[0][mask], of_logits[1][mask], what)
    if x.isfinite().all():
        expect.close(found[~mask], torch.zeros_like(found[~mask]), what)
