"""Part b: NMT.step, one step of the decoder."""

from typing import Any

import pytest
import torch
from torch import Tensor

from grader import expect
from grader.random_inputs import normal
from grader.suites.a4_nmt.models import ATTENTIONS, LENGTHS, E, H, encoded, load, state, twins
from grader.suites.a4_nmt.variants import expect_right

pytestmark = [pytest.mark.part("b"), pytest.mark.about("NMT.step")]
OUTPUT, SCORES = "the combined output", "the scores e_t"
RETURNED = "the scores e_t that step returns"
# Batches without pads. Only in the first are all known mistakes different from one another.
SIZES = ([4, 4, 4], [3], [1, 1], [1])
LOW = -1e4  # a score whose weight is 0
NOTHING = 1e-30  # a pad's score may be -inf or a low number, if its weight is below this


def inputs(
    ours: Any, generator: torch.Generator, lengths: list[int], mask: bool = True
) -> tuple[Any, ...]:
    """Arguments of step: Ybar_t, dec_state, enc_hiddens, enc_hiddens_proj, enc_masks."""
    enc, b = encoded(generator, lengths), len(lengths)
    masks = ours.generate_sent_masks(enc, lengths) if mask else None
    projected = ours.project(enc).detach()
    return normal(generator, b, E + H), state(generator, b), enc, projected, masks


def stepped(theirs: Any, arguments: tuple[Any, ...]) -> tuple[Any, Any, Any]:
    """The new dec_state, the combined output and e_t."""
    state, output, scores = expect.items(theirs.step(*arguments), 3, "what step returns")
    return expect.items(state, 2, "dec_state"), output, scores


def output(ours: Any, *parts: Tensor) -> Tensor:
    """The combined output of U_t's parts."""
    result: Tensor = ours.combined_output_projection(torch.cat(parts, 1)).tanh()
    return result


def context(scores: Tensor, enc: Tensor, dim: int = 1) -> Tensor:
    """a_t, (b, 2h), of scores (b, S)."""
    return (scores.softmax(dim)[..., None] * enc).sum(1)


@pytest.mark.points(2)
@pytest.mark.hint("dec_state = self.decoder(Ybar_t, dec_state): the hidden state, then the cell")
def test_step_state(student: Any, reference: Any, generator: torch.Generator) -> None:
    """step returns the decoder cell's new state."""
    theirs, ours = twins(student, reference, generator)
    for lengths in ([3, 3, 3], [1]):
        arguments = inputs(ours, generator, lengths)
        (right_h, right_c), _, _ = ours.step(*arguments)
        (h, c), _, _ = stepped(theirs, arguments)
        old_h, old_c = arguments[1]
        swapped = ours.decoder(arguments[0], (old_c, old_h))
        lost = ours.decoder(arguments[0])
        begins = "the cell does not begin with dec_state, but with zeros"
        exchanged = "the cell is given its own state as the hidden state, and the other way"
        wrong = {"it is the old state": old_h, exchanged: swapped[0], begins: lost[0]}
        wrong["it is the cell's state: the hidden state is the first of the two"] = right_c
        expect_right(h, right_h, wrong, "the new hidden state")
        wrong = {"it is the old state": old_c, exchanged: swapped[1], begins: lost[1]}
        wrong["it is the hidden state: the cell's state is the second of the two"] = right_h
        expect_right(c, right_c, wrong, "the cell's new state")


@pytest.mark.points(2)
@pytest.mark.hint("self.scores(dec_hidden, enc_hiddens, enc_hiddens_proj), of the new hidden state")
def test_step_scores(student: Any, reference: Any, generator: torch.Generator) -> None:
    """Without pads, step returns the scores of the new hidden state, for each attention."""
    for attention in ATTENTIONS:
        theirs, ours = twins(student, reference, generator, attention=attention)
        for lengths in SIZES:
            arguments = inputs(ours, generator, lengths)
            _, old, enc, projected, _ = arguments
            (_, cell), _, right = ours.step(*arguments)
            wrong = {
                "they are those of the old hidden state": ours.scores(old[0], enc, projected),
                "they are those of the cell's state": ours.scores(cell, enc, projected),
                "they are the weights, after the softmax": right.softmax(1),
            }
            scores = stepped(theirs, arguments)[2]
            what = f"{SCORES} of {attention} attention"
            expect_right(scores, right, wrong if lengths is SIZES[0] else {}, what)


