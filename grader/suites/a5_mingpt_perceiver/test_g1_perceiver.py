"""Part g: the perceiver's blocks, in each of the right variants (variants.py)."""

import math
from typing import Any

import pytest
import torch

from grader import expect
from grader.random_inputs import normal
from grader.suites.a5_mingpt_perceiver import variants
from grader.suites.a5_mingpt_perceiver.models import (
    BLOCK,
    C,
    M,
    V,
    characters,
    logits_of,
    perceiver,
)
from grader.weights import load_parameters, randomise, twins

pytestmark = pytest.mark.part("g")
about_the_blocks = pytest.mark.about(
    "DownProjectBlock.__init__", "DownProjectBlock.forward", "UpProjectBlock.forward"
)
DOWN, UP = "DownProjectBlock's output", "UpProjectBlock's output"


def make_down(code: Any, **changes: Any) -> Any:
    return code.model.DownProjectBlock(perceiver(code, **changes))


def make_up(code: Any, **changes: Any) -> Any:
    return code.model.UpProjectBlock(perceiver(code, **changes))


def make_gpt(code: Any, **changes: Any) -> Any:
    return code.model.GPT(perceiver(code, **changes))


@pytest.mark.about("DownProjectBlock.__init__")
@pytest.mark.points(2)
@pytest.mark.hint("use nn.Parameter, not a plain tensor or a buffer")
def test_basis_is_trained(student: Any, reference: Any, generator: torch.Generator) -> None:
    """The basis C, of shape (1, m, C), is a parameter: it is saved, and training moves it."""
    theirs, ours = twins(student, reference, make_down, generator)
    before, x, lr = basis(theirs), normal(generator, 3, BLOCK, C), 0.1
    student.probe.sgd_step(theirs, [x], lr)
    after = basis(theirs)
    assert not torch.equal(after, before), "a training step does not change C"
    # The worker can claim that C is a Parameter with a gradient, but not fake the step's result.
    sums = [down(ours, x).sum() for down in variants.DOWN]
    right = [ours.C - lr * torch.autograd.grad(each, ours.C)[0] for each in sums]
    expect.close_to_any(after, right, "C after a training step", atol=1e-4)


def basis(block: Any) -> torch.Tensor:
    """The saved basis, (1, m, C)."""
    saved = expect.tensors(block.state_dict())
    assert "C" in saved, "C is not in the state_dict, so it is not saved"
    return expect.tensor(saved["C"], (1, M, C), torch.float32, "C").clone()


@pytest.mark.about("DownProjectBlock.__init__")
@pytest.mark.points(1)
@pytest.mark.hint("torch.nn.init.xavier_uniform_")
def test_basis_at_the_start(student: Any) -> None:
    """Each block draws its own basis as xavier_uniform_ does."""
    m, channels = 32, 64
    draws = []
    for _ in range(2):
        block = expect.thing(make_down(student, n_embd=channels, bottleneck_dim=m, block_size=m))
        saved = expect.tensors(block.state_dict())
        draws.append(expect.tensor(saved.get("C"), (1, m, channels), "float", "C"))
    assert not torch.equal(*draws), "two blocks start with the same basis"
    # xavier_uniform_ treats (1, m, C) as a convolution; for the matrix (m, C) the bound is
    # sqrt(6 / (m + C)). A uniform variable's deviation is its bound over sqrt(3).
    low = math.sqrt(2 / (m * channels + channels))
    high = math.sqrt(2 / (m + channels))
    for basis in draws:
        spread = basis.std().item()
        assert 0.9 * low < spread < 1.1 * high, "the basis's numbers are too small or too large"


@pytest.mark.about(
    "DownProjectBlock.__init__", "DownProjectBlock.forward", "UpProjectBlock.forward"
)
@pytest.mark.points(2)
@pytest.mark.hint("the first argument of CausalCrossAttention gives keys and values")
def test_shapes(student: Any, reference: Any, generator: torch.Generator) -> None:
    """DownProjectBlock returns (B, m, C) and UpProjectBlock (B, T, C), for every B and T."""
    first, own_first = twins(student, reference, make_down, generator)
    last, own_last = twins(student, reference, make_up, generator)
    for batch, length in ((1, 1), (1, BLOCK), (3, M), (4, M - 2), (2, M + 3)):
        x = normal(generator, batch, length, C)
        y = expect.tensor(first(x), (batch, M, C), torch.float32, DOWN)
        # A repeated basis, or the input, has these shapes too.
        expect.close_to_any(y, [down(own_first, x) for down in variants.DOWN], DOWN)
        z = expect.tensor(last(y, x), (batch, length, C), torch.float32, UP)
        expect.close_to_any(z, [up(own_last, y, x) for up in variants.UP], UP)


