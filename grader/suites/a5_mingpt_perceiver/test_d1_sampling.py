"""Part d: top_k_logits and sample, on a model of the grader that needs no training."""

from typing import Any

import pytest
import torch

from grader import expect
from grader.random_inputs import normal

pytestmark = pytest.mark.part("d")
V, BLOCK = 9, 6
DRAWS = 4000
CHARS = "sample's result"


def greedy(
    table: torch.Tensor, x: torch.Tensor, steps: int, block_size: int = BLOCK
) -> torch.Tensor:
    """x and the likeliest characters after it, by the definition of probes.plain_model."""
    for _ in range(steps):
        rows = x[:, -block_size:].sum(1) % V
        x = torch.cat((x, table[rows].argmax(1, keepdim=True)), dim=1)
    return x


def check_prefix(y: Any, x: torch.Tensor, steps: int) -> torch.Tensor:
    """Checks that y is x and `steps` more characters."""
    result = expect.tensor(y, (x.size(0), x.size(1) + steps), torch.long, CHARS)
    assert torch.equal(result[:, : x.size(1)], x), f"{CHARS} does not begin with x"
    in_range = bool(((result >= 0) & (result < V)).all())
    assert in_range, f"{CHARS} has indices that are not characters"
    return result


def check_frequencies(drawn: torch.Tensor, probabilities: torch.Tensor) -> None:
    """Each character is drawn as often as its probability says.

    5 standard errors: a correct sampler fails once in about 200,000 gradings.
    """
    shares = torch.bincount(drawn, minlength=V) / len(drawn)
    error = (probabilities * (1 - probabilities) / len(drawn)).sqrt()
    assert bool((shares[probabilities == 0] == 0).all()), "a character outside the top_k is drawn"
    assert bool(((shares - probabilities).abs() <= 5 * error + 1e-9).all()), (
        "characters are not drawn as often as their probabilities say"
    )


@pytest.mark.about("top_k_logits")
@pytest.mark.points(2)
@pytest.mark.hint("compare with the k-th largest of the same row; masked_fill returns a new tensor")
def test_top_k_logits(student: Any, generator: torch.Generator) -> None:
    """top_k_logits keeps the k largest of each row, sets the others to -inf, keeps its input."""
    for k in (1, 3, V - 1, V):
        logits = normal(generator, 5, V)
        smallest = logits.sort(dim=1, descending=True).values[:, k - 1 : k]
        result = student.utils.top_k_logits(logits.clone(), k)
        result = expect.tensor(result, (5, V), "float", "top_k_logits")
        expected = torch.where(logits >= smallest, logits, -torch.inf)
        assert torch.equal(result, expected), "top_k_logits does not keep the k largest of each row"
    call = [logits.clone(), 2]
    call = student.probe.arguments_after(student.utils.top_k_logits, call)
    after = expect.tensor(expect.items(call, 2, "the arguments")[0], (5, V), "float")
    assert torch.equal(after, logits), "top_k_logits changes its argument"


@pytest.mark.about("sample")
@pytest.mark.points(2)
@pytest.mark.hint("take argmax of the last position's logits, append it, and repeat")
def test_greedy(student: Any, generator: torch.Generator) -> None:
    """Without `sample`, each new character is the likeliest after those before it."""
    table = normal(generator, V, V)
    for batch, length, steps in ((1, 1, 5), (4, 3, 3), (2, 2, 0)):
        x = torch.randint(V, (batch, length), generator=generator)
        model = student.probe.plain_model(table, BLOCK)
        y = check_prefix(student.utils.sample(model, x, steps), x, steps)
        assert torch.equal(y, greedy(table, x, steps)), "a new character is not the likeliest"


