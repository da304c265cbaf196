"""Part c: Block and GPT."""

import math
from typing import Any

import pytest
import torch
from torch.nn import functional as F

from grader import expect, weights
from grader.random_inputs import normal
from grader.suites.a5_mingpt_perceiver.models import (
    BLOCK,
    C,
    V,
    characters,
    config,
    logits_of,
    take_back,
)
from grader.weights import load_parameters, twins

pytestmark = pytest.mark.part("c")
LOGITS, LOSS = "GPT's logits", "GPT's loss"


def make_block(code: Any, **changes: Any) -> Any:
    return code.model.Block(config(code, **changes))


def make_gpt(code: Any, **changes: Any) -> Any:
    return code.model.GPT(config(code, **changes))


def with_pads(generator: torch.Generator, targets: torch.Tensor) -> torch.Tensor:
    """The targets with PAD, index 0, at a third of the places, and at the whole of one row."""
    pads = torch.rand(targets.shape, generator=generator) < 1 / 3
    pads[0], pads[:, -1] = True, False
    return targets.masked_fill(pads, 0)


@pytest.mark.about("Block.forward")
@pytest.mark.points(2)
@pytest.mark.hint("x + attn(ln1(x)), then add mlp(ln2(.)) of that sum")
def test_block_agrees(student: Any, reference: Any, generator: torch.Generator) -> None:
    """Block agrees with the reference on the same weights."""
    theirs, ours = twins(student, reference, make_block, generator)
    for batch, length in ((1, 1), (3, 7), (2, BLOCK)):
        x = normal(generator, batch, length, C)
        expect.close(theirs(x), ours(x), "Block's output")


@pytest.mark.about("GPT.forward")
@pytest.mark.points(1)
@pytest.mark.hint("logits for every position: (B, T, vocab_size)")
def test_gpt_shapes(student: Any, reference: Any, generator: torch.Generator) -> None:
    """GPT returns logits (B, T, V) for every batch size and length, and no loss without targets."""
    theirs, ours = silent_twins(student, reference, generator)
    for batch, length in ((1, 1), (1, BLOCK), (4, 5)):
        idx = characters(generator, batch, length)
        logits, loss = expect.items(theirs(idx), 2, "what GPT returns")
        logits = expect.tensor(logits, (batch, length, V), torch.float32, LOGITS)
        assert loss is None, "without targets GPT's loss should be None"
        expect.close(logits, ours(idx)[0], f"{LOGITS}, if its blocks add nothing")


def silent_twins(student: Any, reference: Any, generator: torch.Generator) -> tuple[Any, Any]:
    """Twins whose blocks add nothing, so that only what comes before and after them is tested.

    So a test of shapes or dependencies does not pass without logits.
    """
    theirs, ours = twins(student, reference, make_gpt, generator)
    for block in ours.blocks:
        for last in (block.attn.proj, block.mlp[2]):
            torch.nn.init.zeros_(last.weight)
            torch.nn.init.zeros_(last.bias)
    load_parameters(student, theirs, ours)
    return theirs, ours


@pytest.mark.about("GPT.forward")
@pytest.mark.points(3)
@pytest.mark.hint("tok_emb + the first T rows of pos_emb, drop, blocks, ln_f, head")
def test_gpt_agrees(student: Any, reference: Any, generator: torch.Generator) -> None:
    """GPT agrees with the reference on the same weights."""
    theirs, ours = twins(student, reference, make_gpt, generator)
    for batch, length in ((1, 1), (3, 7), (2, BLOCK)):
        idx = characters(generator, batch, length)
        expect.close(logits_of(theirs(idx)), ours(idx)[0], LOGITS)


@pytest.mark.about("GPT.forward")
@pytest.mark.points(1)
@pytest.mark.hint(
    "weights saved by your model must fit the handout's model, and the other way round"
)
def test_weights_go_both_ways(student: Any, reference: Any, generator: torch.Generator) -> None:
    """A GPT's own state_dict, loaded into the reference, gives the same logits."""
    theirs = expect.thing(make_gpt(student), "GPT")
    batch = [characters(generator, 4, BLOCK), characters(generator, 4, BLOCK)]
    student.probe.optimise(theirs, batch, 5, 1e-2)  # far from zeros and ones, as saved weights are
    theirs.eval()
    ours = take_back(student, make_gpt(reference).eval(), theirs)
    idx = characters(generator, 2, BLOCK)
    logits = expect.tensor(logits_of(theirs(idx)), (2, BLOCK, V), "float", LOGITS)
    # Logits of 0 fit a head of zeros, in any model.
    assert not expect.is_close(logits[0], logits[1]), f"{LOGITS} are the same for all texts"
    extra = expect.tensors(theirs.state_dict()).keys() - ours.state_dict().keys()
    more = weights.instead(student, extra)
    assert expect.is_close(logits, ours(idx)[0]), (
        f"the reference, with the weights of your state_dict, gives other logits{more}"
    )


