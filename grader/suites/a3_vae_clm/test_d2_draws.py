"""Part d: draws from the mixture prior."""

from typing import Any

import pytest
import torch
from torch import Tensor

from grader import expect
from grader.suites.a3_vae_clm.batches import expect_share

pytestmark = pytest.mark.part("d")
SAMPLE = "MixturePrior.sample"
MEANS = torch.tensor([[-40.0, 0.0], [0.0, 40.0], [40.0, -40.0]])
PRECISIONS = torch.tensor([-2.0, 1.0])
LOGITS = torch.tensor([0.0, 1.0, -1.0])
DRAWS = (300, 20)


def apart(student: Any, learn_weights: bool = True) -> Any:
    """A student's prior of three components that lie far apart, of the weights in LOGITS."""
    theirs = expect.thing(student.mixture.MixturePrior(3, 2, learn_weights), "the prior")
    values = {"means": MEANS, "log_precisions": PRECISIONS}
    report = student.probe.fill_named(
        theirs, values | ({"logits": LOGITS} if learn_weights else {})
    )
    expect.plain(report, "the prior")
    return theirs


def nearest(draws: Tensor) -> Tensor:
    """Which component a draw comes from, (..)."""
    return torch.cdist(draws.flatten(0, -2), MEANS).argmin(-1).view(draws.shape[:-1])


@pytest.mark.about(SAMPLE)
@pytest.mark.points(1)
@pytest.mark.hint("draw a component for each sample, by softmax(logits), then z from it")
def test_sample(student: Any, worker_seed: int) -> None:
    """Draws come from each component as often as it weighs, with its mean and its precisions."""
    for learn_weights in (True, False):
        theirs = apart(student, learn_weights)
        random = student.probe.generator(worker_seed)
        draws = expect.tensor(theirs.sample(DRAWS, random), (*DRAWS, 2), "float", "the draws")
        chosen = nearest(draws)
        shares = LOGITS.softmax(0) if learn_weights else torch.full((3,), 1 / 3)
        for component, share in enumerate(shares.tolist()):
            expect_share(chosen == component, share, f"component {component} makes the wrong share")
            own = draws[chosen == component]
            error = (own.mean(0) - MEANS[component]) * (len(own) * PRECISIONS.exp()).sqrt()
            assert error.abs().max() < 5, "the draws of a component lie off its mean"
            ratio = own.var(0) * PRECISIONS.exp()
            allowed = 5 * (2 / len(own)) ** 0.5
            assert ((ratio - 1).abs() < allowed).all(), "the draws have the wrong variance"
            both = torch.corrcoef(own.t())[0, 1]
            assert both.abs() < 5 / len(own) ** 0.5, "the numbers of a draw depend on each other"


@pytest.mark.about(SAMPLE)
@pytest.mark.points(1)
@pytest.mark.hint("every random number comes from `generator`; each draw has its own component")
def test_sample_draws_apart(student: Any, worker_seed: int) -> None:
    """Each draw has a component of its own, of any shape; a seed fixes all of them."""
    theirs, what = apart(student), "what sample returns"
    for shape in ((4,), (1, 1), (2, 3, 5)):
        draws = theirs.sample(shape, student.probe.generator(worker_seed))
        expect.tensor(draws, (*shape, 2), "float", what)
    seeds = [student.probe.generator(seed) for seed in (worker_seed, worker_seed, worker_seed + 1)]
    first, second, other = (expect.tensor(theirs.sample(DRAWS, g), what=what) for g in seeds)
    assert torch.equal(first, second), f"{what} does not depend on the generator alone"
    assert not torch.equal(first, other), f"{what} does not depend on the generator"
    chosen = nearest(first)
    for dim in (0, 1):
        assert (chosen != chosen.roll(1, dim)).float().mean() > 0.2, (
            "draws share a component: choose one for each draw"
        )
        steps = (first - first.roll(1, dim)).abs().amin(-1)
        assert steps.min() > 0, "draws share their noise: draw it for each of them"
    attached = expect.tensor(first, (*DRAWS, 2), "float", what)
    assert bool(attached.isfinite().all()), f"{what} is not finite"