@pytest.mark.about("sample")
@pytest.mark.points(1)
@pytest.mark.hint("give the model x[:, -block_size:]")
def test_long_context(student: Any, generator: torch.Generator) -> None:
    """A context longer than the block is cut to its last block_size characters."""
    table = normal(generator, V, V)
    for length in (BLOCK - 2, BLOCK, 2 * BLOCK + 1):
        x = torch.randint(V, (3, length), generator=generator)
        model = student.probe.plain_model(table, BLOCK)
        y = check_prefix(student.utils.sample(model, x, BLOCK + 2), x, BLOCK + 2)
        assert torch.equal(y, greedy(table, x, BLOCK + 2)), "a new character is not the likeliest"


@pytest.mark.about("sample")
@pytest.mark.points(1)
@pytest.mark.hint("model.eval()")
def test_no_dropout(student: Any, generator: torch.Generator) -> None:
    """sample turns dropout off, whatever mode the model is in."""
    table = normal(generator, V, V)
    model = student.probe.plain_model(table, BLOCK)
    model.train()
    x = torch.randint(V, (4, 2), generator=generator)
    y = check_prefix(student.utils.sample(model, x, 4), x, 4)
    assert torch.equal(y, greedy(table, x, 4)), "the model is in training mode while sampling"


@pytest.mark.about("sample")
@pytest.mark.points(2)
@pytest.mark.hint("divide by the temperature, cut to top_k, softmax, torch.multinomial")
def test_random(student: Any, generator: torch.Generator) -> None:
    """With `sample`, characters are drawn from the softmax at that temperature, among the top_k."""
    logits = normal(generator, V)
    table = logits.expand(V, V).clone()
    x = torch.zeros(DRAWS, 1, dtype=torch.long)
    for temperature, top_k in ((1.0, None), (0.5, None), (2.0, 4), (1.0, 1)):
        cut = logits / temperature
        if top_k is not None:
            cut = torch.where(cut >= cut.sort(descending=True).values[top_k - 1], cut, -torch.inf)
        model = student.probe.plain_model(table, BLOCK)
        options = {"temperature": temperature, "sample": True, "top_k": top_k}
        y = check_prefix(student.utils.sample(model, x, 1, **options), x, 1)
        check_frequencies(y[:, 1], cut.softmax(0))


@pytest.mark.about("sample")
@pytest.mark.points(2)
@pytest.mark.hint("inside the loop, give the model x with the characters drawn so far")
def test_random_goes_on(student: Any, generator: torch.Generator) -> None:
    """With `sample`, every step draws, given the characters drawn before."""
    # Even enough that no character is rare: the counts are then nearly normal.
    table = 0.7 * normal(generator, V, V)
    x = torch.randint(V, (DRAWS, 2), generator=generator)
    model = student.probe.plain_model(table, BLOCK)
    steps = BLOCK
    y = check_prefix(student.utils.sample(model, x, steps, sample=True), x, steps)
    for t in range(2, 2 + steps):
        rows = y[:, max(0, t - BLOCK) : t].sum(1) % V
        check_draws(y[:, t], table.softmax(1)[rows], "first" if t == 2 else "later")


def check_draws(drawn: torch.Tensor, probabilities: torch.Tensor, which: str) -> None:
    """Characters (n,) drawn from the rows of probabilities (n, V), one from each row.

    Compares how often each is drawn, and the mean log probability of the draws, which is too high
    for a greedy choice, too low for draws from other rows. All to 5 standard errors.
    """
    hits = torch.nn.functional.one_hot(drawn, V)
    error = (probabilities * (1 - probabilities)).sum(0).sqrt()
    right = ((hits - probabilities).sum(0).abs() <= 5 * error).all()
    scores = probabilities.log()
    mean = (probabilities * scores).sum(1)
    error = (probabilities * scores**2).sum(1).sub(mean**2).sum().sqrt()
    surplus = scores.gather(1, drawn[:, None])[:, 0].sub(mean).sum().abs()
    assert bool(right and surplus <= 5 * error), (
        f"the {which} characters are not drawn as often as their probabilities say"
    )
