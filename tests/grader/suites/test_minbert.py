"""What minbert's hidden suite alone has: the accepted forms of AdamW, trainings with thresholds."""

from __future__ import annotations

import pytest
import torch

from grader.assignment import find
from grader.boundary.local import LocalStudent
from grader.suites.default_project_minbert import adamw, lessons, probes
from grader.verdict import patches, workspace
from grader.verdict.audit import Case, Kind, tree_of
from grader.verdict.grade import Options, grade

MINBERT = find("default_project_minbert")


def test_one_accepted_form_of_adamw_is_torchs() -> None:
    """torch corrects the moments and decays first; the four forms differ only where eps matters."""
    generator = torch.Generator().manual_seed(1)
    start = torch.randn(3, 4, generator=generator)
    gradients = [torch.randn(3, 4, generator=generator) for _ in range(50)]
    options = {"lr": 0.02, "eps": 1e-3, "weight_decay": 0.3}
    path = probes.steps(
        torch.optim.AdamW, [start], [[each] for each in gradients], [{"params": [0], **options}]
    )
    ends = [form[-1] for form in adamw.ends(start, gradients, options)]
    equal = [torch.allclose(path[-1][0].double(), end, atol=1e-6) for end in ends]
    assert sum(equal) == 1
    without = [form[-1] for form in adamw.ends(start, gradients, {"lr": 0.02, "eps": 0.0})]
    assert all(torch.allclose(end, without[0], atol=1e-12) for end in without)


def test_no_hidden_seed_draws_the_weights_that_a_worker_sees() -> None:
    """Whoever sees weights that were drawn from a test's hidden seed can search for the seed."""
    student = _Recorder(MINBERT.solution, workspace.suite_probes(MINBERT))
    reviews = lessons.Reviews.drawn(torch.Generator().manual_seed(3))
    for hidden in (1, 2):
        torch.manual_seed(hidden)
        lessons.learnt_reviews(student, LocalStudent(MINBERT.solution), reviews, 5)
    first, second = student.filled
    assert all(torch.equal(value, second[name]) for name, value in first.items())


class _Recorder(LocalStudent):
    """Notes the weights that it is given, and trains nothing."""

    def __init__(self, folder, probes: bytes) -> None:
        super().__init__(folder, probes)
        self.filled: list[dict[str, torch.Tensor]] = []
        self.probe = _Probes(self.probe, self.filled)


class _Probes:
    def __init__(self, inner, filled) -> None:
        self._inner, self._filled = inner, filled

    def train(self, *arguments) -> None:
        pass

    def fill_named(self, module, values):
        self._filled.append({name: value.clone() for name, value in values.items()})
        return self._inner.fill_named(module, values)

    def __getattr__(self, name):
        return getattr(self._inner, name)


@pytest.mark.parametrize(
    ("mistake", "part", "tests"),
    [
        ("attention_dropout_in_evaluation", "a", ["test_no_dropout_in_evaluation"]),
        ("add_norm_dropout_before_dense", "a", ["test_add_norm_dropout"]),
        ("adamw_lr_of_the_first_group", "b", ["test_groups"]),
        ("adamw_loss_lost", "b", ["test_in_place"]),
        ("masking_none_random", "c", ["test_80_10_10", "test_random_words"]),
        ("masking_generator_ignored", "c", ["test_generator"]),
        ("classifier_never_frozen", "d", ["test_pretrain_trains_the_head"]),
        ("tasks_paraphrase_sigmoid", "e", ["test_paraphrase_logits"]),
    ],
)
def test_one_mistake_fails_the_tests_about_it(mistake: str, part: str, tests: list[str]) -> None:
    """A mistake costs the points of what it is about, and no more."""
    patch = patches.read(MINBERT.suite / "mistakes" / f"{mistake}.toml")
    options = Options(isolation="none", parts=(part,), quick=True)
    result = grade(MINBERT, tree_of(MINBERT, Case(Kind.MISTAKE, patch)), options)
    assert result.usable, result.faults
    lost = [test.name.split("::")[1] for test in result.tests if test.score < test.max_score]
    assert lost == tests


@pytest.mark.slow
@pytest.mark.parametrize("seed", [100, 101, 102])
def test_short_trainings_are_far_from_their_thresholds(seed: int) -> None:
    """The reference is right far more often than the suite asks for, whatever is drawn."""
    student = LocalStudent(MINBERT.solution, workspace.suite_probes(MINBERT))
    student.begin(seed)
    generator = torch.Generator().manual_seed(seed)
    answers = {
        method: lessons.examine(student, method, generator, seed) for method, _ in lessons.TASKS
    }
    (logits, grades), (pairs, same), (numbers, similar) = answers.values()
    assert (logits.argmax(1) == grades).float().mean() > lessons.RIGHT + 0.1
    assert ((pairs > 0).float() == same).float().mean() > lessons.ALIKE + 0.1
    both = torch.stack((numbers.flatten(), similar))
    assert torch.corrcoef(both)[0, 1] > lessons.CORRELATED + 0.2
