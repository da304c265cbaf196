"""Small models with known weights, and padded batches for them.

Letters in the shapes: B sequences, T places, S segments, L places of a segment, E embedding size,
H hidden size, K mixtures or samples, V symbols that can be written. The sizes differ from one
another, so that a mix-up shows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from grader import expect, weights
from grader.random_inputs import indices, normal

E, H, K = 4, 6, 3
V = 7  # the characters, and `end`, which is the last symbol that is written
END, BEGIN, PAD = V - 1, V, V + 1
INPUTS = V + 2  # what can be read: those that can be written, `begin` and pads


def real(lengths: Sequence[int], longest: int | None = None) -> Tensor:
    """The mask of a padded batch, (B, T) bool, True at real places."""
    places = torch.arange(max(lengths) if longest is None else longest)
    return places < torch.tensor(lengths)[:, None]


def log_probabilities(generator: torch.Generator, *shape: int) -> Tensor:
    """Random negative numbers of `shape`."""
    return -0.1 - normal(generator, *shape).abs()


def distributions(generator: torch.Generator, *shape: int) -> Tensor:
    """Random log-probabilities, normalised over the last dimension."""
    return (2 * normal(generator, *shape)).log_softmax(-1)


def words(generator: torch.Generator, lengths: Sequence[int], longest: int | None = None) -> Tensor:
    """Random segments, (S, L) long: characters, `end`, then pads. `lengths` count the end."""
    mask = real(lengths, longest)
    codes = torch.where(mask, indices(generator, END, *mask.shape), PAD)
    codes[torch.arange(len(lengths)), torch.tensor(lengths) - 1] = END
    return codes


def twins(
    student: Any, reference: Any, make: Callable[[Any], Any], generator: torch.Generator
) -> tuple[Any, Any]:
    """The student's module and ours with the same random weights, in evaluation mode."""
    return weights.twins(student, reference, make, generator, load)


def load(student: Any, theirs: Any, ours: Any) -> None:
    """Copies our weights into the student's module.

    Parameters that the student added are set to 0: they cost points in the test of the layers, and
    not again wherever a value is compared.
    """
    extra = weights.fill(student, theirs, weights.parameters(ours))
    student.probe.zero(theirs, extra)


def check_layers(student: Any, reference: Any, make: Callable[[Any], Any]) -> None:
    """Compares the names and shapes of a module's parameters, all of which must be trained."""
    ours = weights.parameters(make(reference))
    found = parameter_shapes(student, expect.thing(make(student), "the module"))
    extra = [name for name in found if name not in ours]
    for name, value in ours.items():
        there = name in found
        shape, wanted = found.get(name), list(value.shape)
        assert there, f"{name} is missing from the module{weights.instead(student, extra)}"
        assert shape == wanted, f"{name} should have shape {wanted}, but has {shape}"
    assert not extra, f"the handout's module lacks {weights.listing(student, extra)}"
    frozen = expect.plain(student.probe.frozen(make(student)), "the frozen parameters")
    assert not [name for name in ours if name in frozen], "a layer is not trained"


def check_embedding(student: Any, reference: Any, theirs: Any, ours: Any) -> None:
    """Compares what an embedding gives for every code, and its gradients; changes its weights."""
    large = {"embedding.weight": 10 * ours.embedding.weight.detach()}  # no norm is below 1
    ours.load_state_dict(ours.state_dict() | large)
    student.probe.fill_named(theirs, large)
    codes = torch.arange(INPUTS)
    expect.close(theirs.embedding(codes), ours.embedding(codes), "what embedding returns")
    check_gradients(
        student, reference, theirs.embedding, ours.embedding, "forward", [codes], "embedding"
    )


def parameter_shapes(student: Any, module: Any) -> dict[str, list[int]]:
    """{name: shape} of a module's parameters, as the student's worker reports them."""
    report = student.probe.parameter_shapes(module)
    assert isinstance(report, dict), "the module has no parameters"
    named = {name: shape for name, shape in report.items() if isinstance(name, str)}
    lists = {name: expect.plain(shape, "a shape") for name, shape in named.items()}
    return {name: [size for size in x if isinstance(size, int)] for name, x in lists.items()}


def check_gradients(
    student: Any,
    reference: Any,
    theirs: Any,
    ours: Any,
    method: str,
    arguments: list[Any],
    what: str = "",
) -> None:
    """Compares the gradients that a method's result sends to every parameter of the module."""
    found = reference.probe.method_gradients(ours, method, arguments)
    zeros = {name: torch.zeros_like(each) for name, each in weights.parameters(ours).items()}
    right = {name: zeros[name] if found[name] is None else found[name] for name in zeros}
    theirs_found = student.probe.method_gradients(theirs, method, arguments)
    expect.gradients(theirs_found, [right], what or method)
