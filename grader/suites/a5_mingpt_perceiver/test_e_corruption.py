"""Task e: span corruption. It may draw from any source of random numbers.

Each property is judged by one test; the others read items as they come. A statistic of n draws is
held to 5 standard errors: a right dataset fails one such test in about two million gradings, and
the same submission always draws the same, as the worker is seeded.
"""

import statistics
from collections.abc import Sequence
from typing import Any

import pytest
import torch

from grader import expect
from grader.suites.a5_mingpt_perceiver.corruption import (
    MASK,
    PAD,
    characters,
    dataset,
    draws,
    encode,
    invent,
    numbers,
    parse,
    string,
)

pytestmark = pytest.mark.part("e")
LONG = [300, 128, 200]  # characters, more than any block here keeps
SHORT = [40, 4, 5, 6, 7]  # of fewer than 4 characters test_tiny_documents alone is about


@pytest.mark.points(1)
@pytest.mark.hint("torch.tensor([...], dtype=torch.long), block_size - 1 of them")
def test_shapes(student: Any, seed: int) -> None:
    """x and y are long tensors of block_size - 1 numbers, or of block_size, for every document."""
    documents = invent(seed, LONG + SHORT)
    sizes = set()
    for block in (16, 32, 128):
        data = dataset(student, documents, block)
        for place in range(len(documents)):
            for name, value in zip("xy", expect.items(data[place], 2, "an item"), strict=True):
                value = expect.tensor(value, (None,), torch.long, name)
                sizes.add(block - len(value))
                assert len(value) in (block - 1, block), (
                    f"{name} should have {block - 1} numbers for a block_size of {block}, or "
                    f"{block}, and has {len(value)}"
                )
    assert len(sizes) == 1, "x and y have block_size - 1 numbers at times and block_size at others"


@pytest.mark.points(1)
@pytest.mark.hint("y[i] is x[i + 1]")
def test_shifted(student: Any, seed: int) -> None:
    """y is x one character later."""
    documents = invent(seed, LONG)
    codes = encode(documents)
    data = dataset(student, documents, 64)
    for number in range(100):
        item = data[number % len(LONG)]
        x, y = expect.items(item, 2, "an item")
        assert numbers(x, "x")[1:] == numbers(y, "y")[:-1], "y is not x one character later"
        check_characters(item, codes[number % len(LONG)])


def check_characters(item: Any, codes: Sequence[int]) -> None:
    """The characters, in any order, are those of the document's beginning: constants are not."""
    found = characters(item)
    assert found, "no character of the document is there"
    assert found == sorted(codes[: len(found)]), (
        "the indices are not those of the first characters of the document"
    )


@pytest.mark.points(1)
@pytest.mark.hint("self.stoi[char], for the document's characters, MASK and PAD alike")
def test_encoding(student: Any, seed: int) -> None:
    """Characters are encoded by stoi, and all are those of the document's beginning."""
    documents = invent(seed, LONG)
    codes = encode(documents)
    data = dataset(student, documents, 64)
    for number in range(100):
        place = number % len(documents)
        check_characters(data[place], codes[place])


@pytest.mark.points(2)
@pytest.mark.hint(
    "prefix, MASK, suffix, MASK, masked_content, PADs: in this order, block_size long"
)
def test_masks_and_pads(student: Any, seed: int) -> None:
    """The string has exactly two MASKs, and PADs at its end only."""
    documents = invent(seed, LONG + SHORT)
    codes = encode(documents)
    for block in (32, 128):
        data = dataset(student, documents, block)
        for number in range(400):
            item = data[number % len(documents)]
            whole = string(item)
            assert PAD not in whole, "a PAD stands before the string's end"
            assert whole.count(MASK) == 2, (
                f"the string should have exactly two MASKs, and has {whole.count(MASK)}"
            )
            if documents[number % len(documents)]:
                check_characters(item, codes[number % len(documents)])


