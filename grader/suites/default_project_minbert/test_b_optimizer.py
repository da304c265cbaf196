"""Part b: AdamW, one step and many."""

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Tensor

from grader import expect
from grader.random_inputs import normal
from grader.suites.default_project_minbert import adamw

pytestmark = [pytest.mark.part("b"), pytest.mark.about("AdamW.step")]
SHAPES = [(3, 4), (5,)]
NO_EPS = 1e-12  # small wherever it is added: only the tests of eps depend on that
WHAT = "the parameters"


def random_run(generator: torch.Generator, count: int) -> tuple[list[Tensor], list[list[Any]]]:
    """Parameters at the start, and `count` gradients of each."""
    start = [normal(generator, *shape) for shape in SHAPES]
    # Gradients of one sign in the long run, so that the first moment matters.
    lean = [normal(generator, *shape) for shape in SHAPES]
    gradients = [
        [0.5 * mean + normal(generator, *mean.shape) for mean in lean] for _ in range(count)
    ]
    return start, gradients


def check(
    student: Any,
    start: list[Tensor],
    gradients: Sequence[Sequence[Any]],
    groups: list[dict[str, Any]],
    restart: int | None = None,
    what: str = WHAT,
    rates: list[float] | None = None,
) -> None:
    """Checks the parameters after the first, the middle and the last step."""
    path = student.probe.steps(student.optimizer.AdamW, start, gradients, groups, restart, rates)
    path = expect.items(path, len(gradients), "the steps")
    last = expect.items(path[-1], len(start), "the parameters")
    for place, value in enumerate(last):  # two mistakes may differ only in the end
        expect.tensor(value, start[place].shape, "float", f"{what} after all steps")
    for group in groups:
        options = {name: value for name, value in group.items() if name != "params"}
        options["rates"] = rates
        for place in group["params"]:
            forms = adamw.ends(start[place], [row[place] for row in gradients], options)
            for number in sorted({0, len(path) // 2, len(path) - 1}):
                now = expect.items(path[number], len(start), "the parameters")[place]
                choices = [form[number] for form in forms]
                plural = "step" if number == 0 else "steps"
                # Float32 rounds each step by 1e-7 of a parameter; 200 of them by less than 2e-5.
                expect.close_to_any(now, choices, f"{what} after {number + 1} {plural}", atol=2e-5)


def both(**options: Any) -> list[dict[str, Any]]:
    """One group of both parameters."""
    return [{"params": [0, 1], "eps": NO_EPS, **options}]


@pytest.mark.points(1)
@pytest.mark.hint("after correction, the first step moves each weight by nearly lr")
def test_first_step(student: Any, generator: torch.Generator) -> None:
    """One step without weight decay."""
    for lr in (1e-3, 0.1):
        check(student, *random_run(generator, 1), both(lr=lr))


@pytest.mark.points(3)
@pytest.mark.hint("the moments go on from step to step, and the count of steps goes up by 1")
def test_many_steps(student: Any, generator: torch.Generator) -> None:
    """200 steps without weight decay, with the usual betas and others."""
    for betas in ((0.9, 0.999), (0.7, 0.95)):
        check(student, *random_run(generator, 200), both(lr=0.02, betas=betas))


@pytest.mark.points(2)
@pytest.mark.hint("with correct_bias=False the step is lr times the first moment over the root")
def test_no_correction(student: Any, generator: torch.Generator) -> None:
    """With correct_bias=False, nothing makes up for moments that begin with 0."""
    check(student, *random_run(generator, 100), both(lr=0.02, correct_bias=False))


@pytest.mark.points(3)
@pytest.mark.hint("decay changes the weights, never the gradient or the moments: lr * weight_decay")
def test_weight_decay(student: Any, generator: torch.Generator) -> None:
    """Weight decay takes lr * weight_decay of each weight at each step, outside the gradient."""
    start, gradients = random_run(generator, 150)
    for options in (
        {"lr": 0.005, "weight_decay": 0.5},
        {"lr": 0.02, "weight_decay": 0.1},
    ):
        check(student, start, gradients, both(**options))
    # With no gradient to speak of, only the decay is left.
    still = [[torch.zeros(shape) for shape in SHAPES]] * 20
    check(student, start, still, both(lr=0.1, weight_decay=0.3), what=f"{WHAT}, without gradient,")


@pytest.mark.points(1)
@pytest.mark.hint("eps is added to the root of the second moment, not under the root")
def test_eps(student: Any, generator: torch.Generator) -> None:
    """eps keeps steps small where gradients are tiny."""
    start, gradients = random_run(generator, 40)
    for eps in (1e-6, 1e-5, 1e-3):
        tiny = [[1e-4 * gradient for gradient in row] for row in gradients]
        check(student, start, tiny, both(lr=0.05, eps=eps))


@pytest.mark.points(2)
@pytest.mark.hint("read lr, betas, eps, weight_decay and correct_bias from the group at each step")
def test_groups(student: Any, generator: torch.Generator) -> None:
    """Each group of parameters has its own lr, betas, eps, weight decay and correction.

    A schedule changes the lr between steps.
    """
    groups = [
        {"params": [1], "lr": 0.05, "betas": (0.8, 0.99), "eps": 1e-2, "weight_decay": 0.2},
        {"params": [0], "lr": 0.01, "weight_decay": 0.0, "correct_bias": False},
    ]
    for each in (groups, groups[::-1]):
        check(student, *random_run(generator, 60), each)
    rates = [0.05 * (1 - number / 40) for number in range(40)]
    what = f"{WHAT}, if lr changes between steps,"
    check(student, *random_run(generator, 40), both(lr=0.05), what=what, rates=rates)


@pytest.mark.points(1)
@pytest.mark.hint("count steps in each parameter's own state, not in one number for all")
def test_late_gradients(student: Any, generator: torch.Generator) -> None:
    """A parameter without a gradient stays as it is, and its steps count from its first one."""
    start, gradients = random_run(generator, 30)
    late = [
        [None if 15 <= number < 20 else row[0], None if number < 10 else row[1]]
        for number, row in enumerate(gradients)
    ]
    check(student, start, late, both(lr=0.02, weight_decay=0.1))


@pytest.mark.points(1)
@pytest.mark.hint("what is kept from step to step belongs into self.state[p]")
def test_resumes(student: Any, generator: torch.Generator) -> None:
    """Saved with state_dict and loaded into a new optimizer, a run goes on as if never stopped."""
    start, gradients = random_run(generator, 30)
    check(student, start, gradients, both(lr=0.05), restart=12)


@pytest.mark.points(1)
@pytest.mark.hint("p.data or torch.no_grad, and operations in place on the parameter alone")
def test_in_place(student: Any, generator: torch.Generator) -> None:
    """A step changes the parameter itself, leaves the gradient alone, and returns the loss."""
    start, gradient = normal(generator, 4, 3), normal(generator, 4, 3)
    options = {"lr": 0.03, "eps": NO_EPS}
    report = student.probe.after_one_step(student.optimizer.AdamW, start, gradient, options)
    report = expect.plain(report)
    choices = [form[-1] for form in adamw.ends(start, [gradient], options)]
    expect.close_to_any(report.get("value"), choices, "the parameter after one step")
    expect.close(report.get("gradient"), gradient, "the gradient after the step")
    assert expect.truth(report.get("leaf")), "the parameter is no longer one that can be trained"
    loss = expect.number(report.get("loss"), "what step(closure) returns")
    assert loss == 1.5, "step(closure) should return what the closure returns"
