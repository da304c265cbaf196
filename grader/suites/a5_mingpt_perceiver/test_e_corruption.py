"""Part e: span corruption, from any source of random numbers.

Each property is checked by one test; the others read items as they are. A statistic of n draws must
be within 5 standard errors: a correct dataset fails one such test in about two million gradings,
and the same submission always draws the same, because the worker is seeded.
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
    Item,
    characters,
    dataset,
    draws,
    encode,
    fetch,
    invent,
    parse,
    string,
)

pytestmark = [pytest.mark.part("e"), pytest.mark.about("CharCorruptionDataset.__getitem__")]
LONG = [300, 128, 200]  # characters, more than any block here keeps
SHORT = [40, 4, 5, 6, 7]  # only test_tiny_documents has fewer than 4 characters


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
                    f"{name} should have {block - 1} or {block} numbers for a block_size of "
                    f"{block}; it has {len(value)}"
                )
    assert len(sizes) == 1, (
        "x and y should always have block_size - 1 numbers, or always block_size"
    )


@pytest.mark.points(1)
@pytest.mark.hint("y[i] is x[i + 1]")
def test_shifted(student: Any, seed: int) -> None:
    """y is x one character later."""
    documents = invent(seed, LONG)
    codes = encode(documents)
    data = dataset(student, documents, 64)
    places = in_turn(documents, 100)
    for place, (x, y) in zip(places, fetch(student, data, places), strict=True):
        assert x[1:] == y[:-1], "y is not x one character later"
        check_characters((x, y), codes[place])


def in_turn(documents: Sequence[str], count: int) -> list[int]:
    """The numbers of the documents, again and again."""
    return [number % len(documents) for number in range(count)]


def check_characters(item: Item, codes: Sequence[int]) -> None:
    """Checks that the characters, in any order, are those of the document's beginning."""
    indices = characters(item)
    assert indices, "the item has no character of the document"
    assert indices == sorted(codes[: len(indices)]), (
        "the indices are not those of the first characters of the document"
    )


@pytest.mark.points(1)
@pytest.mark.hint("self.stoi[char], for the document's characters, MASK and PAD alike")
def test_encoding(student: Any, seed: int) -> None:
    """Characters are encoded by stoi, and all come from the document's beginning."""
    documents = invent(seed, LONG)
    codes = encode(documents)
    data = dataset(student, documents, 64)
    places = in_turn(documents, 100)
    for place, item in zip(places, fetch(student, data, places), strict=True):
        check_characters(item, codes[place])


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
        places = in_turn(documents, 400)
        for place, item in zip(places, fetch(student, data, places), strict=True):
            whole = string(item)
            assert PAD not in whole, "a PAD comes before the string's end"
            assert whole.count(MASK) == 2, (
                f"the string should have exactly two MASKs; it has {whole.count(MASK)}"
            )
            check_characters(item, codes[place])


@pytest.mark.points(3)
@pytest.mark.hint("the masked span comes after the second MASK; the first MASK marks its place")
def test_put_together_again(student: Any, seed: int) -> None:
    """prefix + masked_content + suffix is the document's beginning."""
    documents = invent(seed, LONG + SHORT)
    codes = encode(documents)
    for block in (32, 128):
        data = dataset(student, documents, block)
        places = in_turn(documents, 400)
        for place, item in zip(places, fetch(student, data, places), strict=True):
            draw = parse(item)
            assert draw.document == codes[place][: draw.kept], (
                "prefix + masked_content + suffix is not the document's beginning"
            )


@pytest.mark.points(1)
@pytest.mark.hint("random.randint includes both ends; range and torch.randint leave out the last")
def test_kept_lengths(student: Any, seed: int) -> None:
    """The kept lengths are exactly those from 4 to int(block_size * 7 / 8)."""
    block, longest = 128, 112
    data = dataset(student, invent(seed, LONG), block)
    # Of 109 equally likely lengths, 4,000 draws miss one once in 10**14 times.
    lengths = {draw.kept for draw in draws(student, data, 0, 4000)}
    assert min(lengths) >= 4, "fewer than 4 characters are kept"
    assert max(lengths) <= longest, "more than int(block_size * 7 / 8) characters are kept"
    assert lengths == set(range(4, longest + 1)), "some lengths never occur"


@pytest.mark.points(1)
@pytest.mark.hint("random.randint(4, int(block_size * 7 / 8)): one draw, used unchanged")
def test_kept_lengths_are_alike(student: Any, seed: int) -> None:
    """From a long document, short and long pieces are kept equally often."""
    count, low, high = 4000, 4, 112
    data = dataset(student, invent(seed, LONG), 128)
    lengths = [draw.kept for draw in draws(student, data, 0, count)]
    # A whole number drawn evenly from `width` has the deviation sqrt((width ** 2 - 1) / 12).
    width = high - low + 1
    error = ((width**2 - 1) / 12 / count) ** 0.5
    assert abs(statistics.mean(lengths) - (low + high) / 2) <= 5 * error, (
        "the mean of the kept lengths is not that of equally likely lengths"
    )
    # The mean alone would be right for lengths that are nearly always in the middle or at the ends.
    for quarter in range(4):
        first, last = low + quarter * width // 4, low + (quarter + 1) * width // 4
        share, expected = sum(first <= k < last for k in lengths) / count, (last - first) / width
        error = (expected * (1 - expected) / count) ** 0.5
        assert abs(share - expected) <= 5 * error, "some lengths are kept more often than others"


