"""Part g: schedules, and noise on characters."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from grader import expect
from grader.suites.a3_vae_clm.batches import C, expect_share, texts
from grader.suites.a3_vae_clm.variants import expect_right

pytestmark = pytest.mark.part("g")
COSINE, LINEAR = "cosine_schedule", "linear_schedule"
UNIFORM, ABSORBING = "corrupt_uniform", "corrupt_absorbing"
ABSORBED = C + 3
KEEP = (1.0, 0.0, 0.5, 0.8, 0.5)
PLACES = 3000


def schedule(keep: Any, right: list[float], wrong: dict[str, list[float]], what: str) -> None:
    """Compares a schedule; its ends must be exact."""
    steps = len(right) - 1
    found = expect.tensor(keep, None, "float", what)
    assert len(found.shape) == 1 and len(found) == steps + 1, f"{what} should have steps + 1 levels"
    known = {sentence: torch.tensor(value) for sentence, value in wrong.items()}
    expect_right(found, torch.tensor(right), known, what, atol=1e-6)
    assert found[0] == 1, f"{what}: nothing is lost at level 0: keep[0] should be 1"
    assert found[steps] == 0, (
        f"{what}: keep[steps] is not exactly 0, so the last level does not reach its prior"
    )


@pytest.mark.about(COSINE)
@pytest.mark.points(1)
@pytest.mark.hint("cos(pi t / (2 steps))^2 for t = 0 .. steps; set the last to 0")
def test_cosine_schedule(student: Any) -> None:
    """cosine_schedule falls from 1 to exactly 0 by cos(pi t / (2 steps))^2."""
    for steps in (1, 2, 7, 20, 100):
        angles = [math.pi * t / (2 * steps) for t in range(steps + 1)]
        wrong = {
            "the cosine is not squared": [math.cos(angle) for angle in angles],
            "it is the sine's square: it should fall": [math.sin(angle) ** 2 for angle in angles],
            "it is a line": [1 - t / steps for t in range(steps + 1)],
            "the angle should end at pi / 2, not at pi": [
                math.cos(2 * angle) ** 2 for angle in angles
            ],
        }
        right = [math.cos(angle) ** 2 for angle in angles]
        schedule(student.diffusion.cosine_schedule(steps), right, wrong, COSINE)


@pytest.mark.about(LINEAR)
@pytest.mark.points(1)
@pytest.mark.hint("1 - t / steps for t = 0 .. steps: steps + 1 levels")
def test_linear_schedule(student: Any) -> None:
    """linear_schedule falls from 1 to exactly 0 on a line."""
    for steps in (1, 2, 7, 20, 100):
        right = [1 - t / steps for t in range(steps + 1)]
        wrong = {
            "it is the cosine's": [
                math.cos(math.pi * t / steps / 2) ** 2 for t in range(steps + 1)
            ],
            "it rises: it should fall": right[::-1],
            "it is squared": [value**2 for value in right],
        }
        schedule(student.diffusion.linear_schedule(steps), right, wrong, LINEAR)


def corrupted(student: Any, name: str, x0: Tensor, symbol: int, seed: int) -> Tensor:
    """What a function that corrupts returns for the rows' keep probabilities, (B, T) long."""
    call, keep = getattr(student.diffusion, name), torch.tensor(KEEP)

    def draw(number: int) -> Tensor:
        x_t = call(x0, keep, symbol, student.probe.generator(number))
        return expect.tensor(x_t, x0.shape, torch.long, f"what {name} returns")

    first = draw(seed)
    assert torch.equal(first, draw(seed)), f"{name} does not draw from the generator alone"
    assert not torch.equal(first, draw(seed + 1)), f"{name} does not draw from the generator"
    after = student.probe.arguments_after(
        call, [x0.clone(), keep, symbol, student.probe.generator(seed)]
    )
    kept = expect.items(after, 4, "the arguments")[0]
    assert torch.equal(expect.tensor(kept, x0.shape, torch.long, "x0"), x0), (
        f"{name} changes x0 in place"
    )
    return first


def check_independent(changed: Tensor, share: float, what: str) -> None:
    """Checks that neighbouring places, and two rows of one keep probability, change apart.

    changed: (B, T) bool, with two rows that change with probability `share`: 2 and 4.
    """
    pairs = (changed[2, :-1:2] & changed[2, 1::2], changed[2] & changed[4])
    for both, where in zip(
        pairs, ("neighbouring places", "the same place of two rows"), strict=True
    ):
        expect_share(both, share**2, f"{what}: {where} are not corrupted independently")


@pytest.mark.about(UNIFORM)
@pytest.mark.points(2)
@pytest.mark.hint("torch.rand < keep_t[:, None] keeps a place; torch.randint(size) replaces it")
def test_corrupt_uniform(student: Any, generator: torch.Generator, worker_seed: int) -> None:
    """corrupt_uniform keeps a place with probability keep_t, and else draws from all symbols."""
    x0 = torch.minimum(*(texts(generator, len(KEEP), PLACES) for _ in range(2)))  # uneven
    x_t = corrupted(student, UNIFORM, x0, C, worker_seed)
    assert bool(((x_t >= 0) & (x_t < C)).all()), f"{UNIFORM} makes symbols that are not below size"
    assert torch.equal(x_t[0], x0[0]), "with keep_t = 1 nothing should change"
    for row, keep in enumerate(KEEP):
        lost = (1 - keep) / C
        what = f"with keep_t = {keep} the wrong share of places"
        expect_share(x_t[row] == x0[row], keep + lost, f"{what} is as in x0")
        for symbol in range(C):
            others = x_t[row][x0[row] != symbol]
            expect_share(others == symbol, lost, f"{what} becomes symbol {symbol}")
    check_independent(x_t != x0, 0.5 * (1 - 1 / C), UNIFORM)


@pytest.mark.about(ABSORBING)
@pytest.mark.points(1)
@pytest.mark.hint("torch.where(torch.rand(x0.shape, ..) < keep_t[:, None], x0, absorbed)")
def test_corrupt_absorbing(student: Any, generator: torch.Generator, worker_seed: int) -> None:
    """corrupt_absorbing keeps a place with probability keep_t, and else writes `absorbed`."""
    x0 = texts(generator, len(KEEP), PLACES)
    x_t = corrupted(student, ABSORBING, x0, ABSORBED, worker_seed)
    lost = x_t == ABSORBED
    assert bool((lost | (x_t == x0)).all()), "a place is neither that of x0 nor `absorbed`"
    for row, keep in enumerate(KEEP):
        what = f"with keep_t = {keep} the wrong share of places is absorbed"
        expect_share(lost[row], 1 - keep, what)
    assert bool(lost[1].all()), "with keep_t = 0 every place should be absorbed"
    assert not bool(lost[0].any()), "with keep_t = 1 nothing should change"
    check_independent(lost, 0.5, ABSORBING)