@pytest.mark.points(3)
@pytest.mark.hint("U_t is a_t, then dec_hidden; then combined_output_projection, then tanh")
def test_step_output(student: Any, reference: Any, generator: torch.Generator) -> None:
    """The combined output is tanh of the projection of the context and the hidden state."""
    for attention in ATTENTIONS:
        theirs, ours = twins(student, reference, generator, attention=attention)
        for lengths in SIZES:
            arguments = inputs(ours, generator, lengths)
            _, old, enc, projected, _ = arguments
            (h, c), right, scores = ours.step(*arguments)
            a = context(scores, enc)
            early = ours.scores(old[0], enc, projected)
            wrong = {
                "the hidden state stands before the context in U_t; the context comes first": (
                    output(ours, h, a)
                ),
                "there is no tanh": ours.combined_output_projection(torch.cat((a, h), 1)),
                "tanh is taken twice": right.tanh(),
                "tanh is taken of U_t, before the projection": (
                    ours.combined_output_projection(torch.cat((a, h), 1).tanh())
                ),
                "a sigmoid is in the place of tanh": (
                    ours.combined_output_projection(torch.cat((a, h), 1)).sigmoid()
                ),
                "a ReLU is in the place of tanh": (
                    ours.combined_output_projection(torch.cat((a, h), 1)).relu()
                ),
                "the context's weights are the scores themselves, without a softmax": (
                    output(ours, (scores[..., None] * enc).sum(1), h)
                ),
                "the softmax runs over the batch, not over the source": (
                    output(ours, context(scores, enc, 0), h)
                ),
                "the context's weights are log_softmax, not softmax": (
                    output(ours, (scores.log_softmax(1)[..., None] * enc).sum(1), h)
                ),
                "the context is the plain mean of the encoder's states": (
                    output(ours, enc.mean(1), h)
                ),
                "U_t has the old hidden state in place of the new one": output(ours, a, old[0]),
                "U_t has the cell's state in place of the hidden state": output(ours, a, c),
                "the scores are those of the old hidden state": (
                    output(ours, context(early, enc), h)
                ),
                "the scores are those of the cell's state": (
                    output(ours, context(ours.scores(c, enc, projected), enc), h)
                ),
            }
            result = stepped(theirs, arguments)[1]
            expect_right(result, right, wrong if lengths is SIZES[0] else {}, OUTPUT)
    theirs, ours = twins(student, reference, generator)
    ours.att_projection.weight.data.mul_(1000)
    load(student, theirs, ours)
    loud = inputs(ours, generator, [4, 4])
    right = ours.step(*loud)[1]
    expect.close(stepped(theirs, loud)[1], right, f"{OUTPUT} of scores in the hundreds", 1e-3)


@pytest.mark.points(3)
@pytest.mark.hint(
    "e_t.masked_fill(enc_masks.bool(), -inf) before the softmax; enc_masks may be None"
)
def test_step_masks(student: Any, reference: Any, generator: torch.Generator) -> None:
    """A pad's score is -inf, or so low that its weight is 0; enc_masks=None means no pads."""
    for attention in ATTENTIONS:
        theirs, ours = twins(student, reference, generator, attention=attention)
        Ybar, old, enc, _, masks = inputs(ours, generator, LENGTHS)
        # At pads there are zeros, and what lies there must not count.
        pads = masks.bool()
        noise = torch.where(pads[..., None], normal(generator, *enc.shape), enc)
        arguments = (Ybar, old, noise, ours.project(noise).detach(), masks)
        (h, _), right, scores = ours.step(*arguments)
        plain = ours.scores(h, noise, arguments[3])
        weights = plain.softmax(1)
        _, result, theirs_scores = stepped(theirs, arguments)
        e_t = expect.tensor(theirs_scores, plain.shape, "float", SCORES)
        expect.close(e_t[~pads], plain[~pads], f"{SCORES} at real places")
        nothing = ((weights * ~pads)[..., None] * noise).sum(1)
        wrong = {
            "enc_masks is ignored: pads get some weight": output(ours, context(plain, noise), h),
            "enc_masks is read the wrong way round: 1 is a pad": output(
                ours, context(plain.masked_fill(~pads, LOW), noise), h
            ),
            "the weights of pads are set to 0 after the softmax; the others do not add up to 1": (
                output(ours, nothing, h)
            ),
            "the scores of pads are set to 0; a score of 0 still has a weight": output(
                ours, context(plain.masked_fill(pads, 0.0), noise), h
            ),
            "the scores of pads are not low enough: pads have some weight": (
                output(ours, context(e_t, noise), h)
            ),
        }
        expect_right(result, right, wrong, OUTPUT)
        there = e_t.softmax(1)[pads]
        assert (there < NOTHING).all(), f"{RETURNED} give pads some weight; make them -inf"
        none = (*inputs(ours, generator, [3, 3])[:4], None)
        _, right, scores = ours.step(*none)
        _, result, theirs_scores = stepped(theirs, none)
        expect.close(result, right, f"{OUTPUT} with enc_masks=None")
        expect.close(theirs_scores, scores, f"{SCORES} with enc_masks=None")


