"""Part b: NMT.decode, which reads the right translation."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from grader import expect
from grader.suites.a4_nmt.models import (
    ATTENTIONS,
    LENGTHS,
    PAD,
    START,
    H,
    encoded,
    source,
    state,
    target,
    twins,
)
from grader.suites.a4_nmt.variants import expect_right

pytestmark = [pytest.mark.part("b"), pytest.mark.about("NMT.decode")]
OUTPUTS = "what decode returns"


def inputs(
    ours: Any, generator: torch.Generator, lengths: list[int], targets: list[int]
) -> list[Any]:
    """Arguments of decode: enc_hiddens, enc_masks, dec_init_state, target_padded."""
    enc = encoded(generator, lengths)
    masks = ours.generate_sent_masks(enc, lengths)
    return [enc, masks, state(generator, len(lengths)), target(generator, targets)]


def unrolled(
    ours: Any,
    arguments: list[Any],
    ybar: Callable[[Tensor, Tensor, Tensor], list[Tensor]] = lambda y, o, h: [y, o],
    table: str = "target",
    begin: Callable[[Tensor], Tensor] = torch.zeros_like,
    reset: bool = False,
    masked: bool = True,
    hidden: bool = False,
) -> Tensor:
    """decode with one thing changed; (T - 1, b, h).

    ybar(y, o, h): the parts of Ybar_t from the embedding, the last output and the last hidden
    state. begin: makes the first o_prev of init_h. reset: each step begins with dec_init_state.
    hidden: the outputs are the decoder's hidden states.
    """
    enc, masks, first, ids = arguments
    projected, current = ours.project(enc), first
    o, outputs = begin(first[0]), []
    for y in getattr(ours.model_embeddings, table)(ids[:-1]):
        parts = torch.cat(ybar(y, o, current[0]), 1)
        current, o, _ = ours.step(
            parts, first if reset else current, enc, projected, masks if masked else None
        )
        outputs.append(current[0] if hidden else o)
    return torch.stack(outputs)


def mistakes(ours: Any, arguments: list[Any]) -> dict[str, Tensor]:
    """What known mistakes make of the arguments."""
    *others, ids = arguments
    shifted = unrolled(ours, [*others, torch.cat((ids[1:], ids[-1:]))])
    return {
        "o_prev stands before the embedding in Ybar_t; the embedding comes first": (
            unrolled(ours, arguments, lambda y, o, h: [o, y])
        ),
        "the words are looked up in the source table": unrolled(ours, arguments, table="source"),
        "o_prev is ones at the first step; it should be zeros": (
            unrolled(ours, arguments, begin=torch.ones_like)
        ),
        "o_prev is init_h at the first step; it should be zeros": (
            unrolled(ours, arguments, begin=lambda h: h)
        ),
        "o_prev stays zeros: feed each combined output back to the next step": (
            unrolled(ours, arguments, lambda y, o, h: [y, torch.zeros_like(o)])
        ),
        "the hidden state is fed back; the combined output should be": (
            unrolled(ours, arguments, lambda y, o, h: [y, h])
        ),
        "every step begins with dec_init_state, not with the state of the one before": (
            unrolled(ours, arguments, reset=True)
        ),
        "pads of the source have some weight": unrolled(ours, arguments, masked=False),
        "it returns hidden states, not combined outputs": unrolled(ours, arguments, hidden=True),
        "each step reads the word that it should predict: the first one reads <s>": shifted,
        "only <s> is read, at every step": (unrolled(ours, [*others, torch.full_like(ids, START)])),
        "the outputs come in reverse order": unrolled(ours, arguments).flip(0),
    }


def check(theirs: Any, ours: Any, arguments: list[Any]) -> None:
    """Compares decode with the reference, and with known mistakes, where a word is to follow."""
    counts = (arguments[3][1:] != PAD)[..., None]  # (T - 1, b, 1)
    right = ours.decode(*arguments)
    found = expect.tensor(theirs.decode(*arguments), right.shape, "float", OUTPUTS)
    wrong = {what: value.where(counts, 0.0) for what, value in mistakes(ours, arguments).items()}
    expect_right(found.where(counts, 0.0), right.where(counts, 0.0), wrong, OUTPUTS)


@pytest.mark.points(2)
@pytest.mark.hint("Ybar_t is the target's embedding, then o_prev, which is zeros at the first step")
def test_decode_first_step(student: Any, reference: Any, generator: torch.Generator) -> None:
    """A target of <s> and one more word is one step; its output is (1, b, h)."""
    for attention in ATTENTIONS:
        theirs, ours = twins(student, reference, generator, attention=attention)
        for b in (3, 1):
            check(theirs, ours, inputs(ours, generator, [4] * b, [2] * b))
    p, b = 0.4, 120
    theirs, ours = twins(student, reference, generator, dropout_rate=p)
    arguments = inputs(ours, generator, [2] * b, [2] * b)
    theirs.train()
    outputs = expect.tensor(theirs.decode(*arguments), (1, b, H), "float", OUTPUTS)
    zero = outputs == 0
    expected = torch.where(zero, 0.0, ours.decode(*arguments) / (1 - p))
    expect.close(outputs, expected, f"{OUTPUTS} in training")
    error = (p * (1 - p) / zero.numel()) ** 0.5
    share = zero.float().mean().item()
    assert abs(share - p) <= 5 * error, f"in training another share of {OUTPUTS} is 0 than step's"


@pytest.mark.points(3)
@pytest.mark.hint("each step's combined output is the next one's o_prev; its state goes on, too")
def test_decode_steps(student: Any, reference: Any, generator: torch.Generator) -> None:
    """Over several steps the outputs are those of the reference, for each attention."""
    for attention in ATTENTIONS:
        theirs, ours = twins(student, reference, generator, attention=attention)
        for b, S, T in ((3, 4, 5), (1, 1, 3), (H, H, H + 1)):
            check(theirs, ours, inputs(ours, generator, [S] * b, [T] * b))


@pytest.mark.points(1)
@pytest.mark.hint("the loop runs over target_padded[:-1]: nothing follows the last word")
def test_decode_last_word(student: Any, reference: Any, generator: torch.Generator) -> None:
    """There are T - 1 outputs, and the target's last word changes none of them."""
    theirs, ours = twins(student, reference, generator)
    arguments = inputs(ours, generator, [4, 4], [5, 5])
    outputs = expect.tensor(theirs.decode(*arguments), (4, 2, H), "float", OUTPUTS)
    assert not outputs.isnan().any(), f"{OUTPUTS} holds NaN"
    again = expect.tensor(theirs.decode(*arguments), (4, 2, H), "float", OUTPUTS)
    assert torch.equal(again, outputs), f"in evaluation {OUTPUTS} changes from call to call"
    for place in range(5):
        ids = arguments[3].clone()
        ids[place] = 4 + (ids[place] + 1) % 7
        after = expect.tensor(theirs.decode(*arguments[:3], ids), (4, 2, H), "float", OUTPUTS)
        assert expect.is_close(after[:place], outputs[:place]), "a step sees a later word"
        same = expect.is_close(after[place:], outputs[place:])
        assert place == 4 or not same, "another word of the target changes no output"


