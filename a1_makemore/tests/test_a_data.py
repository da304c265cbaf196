"""Part a: the vocabulary, the data set, the split by name."""

import pytest
import torch

pytestmark = pytest.mark.part("a")
NAMES = ["ab", "b"]


@pytest.mark.points(1)
@pytest.mark.hint("'.' is 0, then the sorted characters")
def test_vocabulary(student):
    """The vocabulary of `cab` is `.abc`."""
    stoi, itos = student.makemore.build_vocabulary(["cab"])
    assert stoi == {".": 0, "a": 1, "b": 2, "c": 3}, f"stoi is {stoi}"
    assert itos == {0: ".", 1: "a", 2: "b", 3: "c"}, f"itos is {itos}"


@pytest.mark.points(2)
@pytest.mark.hint("one row for each character, and one for the end of the name")
def test_dataset(student):
    """`ab` and `b` with a context of 3, worked out by hand."""
    x, y = student.makemore.build_dataset(NAMES, {".": 0, "a": 1, "b": 2}, 3)
    rows = [[0, 0, 0], [0, 0, 1], [0, 1, 2], [0, 0, 0], [0, 0, 2]]
    assert x.dtype == y.dtype == torch.long, f"the dtypes are {x.dtype} and {y.dtype}"
    assert x.tolist() == rows, f"x is {x.tolist()}"
    assert y.tolist() == [1, 2, 0, 2, 0], f"y is {y.tolist()}"


@pytest.mark.points(1)
@pytest.mark.hint("shuffle a copy, cut at int(0.8 * n) and int(0.9 * n)")
def test_split(student):
    """split_names shuffles ten names into splits of 8, 1 and 1, and does not change its list."""
    names = list("abcdefghij")
    train, dev, test = student.makemore.split_names(names)
    assert names == list("abcdefghij"), "the list of names has changed"
    assert (len(train), len(dev), len(test)) == (8, 1, 1), "the sizes should be 8, 1 and 1"
    assert sorted([*train, *dev, *test]) == names, "a name is missing, or in two splits"
    assert [*train, *dev, *test] == list("hdcifgjeab"), f"the order is {[*train, *dev, *test]}"