@pytest.mark.points(2)
@pytest.mark.hint("self.dropout(torch.tanh(...)): last, and by the module that eval() turns off")
def test_step_dropout(student: Any, reference: Any, generator: torch.Generator) -> None:
    """In training, dropout falls on the combined output after tanh; in evaluation nothing drops."""
    p, b = 0.4, 120
    theirs, ours = twins(student, reference, generator, dropout_rate=p)
    arguments = inputs(ours, generator, [3] * b)
    (h, _), right, scores = ours.step(*arguments)
    before, output, before_scores = stepped(theirs, arguments)
    expect.close(output, right, f"{OUTPUT} in evaluation")
    theirs.train()
    after, result, after_scores = stepped(theirs, arguments)
    for value, expected, what in (
        (after[0], before[0], "the new hidden state"),
        (after[1], before[1], "the cell's new state"),
        (after_scores, before_scores, SCORES),
    ):
        expected = expect.tensor(expected, dtype="float", what=what)
        expect.close(value, expected, f"{what} in training")
    dropped = expect.tensor(result, right.shape, "float", OUTPUT)
    zero = dropped == 0
    V_t = ours.combined_output_projection(torch.cat((context(scores, arguments[2]), h), 1))
    early = torch.where(zero, 0.0, (V_t / (1 - p)).tanh())
    assert not expect.is_close(dropped, right), f"in training nothing of {OUTPUT} is dropped"
    assert not expect.is_close(dropped, early), "dropout comes before tanh; it belongs after it"
    kept = torch.where(zero, 0.0, right / (1 - p))
    assert expect.is_close(dropped, kept), (
        f"in training {OUTPUT} should be 0 or the value after tanh / (1 - dropout_rate)"
    )
    share, error = zero.float().mean().item(), (p * (1 - p) / zero.numel()) ** 0.5
    assert abs(share - p) <= 5 * error, "in training another share than dropout_rate is dropped"
    for dim, what in ((0, "a number in all sentences"), (1, "all numbers of a sentence")):
        mixed = (zero.float().mean(dim) % 1 != 0).float().mean()
        assert mixed > 0.5, f"in training {what} are dropped together"


@pytest.mark.points(1)
@pytest.mark.hint("no detach and no .data on the way to the output; masked_fill without underscore")
def test_step_gradients(student: Any, reference: Any, generator: torch.Generator) -> None:
    """Gradients reach the cell, the attention and the projection; arguments stay as they are."""
    theirs, ours = twins(student, reference, generator, attention="additive")
    arguments = list(inputs(ours, generator, LENGTHS))
    arguments[2] = arguments[2] + arguments[4][..., None]  # at pads there are ones
    copies: list[Any] = [each.clone() for each in arguments if isinstance(each, Tensor)]
    copies.insert(1, tuple(each.clone() for each in arguments[1]))
    after = student.probe.arguments_after(theirs.step, copies)
    after = expect.items(after, len(arguments), "the arguments")
    names = ("Ybar_t", "", "enc_hiddens", "enc_hiddens_proj", "enc_masks")
    for value, before, name in zip(after, arguments, names, strict=True):
        if name:
            expect.close(value, before, f"{name} after the call")
    for value, before in zip(expect.items(after[1], 2, "dec_state"), arguments[1], strict=True):
        expect.close(value, before, "dec_state after the call")
    for place, what in (([0, 0], "the hidden state"), ([1], OUTPUT)):
        expected = reference.probe.method_gradients(ours, "step", arguments, place)
        reached = {name: value for name, value in expected.items() if value is not None}
        gradients = student.probe.method_gradients(theirs, "step", arguments, place)
        expect.gradients(gradients, [reached], f"step, from {what}")
    wrts = ((0, "Ybar_t"), (3, "enc_hiddens_proj"), (2, "enc_hiddens"))
    cotangent = normal(generator, len(LENGTHS), H)
    for wrt, what in wrts:
        expected, gradient = (
            code.probe.output_gradient(model, arguments, cotangent, wrt)
            for code, model in ((reference, ours), (student, theirs))
        )
        instead = "use it in place of calling project at each step, and do not detach it"
        assert gradient is not None or wrt != 3, f"no gradient reaches {what}: {instead}"
        expect.close(gradient, expected, f"the gradient of {what}")
