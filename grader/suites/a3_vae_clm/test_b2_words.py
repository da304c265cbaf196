"""Part b: the GRUs that read a segment and write one."""

from typing import Any

import pytest
import torch
from torch import Tensor

from grader import expect
from grader.random_inputs import indices, normal
from grader.suites.a3_vae_clm.models import (
    BEGIN,
    END,
    INPUTS,
    E,
    H,
    V,
    check_embedding,
    check_gradients,
    check_layers,
    real,
    twins,
    words,
)
from grader.suites.a3_vae_clm.variants import expect_right

pytestmark = pytest.mark.part("b")
LENGTHS = ([3, 5, 2], [4], [2, 2], [1, 6, 6, 3], [1], [1, 1, 1], [5, 5, 5, 5, 5, 5])


def encoder(code: Any) -> Any:
    """A small WordEncoder of `code`, the student's worker or the reference."""
    return code.segments.WordEncoder(INPUTS, E, H)


def decoder(code: Any) -> Any:
    """A small WordDecoder of `code`."""
    return code.segments.WordDecoder(INPUTS, V, E, H)


def check_gru(student: Any, reference: Any, make: Any, generator: torch.Generator) -> None:
    """Compares the layers of a module, and whether its GRU takes the segments first."""
    check_layers(student, reference, make)
    theirs, ours = twins(student, reference, make, generator)
    x = normal(generator, 3, 2, E)
    other = ours.gru(x.transpose(0, 1))[0].transpose(0, 1)
    wrong = {"it takes the places first: batch_first is missing": other}
    states = expect.items(theirs.gru(x), 2, "what gru returns")[0]
    expect_right(states, ours.gru(x)[0], wrong, "the states of gru")
    check_embedding(student, reference, theirs, ours)


@pytest.mark.about("WordEncoder.__init__")
@pytest.mark.points(1)
@pytest.mark.hint("nn.Embedding(inputs, E) and nn.GRU(E, H, batch_first=True)")
def test_encoder_layers(student: Any, reference: Any, generator: torch.Generator) -> None:
    """WordEncoder has an embedding and a GRU, and nothing more."""
    check_gru(student, reference, encoder, generator)


@pytest.mark.about("WordEncoder.forward")
@pytest.mark.points(2)
@pytest.mark.hint("states[arange(S), lengths - 1]: the state at the last real place")
def test_encoder(student: Any, reference: Any, generator: torch.Generator) -> None:
    """A segment's vector is the GRU's state at its last real place, whatever stands after it."""
    theirs, ours = twins(student, reference, encoder, generator)
    for lengths in LENGTHS:
        codes = words(generator, lengths, max(lengths) + len(lengths) % 2)
        mask, counts = real(lengths, codes.size(1)), torch.tensor(lengths)
        codes = torch.where(mask, codes, indices(generator, INPUTS, *codes.shape))
        embedded = ours.embedding(codes)
        states = ours.gru(embedded)[0]
        rows = torch.arange(len(lengths))
        right = states[rows, counts - 1]
        total = (states * mask[..., None]).sum(1)
        wrong = {
            "pads are read: it is the state at the last column": states[:, -1],
            "it is the state at the first place": states[:, 0],
            "it is the state before the last real place": states[rows, counts - 2],
            "it is the mean of the states, not the last one": total / counts[:, None],
            "it is the sum of the states, not the last one": total,
            "it is the embedding, not the GRU's state": embedded[rows, counts - 1],
            "it is the largest of the states in each dimension": (
                states.masked_fill(~mask[..., None], -9).amax(1)
            ),
            "the segment is read from back to front": ours.gru(embedded.flip(1))[0][:, -1],
            "a tanh follows the GRU": right.tanh(),
        }
        found = theirs(codes, counts)
        expect_right(found, right, wrong, "what WordEncoder returns")
    after = student.probe.arguments_after(theirs, [codes.clone(), counts.clone()])
    for each, before, name in zip(
        expect.items(after, 2), (codes, counts), ("codes", "lengths"), strict=True
    ):
        each = expect.tensor(each, before.shape, torch.int64, f"{name} afterwards")
        assert torch.equal(each, before), f"WordEncoder changes the {name} that it is given"
    check_gradients(student, reference, theirs, ours, "forward", [codes, counts])


