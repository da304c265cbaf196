"""A classifier's weights, whatever its head's attributes are called."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from grader import expect, weights

BERT = "bert."


def load(student: Any, theirs: Any, ours: nn.Module) -> None:
    """Copies all our weights into the student's classifier."""
    weights.fill(student, theirs, renamed(student, theirs, ours))


def take_back(student: Any, theirs: Any, ours: nn.Module) -> nn.Module:
    """Our classifier with the weights of the student's state_dict."""
    state, values = expect.tensors(theirs.state_dict()), renamed(student, theirs, ours)
    weights.compare(student, state, values, state.keys() - values.keys())
    for name, value in values.items():
        value.copy_(expect.tensor(state[name], value.shape, "float", name))
    return ours


def names(student: Any, theirs: Any, ours: nn.Module) -> dict[str, str]:
    """{our parameter's name: its name in the student's classifier}.

    Those of bert are the same. The head is known by its shapes: one matrix and one bias.
    """
    shapes = expect.plain(student.probe.parameter_shapes(theirs), "the model's parameters")
    others = {name: list(shape) for name, shape in shapes.items() if not name.startswith(BERT)}
    found = {}
    for name, parameter in ours.named_parameters():
        if name.startswith(BERT):
            found[name] = name
            continue
        matrix = [shape for shape in others.values() if len(shape) == 2]
        assert [*others.values()] != matrix or len(matrix) != 1, (
            "the classifier's linear layer has no bias, but equation (8) has one, c"
        )
        fitting = [each for each, shape in others.items() if shape == list(parameter.shape)]
        assert len(fitting) == 1 and len(others) == 2, (
            "beside bert, the classifier should have one linear layer from hidden_size to "
            "num_labels, and no other parameters"
        )
        found[name] = fitting[0]
    return found


def renamed(student: Any, theirs: Any, ours: nn.Module) -> dict[str, Tensor]:
    """{the student's name: our parameter's own tensor}."""
    own = weights.parameters(ours)
    return {known: own[name] for name, known in names(student, theirs, ours).items()}
