"""Part b: Linear, Embedding, Tanh, Sequential."""

from typing import Any

import pytest
import torch

from grader import expect
from grader.random_inputs import indices, normal
from grader.suites.a1_makemore import by_hand
from grader.suites.a1_makemore.layers import check_gradients, layer, parameters

pytestmark = pytest.mark.part("b")
SHAPES = ((5, 3), (1, 3), (2, 4, 3), (2, 2, 2, 3))


def linear(
    student: Any, generator: torch.Generator, bias: bool = True
) -> tuple[Any, dict[str, torch.Tensor]]:
    values = {"weight": normal(generator, 3, 4)}
    values |= {"bias": normal(generator, 4)} if bias else {}
    return layer(student.makemore.Linear(3, 4, bias=bias), values, student, "Linear"), values


def made_twice(student: Any, layer: Any, sizes: tuple[int, ...], what: str) -> Any:
    """The first of two layers, checked to differ in their weights and in later random numbers."""
    result = student.probe.made_and_drawn(layer, list(sizes), 2)
    pairs = [expect.items(pair, 2, what) for pair in expect.items(result, 2, what)]
    (first, drawn), (second, again) = pairs
    weights = [expect.tensor(each.weight, sizes, "float", "weight") for each in (first, second)]
    assert not torch.equal(*weights), f"two {what} layers start with the same weight: set no seed"
    drawn, again = (expect.tensor(x, (4,), "float", "random numbers") for x in (drawn, again))
    assert not torch.equal(drawn, again), f"{what} seeds torch's generator: set no seed"
    return first


def right_linear(reference: Any, values: dict[str, torch.Tensor]) -> Any:
    ours = reference.makemore.Linear(3, 4, bias="bias" in values)
    reference.probe.fill(ours, values)
    return ours


@pytest.mark.about("Linear.__call__")
@pytest.mark.points(3)
@pytest.mark.hint("x @ self.weight works for any number of dimensions before the last")
def test_linear(student: Any, reference: Any, generator: torch.Generator) -> None:
    """Linear returns x @ weight + bias, for x with two or more dimensions."""
    for bias in (True, False):
        theirs, values = linear(student, generator, bias)
        ours = right_linear(reference, values)
        for shape in SHAPES:
            x = normal(generator, *shape)
            expect.close(theirs(x), ours(x), "Linear's output")


@pytest.mark.about("Linear.__call__", "Linear.parameters")
@pytest.mark.points(2)
@pytest.mark.hint("parameters() returns [weight, bias], the same tensors that the call uses")
def test_linear_gradients(student: Any, reference: Any, generator: torch.Generator) -> None:
    """Gradients of Linear's input, weight and bias are right; parameters() lists the last two."""
    x, cotangent = normal(generator, 2, 5, 3), normal(generator, 2, 5, 4)
    for bias in (True, False):
        theirs, values = linear(student, generator, bias)
        names = list(values)
        count = expect.whole(len(parameters(theirs, "Linear")))
        assert count == len(names), (
            f"Linear with bias={bias} should have {len(names)} parameters; it has {count}"
        )
        result = student.probe.layer_gradients(theirs, x, cotangent)
        right = reference.probe.layer_gradients(right_linear(reference, values), x, cotangent)
        check_gradients(result, right, names, "Linear")


@pytest.mark.about("Linear.__init__")
@pytest.mark.points(3)
@pytest.mark.hint("torch.randn(fan_in, fan_out) / fan_in**0.5, without setting a seed")
def test_linear_init(student: Any) -> None:
    """Linear's weight is normal with deviation 1 / sqrt(fan_in), new each time; its bias is 0."""
    for fan_in, fan_out in ((400, 50), (16, 1000)):
        module = made_twice(student, student.makemore.Linear, (fan_in, fan_out), "Linear")
        weight = expect.tensor(module.weight, (fan_in, fan_out), torch.float32, "weight")
        scaled = weight * fan_in**0.5
        # With 16,000 or more numbers, the sample deviation's error is below 0.6 percent.
        assert abs(float(scaled.std()) - 1) < 0.04, (
            "weight should have the standard deviation 1 / sqrt(fan_in)"
        )
        assert abs(float(scaled.mean())) < 0.04, "weight should have mean 0"
        beyond = float((scaled.abs() > 2).float().mean())
        assert 0.03 < beyond < 0.06, "weight should be drawn from a normal distribution"
        bias = expect.tensor(module.bias, (fan_out,), torch.float32, "bias")
        assert not bool(bias.any()), "bias should be zeros"
    assert student.makemore.Linear(3, 4, bias=False).bias is None, (
        "bias should be None with bias=False"
    )


@pytest.mark.about("Embedding.__call__")
@pytest.mark.points(2)
@pytest.mark.hint("self.weight[x]")
def test_embedding(student: Any, reference: Any, generator: torch.Generator) -> None:
    """Embedding returns weight's row for each index; gradients of repeated indices add up."""
    values = {"weight": normal(generator, 7, 3)}
    theirs = layer(student.makemore.Embedding(7, 3), values, student, "Embedding")
    ours = reference.makemore.Embedding(7, 3)
    reference.probe.fill(ours, values)
    for shape in ((4,), (2, 8), (2, 3, 4)):
        x = indices(generator, 7, *shape)
        expect.close(theirs(x), ours(x), "Embedding's output")
    cotangent = normal(generator, 2, 3, 4, 3)
    result = student.probe.layer_gradients(theirs, x, cotangent)
    right = reference.probe.layer_gradients(ours, x, cotangent)
    check_gradients(result, right, ["weight"], "Embedding")