@pytest.mark.points(3)
@pytest.mark.hint("the masked span stands after the second MASK, and its place is the first MASK")
def test_put_together_again(student: Any, seed: int) -> None:
    """prefix + masked_content + suffix is the document's beginning."""
    documents = invent(seed, LONG + SHORT)
    codes = encode(documents)
    for block in (32, 128):
        data = dataset(student, documents, block)
        for number in range(400):
            place = number % len(documents)
            draw = parse(data[place])
            assert draw.document == codes[place][: draw.kept], (
                "the pieces in the document's order are not the document"
            )


@pytest.mark.points(1)
@pytest.mark.hint("random.randint has both its ends, range and torch.randint leave out the last")
def test_kept_lengths(student: Any, seed: int) -> None:
    """Every length from 4 to int(block_size * 7 / 8) is kept, and no other."""
    block, longest = 128, 112
    data = dataset(student, invent(seed, LONG), block)
    # 109 lengths alike: one of them is missing in 4,000 draws once in 10**14 times.
    kept = {draw.kept for draw in draws(student, data, 0, 4000)}
    assert min(kept) >= 4, "fewer than 4 characters are kept"
    assert max(kept) <= longest, "more than int(block_size * 7 / 8) characters are kept"
    assert kept == set(range(4, longest + 1)), "some lengths never occur"


@pytest.mark.points(1)
@pytest.mark.hint("random.randint(4, int(block_size * 7 / 8)): one draw, and nothing done to it")
def test_kept_lengths_are_alike(student: Any, seed: int) -> None:
    """Of a long document, short and long pieces are kept equally often."""
    count, low, high = 4000, 4, 112
    data = dataset(student, invent(seed, LONG), 128)
    kept = [draw.kept for draw in draws(student, data, 0, count)]
    # A whole number drawn evenly from `width` has the deviation sqrt((width ** 2 - 1) / 12).
    width = high - low + 1
    error = ((width**2 - 1) / 12 / count) ** 0.5
    assert abs(statistics.mean(kept) - (low + high) / 2) <= 5 * error, (
        "the mean of the kept lengths is not that of lengths that are all equally likely"
    )
    # The mean alone would be right for lengths that are nearly always the middle, or the two ends.
    for quarter in range(4):
        first, last = low + quarter * width // 4, low + (quarter + 1) * width // 4
        share, expected = sum(first <= k < last for k in kept) / count, (last - first) / width
        error = (expected * (1 - expected) / count) ** 0.5
        assert abs(share - expected) <= 5 * error, "some lengths are kept more often than others"


@pytest.mark.points(1)
@pytest.mark.hint("a slice of a string that is too short is all of it")
def test_kept_of_short_documents(student: Any, seed: int) -> None:
    """Of a document that is shorter than the block, up to all is kept, and at least 4."""
    data = dataset(student, invent(seed, [40, 6]), 128)
    kept = {draw.kept for draw in draws(student, data, 0, 1500)}
    assert kept == set(range(4, 41)), "of 40 characters 4 to 40 should be kept"
    kept = {draw.kept for draw in draws(student, data, 1, 1500)}
    assert kept == {4, 5, 6}, "of 6 characters 4 to 6 should be kept"


@pytest.mark.points(2)
@pytest.mark.hint(
    "the span's length is random, its mean a quarter of what was kept of the document"
)
def test_masked_share(student: Any, seed: int) -> None:
    """On average a quarter of what is kept is masked, of short and of long pieces."""
    data = dataset(student, invent(seed, LONG), 128)
    found = [(draw.kept, len(draw.content)) for draw in draws(student, data, 1, 4000)]
    for low, high in ((4, 112), (30, 70), (71, 112)):
        check_a_quarter([(kept, masked) for kept, masked in found if low <= kept <= high])


def check_a_quarter(found: list[tuple[int, int]]) -> None:
    """(kept, masked) pairs in which a quarter of what was kept is masked on average."""
    excess = [masked - kept / 4 for kept, masked in found]
    assert len(excess) > 100, "some lengths hardly ever occur"
    # Lengths are whole numbers, and may be rounded up or down: one character is allowed.
    allowed = 1 + 5 * statistics.stdev(excess) / len(excess) ** 0.5
    assert statistics.mean(excess) > -allowed, "less than a quarter is masked on average"
    assert statistics.mean(excess) < allowed, "more than a quarter is masked on average"


