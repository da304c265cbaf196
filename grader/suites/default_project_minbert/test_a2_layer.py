"""Part a: BertLayer, its add_norm and its forward."""

from typing import Any

import pytest
import torch

from grader import expect
from grader.random_inputs import normal
from grader.suites.default_project_minbert.models import (
    INNER,
    H,
    additive,
    check_gradient,
    check_reached,
    config,
)
from grader.weights import fill, parameters, twins

pytestmark = pytest.mark.part("a")
ADD_NORM, LAYER = "what add_norm returns", "BertLayer's output"


def make(code: Any, **changes: Any) -> Any:
    return code.bert.BertLayer(config(code, **changes))


def modules(layer: Any, which: str) -> list[Any]:
    """dense_layer, dropout and ln_layer of "attention" or "out"."""
    return [getattr(layer, f"{which}_{name}") for name in ("dense", "dropout", "layer_norm")]


@pytest.mark.about("BertLayer.add_norm")
@pytest.mark.points(3)
@pytest.mark.hint("ln_layer(input + dropout(dense_layer(output))), with the layers that are given")
def test_add_norm(student: Any, reference: Any, generator: torch.Generator) -> None:
    """add_norm is the layer norm of the input plus dense_layer of the sublayer's output."""
    theirs, ours = twins(student, reference, make, generator)
    for which, size in (("attention", H), ("out", INNER)):
        x, y = normal(generator, 2, 5, H), normal(generator, 2, 5, size)
        expected = ours.add_norm(x, y, *modules(ours, which))
        expect.close(theirs.add_norm(x, y, *modules(theirs, which)), expected, ADD_NORM)


@pytest.mark.about("BertLayer.add_norm")
@pytest.mark.points(2)
@pytest.mark.hint("dropout comes after dense_layer and before the sum")
def test_add_norm_dropout(student: Any, reference: Any, generator: torch.Generator) -> None:
    """In training, dropout falls on what dense_layer returns and on nothing else."""
    theirs, ours = twins(student, reference, make, generator)
    x, y = normal(generator, 3, 5, H), normal(generator, 3, 5, INNER)
    for layer in (theirs, ours):
        layer.train()
        # Dropping everything leaves no chance: only the input is normalised.
        layer.out_dropout.p = 1.0
    result = theirs.add_norm(x, y, *modules(theirs, "out"))
    expect.close(
        result, ours.add_norm(x, y, *modules(ours, "out")), f"{ADD_NORM} if all is dropped"
    )
    theirs.out_dropout.p = 0.5
    first, second = (
        expect.tensor(theirs.add_norm(x, y, *modules(theirs, "out")), x.shape, "float", ADD_NORM)
        for _ in range(2)
    )
    assert not torch.equal(first, second), "in training, two passes over one input are the same"


@pytest.mark.about("BertLayer.add_norm")
@pytest.mark.points(1)
@pytest.mark.hint("no detach, no .data, and nothing changed in place that the gradient needs")
def test_add_norm_gradients(student: Any, reference: Any, generator: torch.Generator) -> None:
    """Gradients reach the input and the sublayer's output."""
    theirs, _ = twins(student, reference, make, generator)
    inputs = [normal(generator, 2, 4, H), normal(generator, 2, 4, INNER), *modules(theirs, "out")]
    for wrt, name in enumerate(("input", "sublayer's output")):
        check_gradient(student, theirs.add_norm, inputs, wrt, f"the gradient of the {name}")


@pytest.mark.about("BertLayer.forward")
@pytest.mark.points(4)
@pytest.mark.hint(
    "add_norm through attention_...; interm_dense and interm_af; add_norm through out_..."
)
def test_layer(student: Any, reference: Any, generator: torch.Generator) -> None:
    """BertLayer agrees with the reference on the same weights, with and without padding."""
    theirs, ours = twins(student, reference, make, generator)
    for lengths in ([1], [6, 6], [7, 2, 4]):
        T = max(lengths)
        mask = additive((torch.arange(T) < torch.tensor(lengths)[:, None]).long())
        x = normal(generator, len(lengths), T, H)
        expect.close(theirs(x, mask), ours(x, mask), LAYER)


@pytest.mark.about("BertLayer.forward")
@pytest.mark.points(2)
@pytest.mark.hint("attention_dropout for the first add_norm, out_dropout for the second")
def test_layer_dropout(student: Any, reference: Any, generator: torch.Generator) -> None:
    """In training, each of the two dropouts falls on its own sublayer; in evaluation none does."""
    theirs, ours = twins(student, reference, make, generator)
    x, mask = normal(generator, 2, 6, H), torch.zeros(2, 1, 1, 6)
    plain = expect.tensor(theirs(x, mask), x.shape, "float", LAYER)
    set_dropouts(theirs, 1.0, 1.0)
    expect.close(theirs(x, mask), plain, f"in eval mode {LAYER}")
    theirs.train()
    for which, (first, second) in (("attention", (1.0, 0.0)), ("out", (0.0, 1.0))):
        set_dropouts(theirs, first, second)
        dropped = expect.tensor(theirs(x, mask), x.shape, "float", LAYER)
        # If all is dropped that a dense layer returns, it might as well be zeros.
        state = parameters(ours)
        zeros = {n: 0 * v if n.startswith(f"{which}_dense") else v for n, v in state.items()}
        fill(student, theirs, zeros)
        set_dropouts(theirs, 0.0, 0.0)
        silent = expect.tensor(theirs(x, mask), x.shape, "float", LAYER)
        fill(student, theirs, state)
        expect.close(dropped, silent, f"in training, {LAYER} if {which}_dropout drops all")
        assert not expect.is_close(dropped, plain), f"{which}_dropout drops nothing"


def set_dropouts(layer: Any, attention: float, out: float) -> None:
    """Sets the probabilities of a layer's two dropouts."""
    layer.attention_dropout.p, layer.out_dropout.p = attention, out


@pytest.mark.about("BertLayer.forward")
@pytest.mark.points(1)
@pytest.mark.hint("no detach, no .data and no torch.no_grad on the way")
def test_layer_gradients(student: Any, reference: Any, generator: torch.Generator) -> None:
    """Gradients reach every parameter of a layer."""
    theirs, ours = twins(student, reference, make, generator)
    x, mask = normal(generator, 2, 5, H), additive(torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]]))
    gradients = student.probe.cubed_gradients(theirs, [x, mask])
    check_reached(gradients, reference.probe.cubed_gradients(ours, [x, mask]), "BertLayer")
    check_gradient(student, theirs, [x, mask], 0, "the gradient of hidden_states")


@pytest.mark.about("BertLayer.forward")
@pytest.mark.points(1)
@pytest.mark.hint("nothing may change hidden_states or attention_mask in place")
def test_layer_spares_its_arguments(
    student: Any, reference: Any, generator: torch.Generator
) -> None:
    """A layer leaves its input and the mask as they are: the next layer needs the same mask."""
    theirs, _ = twins(student, reference, make, generator)
    x, mask = normal(generator, 2, 5, H), additive(torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]]))
    after = student.probe.arguments_after(theirs, [x.clone(), mask.clone()])
    after = expect.items(after, 2, "the arguments")
    expect.close(after[0], x, "the hidden states after the call")
    expect.close(after[1], mask, "the mask after the call")
    y = expect.tensor(theirs(x, mask), x.shape, "float", LAYER)
    assert not expect.is_close(y, x), f"{LAYER} is its input"
