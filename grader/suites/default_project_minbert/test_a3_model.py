"""Part a: BertModel.embed, and the whole model."""

from typing import Any

import pytest
import torch

from grader import expect
from grader.random_inputs import indices
from grader.suites.default_project_minbert.models import (
    LONGEST,
    H,
    check_reached,
    config,
    padded,
    words,
)
from grader.weights import load_parameters, twins

pytestmark = [pytest.mark.part("a"), pytest.mark.about("BertModel.embed")]
EMBED = "what embed returns"
LENGTHS = [8, 3, 1, 6]


def make(code: Any, **changes: Any) -> Any:
    return code.bert.BertModel(config(code, **changes))


def load_without_positions(student: Any, theirs: Any, ours: Any) -> None:
    """Our random weights, but for positions, which are 0: a mistake in them costs once."""
    ours.pos_embedding.weight.data.zero_()
    load_parameters(student, theirs, ours)


@pytest.mark.points(3)
@pytest.mark.hint("the positions are 0 to T - 1; the layer norm comes after the sum")
def test_embed(student: Any, reference: Any, generator: torch.Generator) -> None:
    """embed agrees with the reference, for every batch size and length."""
    theirs, ours = twins(student, reference, make, generator)
    for b, T in ((1, 1), (3, 4), (2, LONGEST)):
        ids = words(generator, b, T)
        expect.close(theirs.embed(ids), ours.embed(ids), EMBED)


@pytest.mark.points(2)
@pytest.mark.hint("tk_type_embedding is always part of the sum: of type 0 if no types are given")
def test_token_types(student: Any, reference: Any, generator: torch.Generator) -> None:
    """Each token has its type's embedding; without types, all are of type 0."""
    theirs, ours = twins(student, reference, make, generator, load_without_positions)
    ids, types = words(generator, 3, 7), indices(generator, 2, 3, 7)
    types[0] = 0
    for given in (types, None):
        arguments = [ids] if given is None else [ids, given]
        what = f"{EMBED} {'without' if given is None else 'with'} token types"
        expect.close(theirs.embed(*arguments), ours.embed(*arguments), what)


@pytest.mark.points(2)
@pytest.mark.hint("embed_dropout comes last, after the layer norm")
def test_embed_dropout(student: Any, reference: Any, generator: torch.Generator) -> None:
    """embed drops what the layer norm returns in training, and nothing in evaluation."""
    p = 0.5
    theirs, _ = twins(student, reference, lambda code: make(code, hidden_dropout_prob=p), generator)
    ids = words(generator, 6, LONGEST)
    expected = expect.tensor(theirs.embed(ids), (*ids.shape, H), "float", EMBED)
    expect.close(theirs.embed(ids), expected, f"in eval mode, a second time, {EMBED}")
    theirs.train()
    dropped = expect.tensor(theirs.embed(ids), expected.shape, "float", EMBED)
    zero = dropped == 0
    expect.close(
        dropped, torch.where(zero, 0.0, expected / (1 - p)), f"{EMBED} in training, if not dropped"
    )
    error = (p * (1 - p) / zero.numel()) ** 0.5
    share = zero.float().mean().item()
    assert abs(share - p) <= 5 * error, "in training, embed drops another share than p"


@pytest.mark.points(1)
@pytest.mark.hint("no detach, no .data and no torch.no_grad on the way")
def test_embed_gradients(student: Any, reference: Any, generator: torch.Generator) -> None:
    """Gradients reach the words, the positions, the types and the layer norm."""
    theirs, ours = twins(student, reference, make, generator)
    ids, types = words(generator, 3, 6), indices(generator, 2, 3, 6)
    gradients = student.probe.cubed_gradients(theirs, [ids, types], "embed")
    expected = reference.probe.cubed_gradients(ours, [ids, types], "embed")
    own = {name: value for name, value in expected.items() if "embed" in name}
    check_reached(gradients, own, "embed")


@pytest.mark.about("BertModel.embed", "BertLayer.forward")
@pytest.mark.points(2)
@pytest.mark.hint("pass the tests of attention, the layer and embed first")
def test_model(student: Any, reference: Any, generator: torch.Generator) -> None:
    """The whole model agrees with the reference, and padding changes no real token's state."""
    theirs, ours = twins(student, reference, make, generator)
    ids, mask = padded(generator, LENGTHS)
    types = indices(generator, 2, *ids.shape)
    result, expected = theirs(ids, mask, types), ours(ids, mask, types)
    states = expect.tensor(
        expect.plain(result).get("last_hidden_state"), (*ids.shape, H), "float", "the last states"
    )
    expect.close(states[mask == 1], expected["last_hidden_state"][mask == 1], "the last states")
    expect.close(result.get("pooler_output"), expected["pooler_output"], "the pooler's output")
    for row, length in enumerate(LENGTHS):
        one = [each[row : row + 1, :length] for each in (ids, mask, types)]
        alone = expect.plain(theirs(*one)).get("last_hidden_state")
        expect.close(alone, states[row : row + 1, :length], "the states of a text by itself")
