"""Part f: the loss over a whole data set, and sampled names."""

from typing import Any

import pytest
import torch

from grader import expect
from grader.random_inputs import indices, normal
from grader.suites.a1_makemore.layers import RUNNING, norms, statistic, wavenets

pytestmark = pytest.mark.part("f")
V, BLOCK, ROWS = 6, 3, 40
ITOS = dict(enumerate(".qxjzk"))
DRAWS = 1500


def data(generator: torch.Generator, size: int) -> tuple[torch.Tensor, torch.Tensor]:
    return indices(generator, 9, size, 4), indices(generator, 9, size)


def warm(student: Any, reference: Any, generator: torch.Generator) -> tuple[Any, Any]:
    """The student's model and ours with the same weights and the same running statistics."""
    theirs, ours = wavenets(student, reference, generator, 9, 4, 5, 8)
    for layer, own in norms(theirs, ours):
        for name in RUNNING:
            value = 0.5 + torch.rand(getattr(own, name).shape, generator=generator)
            setattr(layer, name, value)
            setattr(own, name, value.clone())
    return theirs, ours


def evaluated(student: Any, model: Any, x: torch.Tensor, y: torch.Tensor) -> float:
    return expect.number(student.makemore.evaluate(model, x, y), "evaluate's result")


@pytest.mark.about("evaluate")
@pytest.mark.points(3)
@pytest.mark.hint("set_training(model, False) turns on the running statistics")
def test_evaluate(student: Any, reference: Any, generator: torch.Generator) -> None:
    """evaluate returns the mean loss of all examples, using the running statistics."""
    theirs, ours = warm(student, reference, generator)
    for size in (1, 7, 100):
        x, y = data(generator, size)
        right = reference.makemore.evaluate(ours, x, y)
        assert abs(evaluated(student, theirs, x, y) - right) < 1e-3, "the loss is wrong"


@pytest.mark.about("evaluate")
@pytest.mark.points(2)
@pytest.mark.hint("the last piece may be smaller: weight each piece's mean by its size")
def test_evaluate_many(student: Any, reference: Any, generator: torch.Generator) -> None:
    """evaluate gives every example the same weight, however many there are."""
    theirs, ours = warm(student, reference, generator)
    for size in (4100, 10_500):
        x, y = data(generator, size)
        # The last rows have the likeliest targets, so a wrong weight for the last piece shows.
        reference.makemore.set_training(ours, False)
        logits = ours(x[4000:])
        y[4000:] = logits.argmax(1)
        right = reference.makemore.evaluate(ours, x, y)
        assert abs(evaluated(student, theirs, x, y) - right) < 1e-3, "the loss is wrong"


@pytest.mark.about("evaluate")
@pytest.mark.points(2)
@pytest.mark.hint("set training mode at the end; do not update the running statistics")
def test_evaluate_leaves_no_trace(student: Any, reference: Any, generator: torch.Generator) -> None:
    """evaluate keeps the running statistics, and leaves the model in training mode."""
    theirs, ours = warm(student, reference, generator)
    x, y = data(generator, 50)
    right = reference.makemore.evaluate(ours, x, y)
    assert abs(evaluated(student, theirs, x, y) - right) < 1e-3, "the loss is wrong"
    for layer, own in norms(theirs, ours):
        for name in RUNNING:
            value = getattr(own, name)
            result = statistic(getattr(layer, name), len(value), name)
            expect.close(result, value, f"{name} after evaluate")
    what = "the model's output after evaluate, in training mode"
    expect.close(theirs(x), ours(x), what, atol=1e-3, rtol=1e-3)


def walk(table: torch.Tensor, max_length: int) -> str:
    """The name that a model of this table writes if each row has only one likely character."""
    context, name = [0] * BLOCK, ""
    while len(name) < max_length:
        row = sum(place * index for place, index in enumerate(context, 1)) % len(table)
        index = int(table[row].argmax())
        if index == 0:
            break
        context, name = [*context[1:], index], name + ITOS[index]
    return name


def written(student: Any, model: Any, count: int, seed: int, **named: Any) -> list[str]:
    sample = student.makemore.sample
    names = student.probe.with_generator(sample, seed, model, ITOS, count, BLOCK, **named)
    return [expect.text(name, "a name") for name in expect.items(names, count, "sample's names")]


@pytest.mark.about("sample")
@pytest.mark.points(4)
@pytest.mark.hint("shift the context by one; stop at END, which is not part of the name")
def test_sample_walks(student: Any, generator: torch.Generator, worker_seed: int) -> None:
    """sample shifts the context, stops at END or max_length, and restores training mode."""
    lengths = set()
    for _ in range(30):
        table = torch.full((ROWS, V), -1000.0)
        table[torch.arange(ROWS), indices(generator, V, ROWS)] = 1000.0
        model = student.probe.name_model(table)
        for max_length in (30, 4):
            right = walk(table, max_length)
            assert written(student, model, 2, worker_seed, max_length=max_length) == [right] * 2, (
                "sample should write the only name that this model can write"
            )
            row = int(indices(generator, ROWS))
            context = torch.tensor([[row, 0, 0]])
            assert expect.is_close(expect.tensor(model(context), (1, V), "float"), -table[[row]]), (
                "the model should be in training mode after sample"
            )
            lengths.add(len(right))
    assert len(lengths) > 2, "the hidden models are too similar"


@pytest.mark.about("sample")
@pytest.mark.points(2)
@pytest.mark.hint("torch.multinomial of torch.softmax")
def test_sample_draws(student: Any, generator: torch.Generator, worker_seed: int) -> None:
    """sample draws each character as often as its probability says."""
    logits = normal(generator, V)
    model = student.probe.name_model(logits.expand(ROWS, V).clone())
    names = written(student, model, DRAWS, worker_seed, max_length=1)
    p = logits.softmax(0)
    error = (p * (1 - p) / DRAWS).sqrt()
    shares = torch.tensor([names.count(ITOS[i] if i else "") / DRAWS for i in range(V)])
    # 5 standard errors: a correct sampler fails once in about 300,000 gradings
    assert bool(((shares - p).abs() <= 5 * error + 1e-9).all()), (
        "the characters should be drawn as often as the softmax of the logits says"
    )


@pytest.mark.about("sample")
@pytest.mark.points(1)
@pytest.mark.hint("draw everything with the generator that sample is given")
def test_sample_generator(student: Any, generator: torch.Generator, worker_seed: int) -> None:
    """The same generator gives the same names, and a different one different names."""
    logits = normal(generator, ROWS, V)
    # Each row allows four of the six characters, so the model can write few other names.
    logits[logits < logits.median(1, keepdim=True).values] = -1000.0
    model = student.probe.name_model(logits)
    seeds = (worker_seed, worker_seed, worker_seed + 1)
    first, again, other = (written(student, model, 20, seed) for seed in seeds)
    assert first == again, "the same seed should give the same names"
    assert first != other, "two seeds give the same names: draw with the generator"
    for name in {*first, *other}:
        assert is_possible(name, logits), "the model cannot write this name: draw from its softmax"


def is_possible(name: str, logits: torch.Tensor) -> bool:
    """Whether a model of these logits, (ROWS, V), can write the name of at most 30 characters."""
    index_of, context = {char: index for index, char in ITOS.items()}, [0] * BLOCK
    for char in [*name, *ITOS[0][: len(name) < 30]]:  # END too, if it came before max_length
        row = sum(place * index for place, index in enumerate(context, 1)) % ROWS
        if char not in index_of or logits[row, index_of[char]] < -100:
            return False
        context = [*context[1:], index_of[char]]
    return len(name) <= 30
