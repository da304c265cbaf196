"""Part d: sampling, and the London baseline."""

import pytest
import torch

pytestmark = pytest.mark.part("d")
ANSWERS = ["London", "Rome", "London", "New London", "Oslo"]
TSV = "".join(f"Where was Person {n} born?\t{place}\n" for n, place in enumerate(ANSWERS))


@pytest.mark.points(1)
@pytest.mark.hint(
    "torch.topk gives the k largest; set everything smaller than the last of them to -inf"
)
def test_top_k_logits(student):
    """top_k_logits keeps the two largest of each row."""
    logits = torch.tensor([[1.0, 4.0, 2.0, 3.0], [0.0, -1.0, -2.0, -3.0]])
    result = student.utils.top_k_logits(logits, 2).tolist()
    none = float("-inf")
    expected = [[none, 4.0, none, 3.0], [0.0, -1.0, none, none]]
    assert result == expected, f"top_k_logits returned {result}, not {expected}"


@pytest.mark.points(1)
@pytest.mark.hint(
    "append each new character to x, and give the model the last block_size characters"
)
def test_sample(student):
    """Without `sample`, a model that always adds 1 counts up, even past its block size."""
    table = torch.zeros(10, 10)
    table[torch.arange(10), (torch.arange(10) + 1) % 10] = 1.0
    # With a block of one character, the model sees the last one only.
    model = student.probe.plain_model(table, 1)
    y = student.utils.sample(model, torch.tensor([[3], [8]]), 4)
    assert y.tolist() == [[3, 4, 5, 6, 7], [8, 9, 0, 1, 2]], f"sample returned {y.tolist()}"


@pytest.mark.points(1)
@pytest.mark.hint("the total comes first, and both are floats")
def test_evaluate_places(student):
    """evaluate_places counts the questions and the right answers."""
    guesses = ["London", "Rome", "Paris", "London", "Oslo"]
    result = tuple(student.probe.on_file(student.utils.evaluate_places, TSV, guesses))
    assert result == (5, 3), f"evaluate_places returned {result}, not (5.0, 3.0)"


@pytest.mark.points(1)
@pytest.mark.hint("python src/london_baseline.py FILE")
def test_london_baseline(student):
    """The command prints `Correct: 2.0 out of 5.0: 40.0%`."""
    code, output, _ = student.probe.run_command("london_baseline", ["a.tsv"], {"a.tsv": TSV})
    assert code == 0, f"the exit code is {code}, not 0"
    assert "Correct: 2" in output, f"it prints {output!r}"
    assert "40" in output, f"it prints {output!r}"
