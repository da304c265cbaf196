"""Part e: span corruption."""

import pytest
import torch

pytestmark = pytest.mark.part("e")
BLOCK = 32
TEXT = "Kelomi was a painter born in Rome.\nabcdefghijklmnopqrstuvwxyz\n\nab"
LONGEST = 28  # int(32 * 7 / 8)


def draw(student, place):
    """One item: x, y, and the string of its characters."""
    data = student.dataset.CharCorruptionDataset(TEXT, BLOCK)
    x, y = data[place]
    return x, y, "".join(data.itos[int(index)] for index in [*x, y[-1]])


@pytest.mark.points(1)
@pytest.mark.hint("torch.tensor([...], dtype=torch.long), block_size - 1 of them")
def test_tensors(student):
    """x and y are long tensors of block_size - 1 (or block_size) indices, y one character later."""
    for place in range(4):
        x, y, _ = draw(student, place)
        for name, item in (("x", x), ("y", y)):
            assert item.shape in ((BLOCK - 1,), (BLOCK,)), f"{name} has shape {tuple(item.shape)}"
            assert item.dtype == torch.long, f"{name} has dtype {item.dtype}"
        assert torch.equal(x[1:], y[:-1]), f"x is {x.tolist()} and y is {y.tolist()}"


@pytest.mark.points(2)
@pytest.mark.hint("print some items: prefix MASK suffix MASK masked_content PAD PAD ...")
def test_put_together_again(student):
    """The three pieces, put in the document's order, are the document's beginning."""
    for place, document in enumerate(TEXT.split("\n")):
        for _ in range(50):
            _, _, text = draw(student, place)
            pieces = text.rstrip("\u25a1").split("\u2047")
            assert len(pieces) == 3, f"{text!r} should have two MASKs, and PADs only at its end"
            prefix, suffix, content = pieces
            whole = prefix + content + suffix
            assert document.startswith(whole), (
                f"{text!r} gives {whole!r}, not the document's beginning"
            )


@pytest.mark.points(1)
@pytest.mark.hint("random.randint(4, longest) includes both ends")
def test_lengths_vary(student):
    """From a long document, 4 to int(block_size * 7 / 8) characters are kept."""
    texts = [draw(student, 0)[2].rstrip("\u25a1") for _ in range(500)]
    lengths = {len(text) - 2 for text in texts}
    assert min(lengths) >= 4, f"only {min(lengths)} characters are kept"
    assert max(lengths) <= LONGEST, f"{max(lengths)} characters are kept"
    assert len(lengths) > 20, f"only these lengths occur: {sorted(lengths)}"


@pytest.mark.points(1)
@pytest.mark.hint("a random length whose mean is a quarter")
def test_a_quarter_is_masked(student):
    """About a quarter of the kept characters is masked, and the length varies."""
    total, lengths = 0, []
    for _ in range(600):
        pieces = draw(student, 1)[2].rstrip("\u25a1").split("\u2047")
        total += sum(map(len, pieces))
        lengths.append(len(pieces[-1]))
    share = sum(lengths) / total
    assert 0.18 < share < 0.32, f"{share:.3f} of the characters are masked"
    assert len(set(lengths)) > 3, f"only these lengths are masked: {sorted(set(lengths))}"