@pytest.mark.points(1)
@pytest.mark.hint("give enc_masks to step")
def test_decode_masks(student: Any, reference: Any, generator: torch.Generator) -> None:
    """In a padded batch, pads of the source do not count."""
    theirs, ours = twins(student, reference, generator)
    check(theirs, ours, inputs(ours, generator, LENGTHS, [5, 6, 3, 2]))


@pytest.mark.points(1)
@pytest.mark.hint("no detach: what is learnt at a step reaches the steps before it through o_prev")
def test_decode_gradients(student: Any, reference: Any, generator: torch.Generator) -> None:
    """Gradients reach every layer of the decoder, back through all steps."""
    theirs, ours = twins(student, reference, generator, attention="additive")
    arguments = inputs(ours, generator, [4, 4, 4], [5, 5, 5])
    expected = reference.probe.method_gradients(ours, "decode", arguments, [])
    reached = {name: value for name, value in expected.items() if value is not None}
    gradients = student.probe.method_gradients(theirs, "decode", arguments, [])
    expect.gradients(gradients, [reached], "decode")


@pytest.mark.points(1)
@pytest.mark.hint("pass the tests of encode and step first")
def test_log_likelihood(student: Any, reference: Any, generator: torch.Generator) -> None:
    """The log-likelihood of a padded batch, by your encode, decode and step, is the reference's."""
    theirs, ours = twins(student, reference, generator)
    for lengths in (LENGTHS, [2, 5, 1, 4]):
        ids, words = source(generator, lengths), target(generator, [5, 6, 3, 2])
        right = ours.log_likelihood(ids, list(lengths), words)
        result = theirs.log_likelihood(ids, list(lengths), words)
        expect.close(result, right, "the log-likelihood")