@pytest.mark.about("WordDecoder.__init__")
@pytest.mark.points(1)
@pytest.mark.hint("nn.Embedding(inputs, E), nn.GRU(E, H, batch_first=True), nn.Linear(H, outputs)")
def test_decoder_layers(student: Any, reference: Any, generator: torch.Generator) -> None:
    """WordDecoder has an embedding, a GRU and an output layer, and nothing more."""
    check_gru(student, reference, decoder, generator)


def written(ours: Any, context: Tensor, read: Tensor) -> Tensor:
    """The logits (S, L, V) of a decoder that reads these codes from this state."""
    states = ours.gru(ours.embedding(read), context[None].contiguous())[0]
    result: Tensor = ours.output(states)
    return result


@pytest.mark.about("WordDecoder.forward")
@pytest.mark.points(2)
@pytest.mark.hint("read begin + codes[:, :-1] from the state context[None]; log_softmax of output")
def test_decoder(student: Any, reference: Any, generator: torch.Generator) -> None:
    """Each place's log-probabilities rest on the context and on the places before it."""
    theirs, ours = twins(student, reference, decoder, generator)
    for lengths in LENGTHS:
        codes, context = words(generator, lengths), normal(generator, len(lengths), H)
        begin = torch.full_like(codes[:, :1], BEGIN)
        read = torch.cat((begin, codes[:, :-1]), dim=1)
        logits = written(ours, context, read)
        silent = written(ours, torch.zeros_like(context), read)
        alone = written(ours, context, torch.full_like(codes, BEGIN))
        ended = torch.cat((torch.full_like(begin, END), codes[:, :-1]), dim=1)
        unstarted = torch.cat((codes[:, :1], codes[:, :-1]), dim=1)
        wrong = {
            "each place reads its own code, which it should predict": (
                written(ours, context, codes).log_softmax(2)
            ),
            "the context is not the GRU's first state": silent.log_softmax(2),
            "the codes are not read": alone.log_softmax(2),
            "`end` is read first, not `begin`": written(ours, context, ended).log_softmax(2),
            "the first code is read first, not `begin`": (
                written(ours, context, unstarted).log_softmax(2)
            ),
            "the logits are returned, without log_softmax": logits,
            "the probabilities are returned, not their logarithms": logits.softmax(2),
            "the softmax runs over the places": logits.log_softmax(1),
            "the softmax runs over the segments": logits.log_softmax(0),
            "a tanh is taken of the context": written(ours, context.tanh(), read).log_softmax(2),
        }
        found = theirs(context, codes, BEGIN)
        expect_right(found, logits.log_softmax(2), wrong, "what WordDecoder returns")
    other = words(generator, [4, 3])
    right = written(ours, context[:2], torch.cat((other[:, -1:] * 0, other[:, :-1]), dim=1))
    found = theirs(context[:2], other, 0)
    expect.close(found, right.log_softmax(2), "what WordDecoder returns with another `begin`")
    theirs.train()
    found = theirs(context[:2], other, 0)
    expect.close(found, right.log_softmax(2), "what WordDecoder returns in training mode")


@pytest.mark.about("WordDecoder.forward")
@pytest.mark.points(1)
@pytest.mark.hint("no detach: the encoder is trained through the context")
def test_decoder_gradients(student: Any, reference: Any, generator: torch.Generator) -> None:
    """Gradients reach the context and every layer; the codes stay as they are."""
    theirs, ours = twins(student, reference, decoder, generator)
    codes, context = words(generator, [3, 5, 2]), normal(generator, 3, H)
    after = student.probe.arguments_after(theirs, [context, codes.clone(), BEGIN])
    after = expect.tensor(expect.items(after, 3)[1], codes.shape, torch.int64, "codes afterwards")
    assert torch.equal(after, codes), "WordDecoder changes the codes that it is given"
    check_gradients(student, reference, theirs, ours, "forward", [context, codes, BEGIN])
    arguments, cotangent = [context, codes, BEGIN], normal(generator, *codes.shape, V)
    right = reference.probe.input_gradient(ours, arguments, cotangent)
    found = student.probe.input_gradient(theirs, arguments, cotangent)
    expect.close(found, right, "the gradient of the context")
