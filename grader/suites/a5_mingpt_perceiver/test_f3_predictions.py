"""Task f: how often the pretrained vanilla model's predictions are right, in bands."""

import pytest

from grader.suites.a5_mingpt_perceiver.predictions import judge

pytestmark = pytest.mark.part("f")
# The share of right predictions that the upper band asks for: five times London on the embedded
# data, twice London on the real ones.
GOOD = {"embedded": 0.25, "birthplaces": 0.10}


@pytest.mark.points(2)
@pytest.mark.hint("is the finetuning reading the pretrained weights?")
def test_better_than_london(submitted, data, reference):
    """The pretrained vanilla model is better than the London baseline by half."""
    accuracy, london = judge(submitted, data, reference, "vanilla.pretrain", "test")
    assert accuracy >= 1.5 * london, "London for every answer is nearly as good, or better"


@pytest.mark.points(2)
@pytest.mark.hint("the loss of pretraining should still be falling when the training ends")
def test_knows(submitted, data, reference):
    """The pretrained vanilla model knows many birthplaces: 25 % embedded, 10 % of the real ones."""
    accuracy, _ = judge(submitted, data, reference, "vanilla.pretrain", "test")
    assert accuracy >= GOOD[data.name], "too few predictions are right"
