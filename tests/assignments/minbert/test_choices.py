"""What tells minBERT's choices apart: surgery, the order of the tasks, and the notes' claim."""

from __future__ import annotations

import torch

from tests.flat import flat_imports
from tests.programs import ROOT

PROJECT = ROOT / "default_project_minbert"
with flat_imports(PROJECT / "solution", PROJECT / "given"):
    import claims
    import gradients
    import multitask_classifier


def test_surgery_takes_the_conflict_out_and_keeps_what_agrees() -> None:
    draw = torch.Generator().manual_seed(0)
    one, other = torch.tensor([1.0, 0.0]), torch.tensor([-1.0, 1.0])
    # Each is projected onto the plane of the other: (1/2, 1/2) and (0, 1).
    assert torch.allclose(gradients.surgery([one, other], draw), torch.tensor([0.25, 0.75]))
    other = torch.tensor([1.0, 1.0])
    assert torch.equal(gradients.surgery([one, other], draw), torch.tensor([1.0, 0.5]))
    assert torch.equal(gradients.surgery([one, -one], draw), torch.zeros(2))


def test_round_robin_begins_a_loader_again() -> None:
    loaders = {"a": [1], "b": [2, 3]}
    steps = list(multitask_classifier.round_robin(loaders, 6))
    assert steps == [("a", 1), ("b", 2), ("a", 1), ("b", 3), ("a", 1), ("b", 2)]


def rows(**means: list[float]) -> list[dict]:
    return [
        {"choice": choice, "seed": seed, "after": "end", "mean": value}
        for choice, values in means.items()
        for seed, value in enumerate(values)
    ]


def test_the_claim_is_told_true_or_false_by_the_table() -> None:
    true, words = claims.claim(rows(base=[0.8, 0.9], other=[0.7, 0.8]), "base", ["base", "other"])
    assert true is True
    assert words.endswith(
        "is true here: base has 0.850 ± 0.071 (2 seeds), other has 0.750 ± 0.071 (2 seeds)"
    )
    true, words = claims.claim(rows(base=[0.8], other=[0.9]), "base", ["base", "other"])
    assert true is False and "is false here" in words
    assert claims.claim(rows(base=[0.8]), "base", ["base", "other"])[0] is None