@pytest.mark.points(2)
@pytest.mark.hint(
    "draw the span's length and place from len(document) after it was cut, not from the number of "
    "characters that it was to be cut to: a short document does not have so many"
)
def test_spans_of_short_documents(student: Any, seed: int) -> None:
    """Of documents shorter than the block a quarter is masked too, and spans are seldom empty."""
    documents = invent(seed, [24])
    data, codes = dataset(student, documents, 128), encode(documents)[0]
    found = []
    for draw in draws(student, data, 0, 2000):
        # One masked character of two that are always the same is a quarter but for rounding.
        assert sorted(draw.document) == sorted(codes[: draw.kept]), (
            "the indices are not those of the first characters of the document"
        )
        found.append((draw.kept, len(draw.content)))
    # From a length drawn up to 112, 35 to 47 % of the spans lie behind the document's end, in whole
    # or in part. Drawn from the document's own, at most 8 % are empty: a quarter of 24 is 6.
    empty = sum(masked == 0 for _, masked in found) / len(found)
    assert empty < 0.2, "of documents shorter than the block, too many spans are empty"
    check_a_quarter(found)


@pytest.mark.points(1)
@pytest.mark.hint("a length of a quarter each time has the right mean, and teaches less")
def test_length_varies(student: Any, seed: int) -> None:
    """The masked span's length varies, for pieces of one length too."""
    data = dataset(student, invent(seed, LONG), 64)
    found = [draw for draw in draws(student, data, 2, 3000) if draw.kept >= 20]
    for length in (24, 40, 56):
        spans = {len(draw.content) for draw in found if draw.kept == length}
        assert len(spans) > 2, "the span's length does not vary"


@pytest.mark.points(1)
@pytest.mark.hint("random.randint(0, len(document) - span): every place at which the span fits")
def test_place_varies(student: Any, seed: int) -> None:
    """The masked span lies anywhere in what is kept, from its beginning to its end."""
    data = dataset(student, invent(seed, LONG), 64)
    found = [draw for draw in draws(student, data, 2, 3000) if draw.kept >= 20]
    places = [
        len(draw.prefix) / (draw.kept - len(draw.content))
        for draw in found
        if draw.content and draw.kept > len(draw.content)
    ]
    assert len(places) > 500, "nearly every span is empty, or all of the document"
    # Of places all equally likely, each third has a third, and 0.24 at the very least (5 standard
    # errors of 500). Other distributions are right as well, if no third is nearly empty.
    for low, what in ((0, "near the beginning"), (1 / 3, "in the middle"), (2 / 3, "near the end")):
        share = sum(low <= place <= low + 1 / 3 for place in places) / len(places)
        assert share > 0.12, f"the span is hardly ever {what} of what was kept"


@pytest.mark.points(1)
@pytest.mark.hint("nothing random in __init__, no seed in __getitem__")
def test_fresh(student: Any, seed: int) -> None:
    """The same document is corrupted anew each time."""
    documents = invent(seed, LONG)
    data = dataset(student, documents, 128)
    items = [data[0] for _ in range(20)]
    strings = {tuple(string(item)) for item in items}
    assert len(strings) > 10, "one document gives the same string again and again"
    for item in items:
        check_characters(item, encode(documents)[0])


@pytest.mark.points(2)
@pytest.mark.hint("what is a quarter of 3 characters, and of none?")
def test_tiny_documents(student: Any, seed: int) -> None:
    """Documents of fewer than 4 characters, empty ones too, take part without an error."""
    documents = ["", *invent(seed, [1, 2, 3, 4]), "", *invent(seed, [24])]
    codes = encode(documents)
    data = dataset(student, documents, 32)
    assert expect.whole(len(data), "the dataset's length") == len(documents)
    for number in range(300):
        place = number % len(documents)
        if place == len(documents) - 1:
            continue  # it is there for `dataset`, which wants something to be masked
        # In the document's order or in another: whether it can be put together is asked above.
        assert sorted(parse(data[place]).document) == sorted(codes[place]), (
            "a short document is not wholly there"
        )