@pytest.mark.about("Embedding.__init__")
@pytest.mark.points(1)
@pytest.mark.hint("torch.randn(num_embeddings, embedding_dim), without setting a seed")
def test_embedding_init(student: Any) -> None:
    """Embedding's weight is standard normal, new each time."""
    weight = made_twice(student, student.makemore.Embedding, (300, 60), "Embedding").weight
    weight = expect.tensor(weight, (300, 60), torch.float32, "weight")
    assert abs(float(weight.std()) - 1) < 0.04, "weight should have the standard deviation 1"
    assert abs(float(weight.mean())) < 0.04, "weight should have mean 0"


@pytest.mark.about("Tanh.__call__")
@pytest.mark.points(1)
@pytest.mark.hint("torch.tanh")
def test_tanh(student: Any, generator: torch.Generator) -> None:
    """Tanh returns the hyperbolic tangent of each number, even of large ones."""
    tanh = expect.thing(student.makemore.Tanh(), "Tanh")
    for x in (normal(generator, 4, 3), 100 * normal(generator, 2, 3, 5)):
        expect.close(tanh(x), torch.tanh(x), "Tanh's output")
    result = tanh.parameters()
    assert isinstance(result, list | tuple) and not result, "Tanh should have no parameters"


def chain(code: Any, generator: torch.Generator, probe: Any) -> tuple[Any, list[torch.Tensor]]:
    """(Sequential of Embedding, Linear, Tanh, Linear with random weights; those weights)."""
    make = code.makemore
    layers = [make.Embedding(7, 3), make.Linear(3, 5), make.Tanh(), make.Linear(5, 2, bias=False)]
    values = [normal(generator, *shape) for shape in ((7, 3), (3, 5), (5,), (5, 2))]
    for each, own in zip(layers, (values[:1], values[1:3], [], values[3:]), strict=True):
        probe.fill_parameters(each, own)
    return make.Sequential(layers), values


@pytest.mark.about("Sequential.__call__", "Sequential.parameters")
@pytest.mark.points(3)
@pytest.mark.hint("one flat list, in the layers' order")
def test_sequential(student: Any, reference: Any, generator: torch.Generator, seed: int) -> None:
    """Sequential calls its layers in turn, and lists all their parameters in order."""
    theirs, values = chain(student, generator, student.probe)
    ours, _ = chain(reference, torch.Generator().manual_seed(seed), reference.probe)
    reference.probe.fill_parameters(ours, values)
    x = indices(generator, 7, 4, 8)
    expect.close(theirs(x), ours(x), "Sequential's output")
    result = parameters(theirs, "Sequential")
    assert len(result) == len(values), (
        f"Sequential's parameters() should return {len(values)} tensors; it returned {len(result)}"
    )
    for mine, right in zip(result, values, strict=True):
        assert mine.shape == right.shape and torch.equal(mine, right), (
            "the parameters are not in the layers' order"
        )


@pytest.mark.about("Linear.__call__", "Embedding.__call__", "Tanh.__call__", "Sequential.__call__")
@pytest.mark.points(1)
@pytest.mark.hint("self.out = ...; return self.out")
def test_out(student: Any, reference: Any, generator: torch.Generator, seed: int) -> None:
    """Each layer keeps its last result in its attribute out."""
    model, values = chain(student, generator, student.probe)
    ours, _ = chain(reference, torch.Generator().manual_seed(seed), reference.probe)
    reference.probe.fill_parameters(ours, values)
    for _ in range(2):
        x = indices(generator, 7, 3, 2)
        # Zeros are the tanh of zeros, so the result that is kept must be right too.
        result = expect.close(model(x), ours(x), "Sequential's output")
        assert torch.equal(expect.tensor(model.out, (3, 2, 2), "float", "out"), result), (
            "Sequential's out is not what it returned"
        )
        last = expect.tensor(model.layers[3].out, (3, 2, 2), "float", "Linear's out")
        hidden = expect.tensor(model.layers[1].out, (3, 2, 5), "float", "Linear's out")
        tanh = expect.tensor(model.layers[2].out, (3, 2, 5), "float", "Tanh's out")
        expect.tensor(model.layers[0].out, (3, 2, 3), "float", "Embedding's out")
        assert torch.equal(last, result), "the last layer's out is not what it returned"
        assert expect.is_close(tanh, torch.tanh(hidden)), "Tanh's out is not what it returned"


LAYERS: tuple[tuple[by_hand.Task, list[Any]], ...] = (
    (by_hand.EMBEDDING, [7, 3]),
    (by_hand.LINEAR, [3, 5]),
    (by_hand.TANH, []),
    (by_hand.LINEAR, [5, 2, False]),
)


@pytest.mark.about(
    "Linear.__init__",
    "Linear.__call__",
    "Embedding.__call__",
    "Tanh.__call__",
    "Sequential.__call__",
)
@pytest.mark.points(2)
@pytest.mark.hint("matrix products, indexing and torch.tanh are enough")
def test_by_hand(student: Any, reference: Any, generator: torch.Generator) -> None:
    """Linear, Embedding, Tanh and Sequential compute with elementary operations, not torch.nn."""
    ours, _ = chain(reference, generator, reference.probe)
    first, layers = indices(generator, 7, 3, 2), []
    x = first
    for (task, sizes), own in zip(LAYERS, ours.layers, strict=True):
        module = by_hand.make(student, task, sizes)
        student.probe.fill_parameters(module, own.parameters())
        result = by_hand.run(student, task, module, [x])
        x = expect.close(result, own(x), f"{task.name}'s output")
        layers.append(module)
    model = by_hand.make(student, by_hand.SEQUENTIAL, [layers])
    result = by_hand.run(student, by_hand.SEQUENTIAL, model, [first])
    expect.close(result, ours(first), "Sequential's output")
