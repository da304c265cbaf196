"""Task g: how often the pretrained perceiver's predictions are right, in bands."""

import pytest

from grader.suites.a5_mingpt_perceiver.predictions import judge

pytestmark = pytest.mark.part("g")
GOOD = {"embedded": 0.12, "birthplaces": 0.08}


@pytest.mark.points(1)
@pytest.mark.hint("is the finetuning reading the perceiver's own pretrained weights?")
def test_better_than_london(submitted, data, reference):
    """The pretrained perceiver is better than the London baseline."""
    accuracy, london = judge(submitted, data, reference, "perceiver.pretrain", "test")
    assert accuracy > london, "London for every answer is as good, or better"


@pytest.mark.points(2)
@pytest.mark.hint("a bottleneck of 32 places learns more slowly than the vanilla model")
def test_knows(submitted, data, reference):
    """The pretrained perceiver knows some birthplaces: 12 % embedded, 8 % of the real ones."""
    accuracy, _ = judge(submitted, data, reference, "perceiver.pretrain", "test")
    assert accuracy >= GOOD[data.name], "too few predictions are right"