@pytest.mark.about("GPT.forward")
@pytest.mark.points(2)
@pytest.mark.hint("no position may see a later one, in the attention or anywhere else")
def test_gpt_causal(student: Any, reference: Any, generator: torch.Generator) -> None:
    """A position's logits do not depend on later characters."""
    theirs, _ = twins(student, reference, make_gpt, generator)
    idx = characters(generator, 2, BLOCK)
    other = 2 + (idx - 2 + torch.randint(1, V - 2, idx.shape, generator=generator)) % (V - 2)
    expect.causal(lambda x: logits_of(theirs(x)), idx, other, LOGITS)
    theirs, ours = silent_twins(student, reference, generator)
    logits = expect.tensor(logits_of(theirs(idx)), (2, BLOCK, V), "float", LOGITS)
    expect.close(logits, ours(idx)[0], f"{LOGITS}, if its blocks add nothing")


@pytest.mark.about("GPT.forward")
@pytest.mark.points(2)
@pytest.mark.hint("F.cross_entropy wants (N, V) and (N,)")
def test_loss(student: Any, reference: Any, generator: torch.Generator) -> None:
    """The loss is the mean cross-entropy of the logits and the targets."""
    theirs, ours = twins(student, reference, make_gpt, generator)
    for batch, length in ((1, 1), (1, 4), (3, BLOCK)):
        idx, targets = characters(generator, batch, length), characters(generator, batch, length)
        logits, loss = expect.items(theirs(idx, targets), 2, "what GPT returns")
        expect.close(logits, ours(idx)[0], LOGITS)
        expect.close(loss, ours(idx, targets)[1], LOSS)


@pytest.mark.about("GPT.forward")
@pytest.mark.points(2)
@pytest.mark.hint("ignore_index: the mean is over the targets that are left")
def test_pads_do_not_count(student: Any, reference: Any, generator: torch.Generator) -> None:
    """PAD targets count neither in the loss nor in its mean."""
    theirs, ours = silent_twins(student, reference, generator)
    idx = characters(generator, 4, BLOCK)
    targets = with_pads(generator, characters(generator, 4, BLOCK))
    logits, loss = expect.items(theirs(idx, targets), 2, "what GPT returns")
    # The loss of zero logits is ln V, whatever the targets are.
    logits = expect.close(logits, ours(idx)[0], f"{LOGITS}, if its blocks add nothing")
    expect.close(loss, F.cross_entropy(logits[targets != 0], targets[targets != 0]), LOSS)


@pytest.mark.about("GPT.forward")
@pytest.mark.points(1)
@pytest.mark.hint("no detach, no .data and no torch.no_grad on the way")
def test_gradients(student: Any, reference: Any, generator: torch.Generator) -> None:
    """The loss's gradient reaches every parameter."""
    theirs, ours = twins(student, reference, make_gpt, generator)
    idx = torch.stack([torch.randperm(V, generator=generator) for _ in range(3)])
    idx = torch.cat((idx, idx[:, :1]), dim=1)  # (3, BLOCK), every character of the vocabulary
    targets = with_pads(generator, characters(generator, 3, BLOCK))
    gradients = student.probe.parameter_gradients(theirs, [idx, targets], 1)
    expected = reference.probe.parameter_gradients(ours, [idx, targets], 1)
    expect.gradients(gradients, [expected], "GPT")


@pytest.mark.about("GPT.forward")
@pytest.mark.points(1)
@pytest.mark.hint("drop comes after the sum of the two embeddings")
def test_dropout_in_training_only(student: Any, reference: Any, generator: torch.Generator) -> None:
    """GPT drops embeddings in training and nothing in evaluation."""
    theirs, ours = twins(student, reference, lambda code: make_gpt(code, embd_pdrop=0.5), generator)
    idx = characters(generator, 2, BLOCK)
    expect.close(logits_of(theirs(idx)), ours(idx)[0], "in eval mode " + LOGITS)
    theirs.train()
    first, second = (expect.tensor(logits_of(theirs(idx)), (2, BLOCK, V)) for _ in range(2))
    assert not torch.equal(first, second), (
        "in training, two passes over one input give the same logits"
    )


@pytest.mark.about("GPT.forward")
@pytest.mark.points(1)
@pytest.mark.hint("print the loss of run.py: ln(vocabulary size) at first, then less")
def test_learns(student: Any, reference: Any, generator: torch.Generator) -> None:
    """40 steps of AdamW teach a GPT to continue repeating texts that it never saw."""
    model = expect.thing(make_gpt(student, n_embd=32), "GPT")
    known, unseen = (repeating(generator, 64) for _ in range(2))
    student.probe.optimise(model, known, 40, 2e-2)
    # The worker could invent its losses, and answer from a look-up table. So the weights are taken
    # back, and the reference predicts with them. What follows a character differs from text to
    # text, so weights made from counted pairs do not help.
    # The reference's loss is 0.001 to 0.002 (of five seeds); a tenth of the first is 0.24.
    ours = take_back(student, make_gpt(reference, n_embd=32).eval(), model)
    loss = ours(*unseen)[1]
    assert loss < math.log(V) / 10, "after 40 steps the loss is more than a tenth of the first"


def repeating(generator: torch.Generator, count: int) -> list[torch.Tensor]:
    """[x, y], (count, BLOCK) long: texts that repeat three characters.

    The first two of y are PAD: nothing predicts them.
    """
    text = characters(generator, count, 3).repeat(1, BLOCK)[:, : BLOCK + 1]
    x, y = text[:, :-1].contiguous(), text[:, 1:].clone()
    y[:, :2] = 0
    return [x, y]
