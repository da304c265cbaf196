"""Task d: the predictions of a model that was finetuned without pretraining."""

import pytest

from grader.suites.a5_mingpt_perceiver.predictions import judge

pytestmark = pytest.mark.part("d")


@pytest.mark.points(2)
@pytest.mark.hint("run.py evaluate ... --outputs_path predictions/vanilla.nopretrain.dev.txt")
def test_without_pretraining(submitted, data, reference):
    """The dev predictions of the model without pretraining are handed in: a place a line."""
    judge(submitted, data, reference, "vanilla.nopretrain", "dev")
