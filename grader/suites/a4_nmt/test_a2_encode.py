"""Part a: the layers of NMT, and its encoder."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from grader import expect, weights
from grader.suites.a4_nmt.models import (
    ATTENTIONS,
    LENGTHS,
    E,
    H,
    make,
    parameter_shapes,
    source,
    twins,
)
from grader.suites.a4_nmt.variants import expect_right

pytestmark = pytest.mark.part("a")
INIT, ENCODE = "NMT.__init__", "NMT.encode"
HIDDENS, STATES = "enc_hiddens", "the decoder's initial"
DECODER = ("decoder", "att_", "dec_att", "combined_", "target_")  # how its layers' names begin


def check_layers(
    student: Any, reference: Any, attention: str, belongs: Callable[[str], bool]
) -> None:
    """Compares the names and shapes of those parameters whose names belong."""
    ours = weights.parameters(make(reference, attention=attention))
    theirs = expect.thing(make(student, attention=attention), "NMT")
    found = parameter_shapes(student, theirs)
    extra = [name for name in found if name not in ours]
    for name in filter(belongs, ours):
        there = name in found
        shape, wanted = found.get(name), list(ours[name].shape)
        assert there, f"{name} is missing from the model{weights.instead(student, extra)}"
        assert shape == wanted, f"{name} should have shape {wanted}, but has {shape}"
    frozen = expect.plain(student.probe.frozen(theirs), "the frozen parameters")
    assert not [name for name in filter(belongs, ours) if name in frozen], "a layer is not trained"
    extra = [name for name in extra if belongs(name)]
    named = weights.listing(student, sorted(extra))
    assert not extra, (
        f"with {attention} attention the handout's model has no such parameters: {named}"
    )


def of_decoder(name: str) -> bool:
    return name.startswith(DECODER)


@pytest.mark.about(INIT)
@pytest.mark.points(2)
@pytest.mark.hint("the handout's table of layers; both projections have no bias")
def test_encoder_layers(student: Any, reference: Any) -> None:
    """The embeddings, the convolution, the encoder and both projections are as the handout says."""
    check_layers(student, reference, "multiplicative", lambda name: not of_decoder(name))


@pytest.mark.about(INIT)
@pytest.mark.points(2)
@pytest.mark.hint("the handout's table of layers; only the LSTM cell has biases")
def test_decoder_layers(student: Any, reference: Any) -> None:
    """The cell, the attention's layers and the output's are as the handout says."""
    for attention in ATTENTIONS:
        check_layers(student, reference, attention, of_decoder)


def results(theirs: Any, ids: Tensor, lengths: list[int]) -> tuple[Any, Any, Any]:
    """enc_hiddens, init_h and init_c of encode."""
    pair = expect.items(theirs.encode(ids, list(lengths)), 2, "what encode returns")
    states = expect.items(pair[1], 2, "dec_init_state")
    return pair[0], *states


def convolved(ours: Any, ids: Tensor, left: int = 0, right: int = 1) -> Tensor:
    """The embeddings after the convolution, (S, b, e), with zero columns on either side."""
    x = ours.model_embeddings.source(ids).permute(1, 2, 0)  # (b, e, S)
    conv = ours.post_embed_cnn
    y = F.conv1d(F.pad(x, (left, right)), conv.weight, conv.bias)
    return y.permute(2, 0, 1)


def encoder(ours: Any, x: Tensor, lengths: list[int] | None) -> tuple[Tensor, Tensor, Tensor]:
    """enc_hiddens (b, S, 2h) and the last states, (2, b, h) each; unpacked without lengths."""
    if lengths is None:
        states, (h, c) = ours.encoder(x)
    else:
        packed, (h, c) = ours.encoder(pack_padded_sequence(x, lengths))
        states, _ = pad_packed_sequence(packed)
    return states.transpose(0, 1), h, c


@pytest.mark.about(ENCODE)
@pytest.mark.points(1)
@pytest.mark.hint("batch first: (b, S, 2h); the states are (b, h), also if b or S is 1")
def test_encode_shapes(student: Any, reference: Any, generator: torch.Generator) -> None:
    """encode returns (b, S, 2h) and two states (b, h), for one sentence and one word, too."""
    theirs, ours = twins(student, reference, generator)
    for b, S in ((1, 1), (3, 1), (1, 6), (2, 4)):
        ids = source(generator, [S] * b)
        hiddens, h, c = results(theirs, ids, [S] * b)
        expect.tensor(hiddens, (b, S, 2 * H), "float", HIDDENS)
        for each, name in ((h, "hidden"), (c, "cell")):
            expect.tensor(each, (b, H), "float", f"{STATES} {name} state")
    right = ours.encode(ids, [S] * b)[0]
    assert (expect.tensor(hiddens) - right).abs().max() < 2, f"{HIDDENS} are no states of an LSTM"
    other = expect.tensor(results(theirs, source(generator, [S] * b), [S] * b)[0])
    assert not expect.is_close(other, hiddens), "other sentences give the same enc_hiddens"


@pytest.mark.about(ENCODE)
@pytest.mark.points(5)
@pytest.mark.hint("embedding, (b, e, S) for the convolution with a zero column on the right, LSTM")
def test_encode_hiddens(student: Any, reference: Any, generator: torch.Generator) -> None:
    """Sentences of one length: enc_hiddens are the encoder's states after the convolution."""
    theirs, ours = twins(student, reference, generator, dropout_rate=0.5)
    for b, S in ((1, 5), (2, 1), (E, E), (3, 4)):
        ids = source(generator, [S] * b)
        right = ours.encode(ids, [S] * b)[0]
        embedded = ours.model_embeddings.source(ids)
        flat = F.conv1d(F.pad(embedded.permute(1, 2, 0).relu(), (0, 1)), *_conv(ours))
        wrong = {
            "the convolution's zero column is on the left; it belongs on the right": (
                encoder(ours, convolved(ours, ids, 1, 0), None)[0]
            ),
            "the embeddings do not go through the convolution": encoder(ours, embedded, None)[0],
            "a ReLU follows the convolution": (encoder(ours, convolved(ours, ids).relu(), None)[0]),
            "a ReLU comes before the convolution": encoder(ours, flat.permute(2, 0, 1), None)[0],
            "the forward and the backward half are swapped": right.roll(H, -1),
            "the time runs backwards": right.flip(1),
        }
        if b == S == E:
            wrong["the convolution runs over the batch, not over the words"] = _mixed(
                ours, embedded
            )
        expect_right(results(theirs, ids, [S] * b)[0], right, wrong, HIDDENS)
    names = (HIDDENS, f"{STATES} hidden state", f"{STATES} cell state")
    before = [
        expect.tensor(each, what=name)
        for each, name in zip(results(theirs, ids, [S] * b), names, strict=True)
    ]
    theirs.train()
    for value, expected, name in zip(results(theirs, ids, [S] * b), before, names, strict=True):
        expect.close(value, expected, f"{name} in training")


