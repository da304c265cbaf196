"""What this suite's tests share: hidden names, layers and models with copied random weights.

Letters in the shapes: B names in a batch, T characters, C channels, V vocabulary.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from grader import expect
from grader.suites.a1_makemore.purity import uses_torch_nn

LETTERS = "abcdefghijklmnopqrstuvwxyz"
FILE = "src/makemore.py"


def invent(seed: int, count: int, letters: str = LETTERS) -> list[str]:
    """Names of 1 to 12 letters, no two alike; the first uses every letter."""
    rng = random.Random(seed)
    names = {"".join(rng.sample(letters, len(letters)))}
    while len(names) < count:
        names.add("".join(rng.choices(letters, k=rng.randint(1, 12))))
    return sorted(names, key=lambda name: (-len(name), name))


def normal(generator: torch.Generator, *shape: int) -> Tensor:
    """Normally distributed numbers of `shape`."""
    return torch.randn(shape, generator=generator)


def indices(generator: torch.Generator, size: int, *shape: int) -> Tensor:
    """Random indices below `size`, long."""
    return torch.randint(size, shape, generator=generator)


def layer(made: Any, values: dict[str, Tensor], student: Any, what: str) -> Any:
    """The student's layer, its tensors filled with `values`, {attribute: value}."""
    made = expect.thing(made, what)
    for name, value in values.items():
        expect.tensor(getattr(made, name), tuple(value.shape), torch.float32, f"{what}'s {name}")
    student.probe.fill(made, values)
    return made


def parameters(model: Any, what: str) -> list[Tensor]:
    """What model.parameters() returns, tensors in a list or tuple."""
    found = model.parameters()
    assert isinstance(found, list | tuple), f"{what}.parameters() should be a list"
    return [expect.tensor(p, None, "float", f"a parameter of {what}") for p in found]


def twins(student: Any, reference: Any, generator: torch.Generator, *sizes: int) -> tuple:
    """The students' and our `wavenet` of these sizes, with the same random weights.

    Gains and biases are random too, and large enough for none to go unseen.
    """
    ours = reference.makemore.wavenet(*sizes)
    theirs = expect.thing(student.makemore.wavenet(*sizes), "wavenet")
    own, found = ours.parameters(), parameters(theirs, "wavenet's model")
    shapes = [tuple(p.shape) for p in own]
    assert [tuple(p.shape) for p in found] == shapes, (
        "the shapes of wavenet's parameters are not those of the handout's layers, in their order"
    )
    values = [p + 0.2 * normal(generator, *p.shape) for p in own]
    for model, probe in ((ours, reference.probe), (theirs, student.probe)):
        probe.fill_parameters(model, values)
    return theirs, ours


def check_gradients(found: Any, expected: tuple, names: Sequence[str], what: str) -> None:
    """What probes.layer_gradients found of the student's layer is what it found of ours."""
    by_input, by_parameters = expect.items(found, 2, "the gradients")
    if expected[0] is not None:
        assert by_input is not None, f"no gradient reaches {what}'s input"
        expect.close(by_input, expected[0], f"the gradient of {what}'s input", atol=1e-4)
    by_parameters = expect.items(by_parameters, len(names), f"the gradients of {what}'s parameters")
    for name, gradient, right in zip(names, by_parameters, expected[1], strict=True):
        assert gradient is not None, f"no gradient reaches {what}'s {name}"
        expect.close(gradient, right, f"the gradient of {what}'s {name}", atol=1e-4)


def check_by_hand(sources: dict[str, str], names: Sequence[str]) -> None:
    """The functions and classes `names` are written without torch.nn."""
    assert not uses_torch_nn(sources[FILE], names), (
        f"torch.nn, or a way to it that cannot be followed, is used in {', '.join(names)} or in "
        "what they need"
    )
