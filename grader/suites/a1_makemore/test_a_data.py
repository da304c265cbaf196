"""Part a: the vocabulary, the data set, the split by name."""

import random
from typing import Any

import pytest
import torch

from grader import expect

pytestmark = pytest.mark.part("a")
LETTERS = "abcdefghijklmnopqrstuvwxyz"
ODD_LETTERS = "zyxåñ-'q"


def invent(seed: int, count: int, letters: str = LETTERS) -> list[str]:
    """Names of 1 to 12 letters, no two alike; the first uses every letter."""
    rng = random.Random(seed)
    names = {"".join(rng.sample(letters, len(letters)))}
    while len(names) < count:
        names.add("".join(rng.choices(letters, k=rng.randint(1, 12))))
    return sorted(names, key=lambda name: (-len(name), name))


def stoi_of(names: list[str]) -> dict[str, int]:
    return {char: index for index, char in enumerate([".", *sorted(set("".join(names)))])}


@pytest.mark.about("build_vocabulary")
@pytest.mark.points(3)
@pytest.mark.hint("sorted(set(''.join(names))), after '.'")
def test_vocabulary(student: Any, seed: int) -> None:
    """build_vocabulary gives END index 0 and numbers the names' characters in sorted order."""
    for letters in (LETTERS, ODD_LETTERS):
        names = invent(seed, 40, letters)
        result = student.makemore.build_vocabulary(names)
        stoi, itos = expect.items(result, 2, "build_vocabulary's result")
        right = stoi_of(names)
        inverse = {index: char for char, index in right.items()}
        for result, wanted, what in ((stoi, right, "stoi"), (itos, inverse, "itos")):
            assert isinstance(result, dict), f"{what} should be a dict"
            assert result == wanted, f"{what} should have END first, then the sorted characters"


def check_dataset(student: Any, reference: Any, names: list[str], block_size: int) -> None:
    stoi = stoi_of(names)
    result = student.makemore.build_dataset(names, stoi, block_size)
    x, y = expect.items(result, 2, "build_dataset's result")
    right_x, right_y = reference.makemore.build_dataset(names, stoi, block_size)
    y = expect.tensor(y, tuple(right_y.shape), torch.long, "y")
    x = expect.tensor(x, tuple(right_x.shape), torch.long, "x")
    assert torch.equal(y, right_y), "y should be each name's characters, then END"
    assert torch.equal(x, right_x), (
        "x should be the block_size characters before each character of y"
    )


@pytest.mark.about("build_dataset")
@pytest.mark.points(4)
@pytest.mark.hint("print the rows of one name as text: ........ -> a, .......a -> n, ...")
def test_dataset(student: Any, reference: Any, seed: int) -> None:
    """build_dataset gives every character of every name, and its END, with the 8 before it."""
    check_dataset(student, reference, invent(seed, 60), 8)


@pytest.mark.about("build_dataset")
@pytest.mark.points(2)
@pytest.mark.hint("use block_size, not 8, and the stoi that you are given")
def test_dataset_sizes(student: Any, reference: Any, seed: int) -> None:
    """build_dataset works for any block size and any vocabulary."""
    for block_size, letters in ((1, "ba"), (3, ODD_LETTERS), (16, "abcdefghijk")):
        check_dataset(student, reference, invent(seed, 20, letters), block_size)


def split(student: Any, names: list[str], *arguments: int) -> list[list[Any]]:
    result = student.makemore.split_names(list(names), *arguments)
    parts = expect.items(result, 3, "split_names' result")
    assert all(isinstance(part, list | tuple) for part in parts), "each split should be a list"
    return [list(part) for part in parts]


@pytest.mark.about("split_names")
@pytest.mark.points(2)
@pytest.mark.hint("int(0.8 * n) names, then up to int(0.9 * n), then the rest")
def test_split_sizes(student: Any, seed: int) -> None:
    """split_names puts every name into exactly one of three lists: 80, 10 and 10 percent."""
    for count in (50, 101, 999):
        names = invent(seed, count)
        parts = split(student, names)
        sizes = [int(0.8 * count), int(0.9 * count) - int(0.8 * count)]
        assert [len(part) for part in parts[:2]] == sizes, (
            f"train and dev should have {sizes[0]} and {sizes[1]} of {count} names"
        )
        assert sorted([*parts[0], *parts[1], *parts[2]]) == sorted(names), (
            "a name is missing, or in two splits"
        )


@pytest.mark.about("split_names")
@pytest.mark.points(2)
@pytest.mark.hint("random.Random(seed).shuffle of a copy")
def test_split_shuffle(student: Any, seed: int, worker_seed: int) -> None:
    """split_names shuffles as random.Random(seed) does; the default seed is 42."""
    names = invent(seed, 200)
    for arguments in ((), (7,), (worker_seed % 1000,)):
        shuffled = list(names)
        random.Random(*(arguments or (42,))).shuffle(shuffled)
        parts = split(student, names, *arguments)
        assert parts == [shuffled[:160], shuffled[160:180], shuffled[180:]], (
            "the names are not in the order that random.Random(seed).shuffle gives"
        )


@pytest.mark.about("split_names")
@pytest.mark.points(1)
@pytest.mark.hint("shuffle works in place: shuffle a copy")
def test_split_spares_its_argument(student: Any, seed: int) -> None:
    """split_names does not change the list it is given."""
    names = invent(seed, 50)
    assert len(split(student, names)[0]) == 40, "train should have 80 percent of the names"
    after = student.probe.arguments_after(student.makemore.split_names, [list(names)])
    assert expect.items(after, 1, "the arguments")[0] == names, (
        "split_names changed the list it was given"
    )