def _conv(ours: Any) -> tuple[Tensor, Tensor]:
    return ours.post_embed_cnn.weight, ours.post_embed_cnn.bias


def _mixed(ours: Any, embedded: Tensor) -> Tensor:
    """What enc_hiddens are if (S, b, e) is given to the convolution as (S, e, b)."""
    y = F.conv1d(F.pad(embedded.permute(0, 2, 1), (0, 1)), *_conv(ours))  # (S, e, b)
    return encoder(ours, y.permute(0, 2, 1), None)[0]


@pytest.mark.about(ENCODE)
@pytest.mark.points(4)
@pytest.mark.hint("pack_padded_sequence with source_lengths, and pad_packed_sequence afterwards")
def test_encode_padding(student: Any, reference: Any, generator: torch.Generator) -> None:
    """In a padded batch each sentence has the states that it has by itself, and zeros after it."""
    theirs, ours = twins(student, reference, generator)
    ids = source(generator, LENGTHS)
    right = ours.encode(ids, LENGTHS)[0]
    unpacked = encoder(ours, convolved(ours, ids), None)[0]
    wrong = {
        "the LSTM reads <pad>, too: pack the sentences by source_lengths": unpacked,
        "the LSTM reads <pad>, too, before the states after a sentence are set to 0": (
            unpacked * (right != 0)
        ),
    }
    hiddens = expect_right(results(theirs, ids, LENGTHS)[0], right, wrong, HIDDENS)
    for row, length in enumerate(LENGTHS):
        alone = results(theirs, ids[:length, row : row + 1], [length])[0]
        expect.close(alone, hiddens[row : row + 1, :length], f"{HIDDENS} of a sentence by itself")


@pytest.mark.about(ENCODE)
@pytest.mark.points(1)
@pytest.mark.hint("pack_padded_sequence(..., enforce_sorted=False)")
def test_encode_any_order(student: Any, reference: Any, generator: torch.Generator) -> None:
    """The sentences of a batch may come in any order of lengths."""
    theirs, ours = twins(student, reference, generator)
    lengths = [2, 5, 1, 4]
    ids = source(generator, lengths)
    hiddens, *states = results(theirs, ids, lengths)
    expect.close(hiddens, ours.encode(ids, lengths)[0], HIDDENS)
    b = len(lengths)
    together = [expect.tensor(each, (b, H), "float", f"{STATES} state") for each in states]
    for row, length in enumerate(lengths):
        _, *alone = results(theirs, ids[:length, row : row + 1], [length])
        for one, all_of_them in zip(alone, together, strict=True):
            expect.close(one, all_of_them[row : row + 1], f"{STATES} state of a sentence by itself")
    after = student.probe.arguments_after(theirs.encode, [ids.clone(), list(lengths)])
    _, after = expect.items(after, 2, "the arguments")
    after = [expect.whole(each, "a length") for each in expect.plain(after, "source_lengths")]
    assert after == lengths, "encode changes source_lengths, of which the mask is made later"


