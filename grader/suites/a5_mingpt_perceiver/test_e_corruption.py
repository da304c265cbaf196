"""Task e: span corruption. It may draw from any source of random numbers.

A statistic of n draws is held to 5 standard errors: a right dataset fails one such test in about
two million gradings, and the same submission always draws the same, as the worker is seeded.
"""

import statistics

import pytest

from grader import expect
from grader.suites.a5_mingpt_perceiver.corruption import (
    MASK,
    PAD,
    dataset,
    draws,
    encode,
    invent,
    pair,
    parse,
    string,
)

pytestmark = pytest.mark.part("e")
LONG = [300, 128, 200]  # characters, more than any block here keeps
SHORT = [40, 0, 1, 2, 3, 4, 5]


@pytest.mark.points(1)
@pytest.mark.hint("torch.tensor([...], dtype=torch.long), block_size - 1 of them")
def test_shapes(student, seed):
    """x and y are long tensors of shape (block_size - 1,), for every block size and document."""
    documents = invent(seed, LONG + SHORT)
    for block in (16, 32, 128):
        data = dataset(student, documents, block)
        for place in range(len(documents)):
            pair(data[place], block)


@pytest.mark.points(2)
@pytest.mark.hint("y[i] is x[i + 1]")
def test_shifted(student, seed):
    """y is x one character later."""
    data = dataset(student, invent(seed, LONG), 64)
    for number in range(100):
        string(data[number % len(LONG)], 64)


@pytest.mark.points(2)
@pytest.mark.hint("self.stoi[char], for the document's characters, MASK and PAD alike")
def test_encoding(student, seed):
    """Characters are encoded by stoi, and all are those of the document's beginning."""
    documents = invent(seed, LONG)
    codes = encode(documents)
    data = dataset(student, documents, 64)
    for number in range(100):
        place = number % len(documents)
        x, y = pair(data[place], 64)
        found = sorted(code for code in [int(x[0]), *y.tolist()] if code not in (PAD, MASK))
        assert found == sorted(codes[place][: len(found)]), (
            "the indices are not those of the first characters of the document"
        )


@pytest.mark.points(2)
@pytest.mark.hint(
    "prefix, MASK, suffix, MASK, masked_content, PADs: in this order, block_size long"
)
def test_masks_and_pads(student, seed):
    """The string has exactly two MASKs, and PADs at its end only."""
    documents = invent(seed, LONG + SHORT)
    for block in (24, 128):
        data = dataset(student, documents, block)
        for number in range(400):
            parse(data[number % len(documents)], block)


@pytest.mark.points(3)
@pytest.mark.hint("the masked span stands after the second MASK, and its place is the first MASK")
def test_put_together_again(student, seed):
    """prefix + masked_content + suffix is the document's beginning."""
    documents = invent(seed, LONG + SHORT)
    codes = encode(documents)
    for block in (24, 128):
        data = dataset(student, documents, block)
        for number in range(400):
            place = number % len(documents)
            draw = parse(data[place], block)
            assert draw.document == codes[place][: draw.kept], (
                "the pieces in the document's order are not the document"
            )


@pytest.mark.points(2)
@pytest.mark.hint("random.randint has both its ends, range and torch.randint leave out the last")
def test_kept_lengths(student, seed):
    """Every length from 4 to int(block_size * 7 / 8) is kept, and no other."""
    block, longest = 128, 112
    data = dataset(student, invent(seed, LONG), block)
    # 109 lengths alike: one of them is missing in 4,000 draws once in 10**14 times.
    kept = {draw.kept for draw in draws(student, data, 0, 4000, block)}
    assert min(kept) >= 4, "fewer than 4 characters are kept"
    assert max(kept) <= longest, "more than int(block_size * 7 / 8) characters are kept"
    assert kept == set(range(4, longest + 1)), "some lengths never occur"


@pytest.mark.points(1)
@pytest.mark.hint("a slice of a string that is too short is all of it")
def test_kept_of_short_documents(student, seed):
    """Of a document that is shorter than the block, up to all is kept, and at least 4."""
    data = dataset(student, invent(seed, [40, 6]), 128)
    kept = {draw.kept for draw in draws(student, data, 0, 1500, 128)}
    assert kept == set(range(4, 41)), "of 40 characters 4 to 40 should be kept"
    kept = {draw.kept for draw in draws(student, data, 1, 1500, 128)}
    assert kept == {4, 5, 6}, "of 6 characters 4 to 6 should be kept"


@pytest.mark.points(2)
@pytest.mark.hint(
    "the span's length is random, its mean a quarter of what was kept of the document"
)
def test_masked_share(student, seed):
    """On average a quarter of what is kept is masked, of short and of long pieces."""
    data = dataset(student, invent(seed, LONG), 128)
    found = [(draw.kept, len(draw.content)) for draw in draws(student, data, 1, 4000, 128)]
    for low, high in ((4, 112), (30, 70), (71, 112)):
        excess = [masked - kept / 4 for kept, masked in found if low <= kept <= high]
        assert len(excess) > 100, "some lengths hardly ever occur"
        # Lengths are whole numbers, and may be rounded up or down: one character is allowed.
        allowed = 1 + 5 * statistics.stdev(excess) / len(excess) ** 0.5
        assert statistics.mean(excess) > -allowed, "less than a quarter is masked on average"
        assert statistics.mean(excess) < allowed, "more than a quarter is masked on average"


@pytest.mark.points(2)
@pytest.mark.hint("a length of a quarter each time has the right mean, and teaches less")
def test_varies(student, seed):
    """The masked span's length and place both vary, for pieces of one length too."""
    data = dataset(student, invent(seed, LONG), 64)
    found = [draw for draw in draws(student, data, 2, 3000, 64) if draw.kept >= 20]
    assert len(found) > 300, "pieces of 20 and more characters hardly ever occur"
    for length in (24, 40, 56):
        alike = [draw for draw in found if draw.kept == length]
        assert len({len(draw.content) for draw in alike}) > 2, "the span's length does not vary"
        assert len({len(draw.prefix) for draw in alike}) > 5, "the span's place does not vary"
    places = [len(draw.prefix) / (draw.kept - len(draw.content)) for draw in found if draw.suffix]
    assert len(places) > 200, "the span is nearly always at the end"
    assert min(places) < 0.25, "the span is never near the beginning"
    assert max(places) > 0.75, "the span is never near the end"


@pytest.mark.points(1)
@pytest.mark.hint("nothing random in __init__, no seed in __getitem__")
def test_fresh(student, seed):
    """The same document is corrupted anew each time."""
    data = dataset(student, invent(seed, LONG), 128)
    strings = [tuple(string(data[0], 128)) for _ in range(20)]
    assert len(set(strings)) > 10, "one document gives the same string again and again"


@pytest.mark.points(2)
@pytest.mark.hint("what is a quarter of 3 characters, and of none?")
def test_tiny_documents(student, seed):
    """Documents of fewer than 4 characters, empty ones too, take part without an error."""
    documents = ["", *invent(seed, [1, 2, 3, 4]), ""]
    codes = encode(documents)
    data = dataset(student, documents, 32)
    assert expect.whole(len(data), "the dataset's length") == len(documents)
    for number in range(300):
        place = number % len(documents)
        draw = parse(data[place], 32)
        assert draw.document == codes[place], "a short document is not wholly there"