@pytest.mark.about("DownProjectBlock.__init__", "DownProjectBlock.forward")
@pytest.mark.points(3)
@pytest.mark.hint(
    "queries are the basis, keys and values the input, ln1 on one of them or on both; then add "
    "mlp(ln2(.))"
)
def test_down_agrees(student: Any, reference: Any, generator: torch.Generator) -> None:
    """DownProjectBlock agrees with the reference, in any right variant, on the same weights."""
    theirs, ours = twins(student, reference, make_down, generator)
    for batch, length in ((1, BLOCK), (3, M), (2, 2)):
        x = normal(generator, batch, length, C)
        expect.close_to_any(theirs(x), [down(ours, x) for down in variants.DOWN], DOWN)


@pytest.mark.about("UpProjectBlock.forward")
@pytest.mark.points(3)
@pytest.mark.hint("queries are x_input, keys and values ln1(y); then add mlp(ln2(.))")
def test_up_agrees(student: Any, reference: Any, generator: torch.Generator) -> None:
    """UpProjectBlock agrees with the reference, in any right variant, on the same weights."""
    theirs, ours = twins(student, reference, make_up, generator)
    for batch, length in ((1, BLOCK), (3, M), (2, 2)):
        y, x = normal(generator, batch, M, C), normal(generator, batch, length, C)
        expect.close_to_any(theirs(y, x), [up(ours, y, x) for up in variants.UP], UP)


@pytest.mark.about(
    "DownProjectBlock.__init__",
    "DownProjectBlock.forward",
    "UpProjectBlock.forward",
    "GPT.forward",
)
@pytest.mark.points(2)
@pytest.mark.hint("the up block reads the inner blocks' output and the down block's input")
def test_gpt_agrees(student: Any, reference: Any, generator: torch.Generator) -> None:
    """A perceiver GPT agrees with the reference, in any right variant, on the same weights."""
    theirs, ours = twins(student, reference, make_gpt, generator)
    for batch, length in ((1, 1), (3, M), (2, BLOCK)):
        idx = characters(generator, batch, length)
        expect.close_to_any(logits_of(theirs(idx)), variants.logits(ours, idx), "GPT's logits")


@pytest.mark.about(
    "DownProjectBlock.__init__", "DownProjectBlock.forward", "UpProjectBlock.forward"
)
@pytest.mark.points(1)
@pytest.mark.hint("place j of the bottleneck sees the input up to j, position t the places up to t")
def test_causal(student: Any, reference: Any, generator: torch.Generator) -> None:
    """The perceiver's logits do not depend on later characters either."""
    theirs, ours = twins(student, reference, make_gpt, generator)
    idx = characters(generator, 2, BLOCK)
    other = 2 + (idx - 2 + torch.randint(1, V - 2, idx.shape, generator=generator)) % (V - 2)
    expect.causal(lambda x: logits_of(theirs(x)), idx, other, "the perceiver's logits")
    # One fixed vector for each character would not depend on later ones either.
    logits = logits_of(theirs(idx))
    expect.close_to_any(logits, variants.logits(ours, idx), "the perceiver's logits")


@pytest.mark.about(
    "DownProjectBlock.__init__", "DownProjectBlock.forward", "UpProjectBlock.forward"
)
@pytest.mark.points(1)
@pytest.mark.hint("no detach, no .data and no torch.no_grad on the way")
def test_gradients(student: Any, reference: Any, generator: torch.Generator) -> None:
    """The gradient of the perceiver's loss reaches every parameter."""
    theirs, ours = twins(student, reference, make_gpt, generator)
    idx = torch.stack([torch.randperm(V, generator=generator) for _ in range(3)])
    idx = torch.cat((idx, idx[:, :1]), dim=1)  # (3, BLOCK), every character of the vocabulary
    targets = characters(generator, 3, BLOCK)
    gradients = student.probe.parameter_gradients(theirs, [idx, targets], 1)
    expect.gradients(gradients, list(variants.gradients(ours, idx, targets)), "the perceiver")


@pytest.mark.about("build_model")
@pytest.mark.points(2)
@pytest.mark.hint("perceiver=True and bottleneck_dim, in addition to the vanilla model's sizes")
def test_build_perceiver(
    student: Any, reference: Any, generator: torch.Generator, seed: int
) -> None:
    """build_model("perceiver") builds the handout's model for any bottleneck."""
    vocabulary, block, places = 40 + seed % 30, 20 + seed % 20, 5 + seed % 10
    ours = reference.recipe.build_model("perceiver", vocabulary, block, places)
    ours = randomise(ours, generator).eval()
    built = student.recipe.build_model("perceiver", vocabulary, block, places)
    theirs = expect.thing(built, "build_model")
    load_parameters(student, theirs, ours)
    theirs.eval()
    idx = characters(generator, 2, block)
    logits = logits_of(theirs(idx))
    # Four layers of 256 channels with large weights: rounding differs by about 1e-4.
    expect.close_to_any(logits, variants.logits(ours, idx), "its logits", atol=5e-3)