@pytest.mark.about(ENCODE)
@pytest.mark.points(3)
@pytest.mark.hint("h_projection of [last_h[0]; last_h[1]]: the forward direction first")
def test_initial_hidden_state(student: Any, reference: Any, generator: torch.Generator) -> None:
    """init_h is h_projection of both directions' last hidden states, the forward one first."""
    theirs, ours = twins(student, reference, generator)
    for lengths in ([4, 4, 4], LENGTHS, [3]):
        ids = source(generator, lengths)
        right = ours.encode(ids, lengths)[1][0]
        wrong = _wrong_states(ours, ids, lengths, "h")
        expect_right(results(theirs, ids, lengths)[1], right, wrong, f"{STATES} hidden state")


@pytest.mark.about(ENCODE)
@pytest.mark.points(3)
@pytest.mark.hint("c_projection of [last_c[0]; last_c[1]]: the cell has a projection of its own")
def test_initial_cell_state(student: Any, reference: Any, generator: torch.Generator) -> None:
    """init_c is c_projection of both directions' last cell states, the forward one first."""
    theirs, ours = twins(student, reference, generator)
    for lengths in ([4, 4, 4], LENGTHS, [3]):
        ids = source(generator, lengths)
        right = ours.encode(ids, lengths)[1][1]
        wrong = _wrong_states(ours, ids, lengths, "c")
        expect_right(results(theirs, ids, lengths)[2], right, wrong, f"{STATES} cell state")


def _wrong_states(ours: Any, ids: Tensor, lengths: list[int], which: str) -> dict[str, Tensor]:
    """Known wrong forms of an initial state, "h" or "c"."""
    states, *last = encoder(ours, convolved(ours, ids), lengths)
    own, other = last if which == "h" else last[::-1]
    layers = [ours.h_projection, ours.c_projection]
    project, elsewhere = layers if which == "h" else layers[::-1]
    names = ("h_projection", "c_projection") if which == "h" else ("c_projection", "h_projection")
    kind = ("hidden", "cell") if which == "h" else ("cell", "hidden")
    b = len(lengths)
    padded = encoder(ours, convolved(ours, ids), None)[1 if which == "h" else 2]
    left = encoder(ours, convolved(ours, ids, 1, 0), lengths)[1 if which == "h" else 2]
    plain = encoder(ours, ours.model_embeddings.source(ids), lengths)[1 if which == "h" else 2]
    return {
        "the backward direction is first: the forward one belongs first": (
            project(torch.cat([own[1], own[0]], 1))
        ),
        f"it comes from {names[1]}, not from {names[0]}": elsewhere(_both(own)),
        f"it comes from the last {kind[1]} states, not from the {kind[0]} states": (
            project(_both(other))
        ),
        f"it comes from the last {kind[1]} states, and through {names[1]}": elsewhere(_both(other)),
        "the sentences of a batch are mixed up: (2, b, h) is not reshaped to (b, 2h) as it lies": (
            project(own.reshape(b, -1))
        ),
        "the forward direction stands in the place of the backward one, too": (
            project(torch.cat([own[0], own[0]], 1))
        ),
        "the backward direction stands in the place of the forward one, too": (
            project(torch.cat([own[1], own[1]], 1))
        ),
        "it is made of the states at the last word, where the backward direction has read one": (
            project(states[torch.arange(b), torch.tensor(lengths) - 1])
        ),
        "it is made of the states at the first word, where the forward direction has read one": (
            project(states[:, 0])
        ),
        "a tanh follows the projection": project(_both(own)).tanh(),
        "the LSTM has read <pad>, too: pack the sentences by source_lengths": project(
            _both(padded)
        ),
        "the convolution's zero column is on the left; it belongs on the right": (
            project(_both(left))
        ),
        "the embeddings do not go through the convolution": project(_both(plain)),
    }


def _both(last: Tensor) -> Tensor:
    """(2, b, h) -> (b, 2h), the forward direction first."""
    return torch.cat([last[0], last[1]], 1)


@pytest.mark.about(ENCODE)
@pytest.mark.points(1)
@pytest.mark.hint("no detach, no .data and no torch.no_grad on the way")
def test_encode_gradients(student: Any, reference: Any, generator: torch.Generator) -> None:
    """Gradients of enc_hiddens and of both states reach all layers of the encoder."""
    theirs, ours = twins(student, reference, generator)
    ids = source(generator, LENGTHS)
    for place, what in (([0], HIDDENS), ([1, 0], "init_h"), ([1, 1], "init_c")):
        inputs = ("encode", [ids, LENGTHS], place)
        expected = reference.probe.method_gradients(ours, *inputs)
        reached = {name: value for name, value in expected.items() if value is not None}
        gradients = student.probe.method_gradients(theirs, *inputs)
        expect.gradients(gradients, [reached], f"encode, from {what}")