@pytest.mark.points(1)
@pytest.mark.hint("a slice longer than the string gives all of it")
def test_kept_of_short_documents(student: Any, seed: int) -> None:
    """From a document shorter than the block, 4 characters up to all of them are kept."""
    data = dataset(student, invent(seed, [40, 6]), 128)
    lengths = {draw.kept for draw in draws(student, data, 0, 1500)}
    assert lengths == set(range(4, 41)), (
        "of 40 characters, every number from 4 to 40 should be kept"
    )
    lengths = {draw.kept for draw in draws(student, data, 1, 1500)}
    assert lengths == {4, 5, 6}, "of 6 characters, every number from 4 to 6 should be kept"


@pytest.mark.points(2)
@pytest.mark.hint("the span's length is random; its mean is a quarter of the kept length")
def test_masked_share(student: Any, seed: int) -> None:
    """On average a quarter of the kept characters is masked, in short and in long pieces."""
    data = dataset(student, invent(seed, LONG), 128)
    pairs = [(draw.kept, len(draw.content)) for draw in draws(student, data, 1, 4000)]
    for low, high in ((4, 112), (30, 70), (71, 112)):
        check_a_quarter([(kept, masked) for kept, masked in pairs if low <= kept <= high])


def check_a_quarter(pairs: list[tuple[int, int]]) -> None:
    """Checks (kept, masked) pairs: on average a quarter of the kept characters is masked."""
    excess = [masked - kept / 4 for kept, masked in pairs]
    assert len(excess) > 100, "some lengths hardly ever occur"
    # Lengths are whole numbers, and may be rounded up or down: half a character is allowed.
    allowed = 0.5 + 5 * statistics.stdev(excess) / len(excess) ** 0.5
    assert statistics.mean(excess) > -allowed, "less than a quarter is masked on average"
    assert statistics.mean(excess) < allowed, "more than a quarter is masked on average"


@pytest.mark.points(2)
@pytest.mark.hint(
    "draw the span's length and place from len(document) after cutting it, not from the length "
    "that you drew to cut it to: a short document has fewer characters"
)
def test_spans_of_short_documents(student: Any, seed: int) -> None:
    """In documents shorter than the block a quarter is masked too, and few spans are empty."""
    documents = invent(seed, [24])
    data, codes = dataset(student, documents, 128), encode(documents)[0]
    pairs = []
    for draw in draws(student, data, 0, 2000):
        # Always masking one of the same two characters would pass as a quarter, with rounding.
        assert sorted(draw.document) == sorted(codes[: draw.kept]), (
            "the indices are not those of the first characters of the document"
        )
        pairs.append((draw.kept, len(draw.content)))
    # With a length drawn up to 112, 35 to 47 % of the spans lie wholly or partly past the end of
    # the document. With the document's own, at most 8 % are empty: a quarter of 24 is 6.
    empty = sum(masked == 0 for _, masked in pairs) / len(pairs)
    assert empty < 0.2, "in documents shorter than the block, too many spans are empty"
    check_a_quarter(pairs)


@pytest.mark.points(1)
@pytest.mark.hint("masking exactly a quarter each time has the right mean, but teaches less")
def test_length_varies(student: Any, seed: int) -> None:
    """The masked span's length varies, even for pieces of one length."""
    data = dataset(student, invent(seed, LONG), 64)
    long = [draw for draw in draws(student, data, 2, 3000) if draw.kept >= 20]
    for length in (24, 40, 56):
        spans = {len(draw.content) for draw in long if draw.kept == length}
        assert len(spans) > 2, "the span's length does not vary"


@pytest.mark.points(1)
@pytest.mark.hint("random.randint(0, len(document) - span): every place at which the span fits")
def test_place_varies(student: Any, seed: int) -> None:
    """The masked span lies anywhere in the kept text, from its beginning to its end."""
    data = dataset(student, invent(seed, LONG), 64)
    long = [draw for draw in draws(student, data, 2, 3000) if draw.kept >= 20]
    places = [
        len(draw.prefix) / (draw.kept - len(draw.content))
        for draw in long
        if draw.content and draw.kept > len(draw.content)
    ]
    assert len(places) > 500, "nearly every span is empty, or is the whole document"
    # If all places are equally likely, each third has a third, and at least 0.24 (5 standard
    # errors of 500). Other distributions are right as well, if no third is nearly empty.
    for low, what in ((0, "near the beginning"), (1 / 3, "in the middle"), (2 / 3, "near the end")):
        share = sum(low <= place <= low + 1 / 3 for place in places) / len(places)
        assert share > 0.12, f"the span is hardly ever {what} of the kept text"


@pytest.mark.points(1)
@pytest.mark.hint("draw nothing in __init__, and set no seed in __getitem__")
def test_fresh(student: Any, seed: int) -> None:
    """The same document is corrupted differently each time."""
    documents = invent(seed, LONG)
    data = dataset(student, documents, 128)
    items = list(fetch(student, data, [0] * 20))
    strings = {tuple(string(item)) for item in items}
    assert len(strings) > 10, "one document gives the same string again and again"
    for item in items:
        check_characters(item, encode(documents)[0])


@pytest.mark.points(2)
@pytest.mark.hint("what is a quarter of 3 characters, and of none?")
def test_tiny_documents(student: Any, seed: int) -> None:
    """Documents of fewer than 4 characters, even empty ones, cause no error."""
    documents = ["", *invent(seed, [1, 2, 3, 4]), "", *invent(seed, [24])]
    codes = encode(documents)
    data = dataset(student, documents, 32)
    assert expect.whole(len(data), "the dataset's length") == len(documents)
    places = in_turn(documents[:-1], 300)  # the last is for `dataset`, which wants a mask
    for place, item in zip(places, fetch(student, data, places), strict=True):
        # In any order: test_put_together_again checks the order.
        assert sorted(parse(item).document) == sorted(codes[place]), (
            "a short document should be kept whole"
        )
