"""Part f: how the model is pretrained."""

from typing import Any

import pytest

from grader import expect

pytestmark = [pytest.mark.part("f"), pytest.mark.about("pretrain_config")]


def pretrain(student: Any, *sizes: Any, **changes: Any) -> Any:
    return expect.thing(student.recipe.pretrain_config(*sizes, **changes), "pretrain_config")


@pytest.mark.points(1)
@pytest.mark.hint("650 epochs, batches of 128")
def test_epochs_and_batches(student: Any, seed: int) -> None:
    """Pretraining takes 650 epochs in batches of 128, however long the text is."""
    for documents in (1, 10 + seed % 5000):
        config = pretrain(student, documents)
        assert expect.whole(config.max_epochs, "max_epochs") == 650, "max_epochs is wrong"
        assert expect.whole(config.batch_size, "batch_size") == 128, "batch_size is wrong"


@pytest.mark.points(1)
@pytest.mark.hint("finetuning and pretraining have different learning rates")
def test_rate(student: Any, seed: int) -> None:
    """Pretraining uses the given learning rate, by default 6e-3."""
    lr = (1 + seed % 97) * 1e-4
    for config, expected in ((pretrain(student, 50), 6e-3), (pretrain(student, 50, lr=lr), lr)):
        rate = expect.number(config.learning_rate, "learning_rate")
        assert abs(rate - expected) < 1e-9, "learning_rate is wrong"


@pytest.mark.points(1)
@pytest.mark.hint("without lr_decay the trainer ignores warmup_tokens and final_tokens")
def test_schedule(student: Any, seed: int) -> None:
    """Pretraining warms up and decays as the handout's table says."""
    documents, block = 500 + seed % 1000, 64 + seed % 64
    config = pretrain(student, documents, block)
    assert expect.truth(config.lr_decay, "lr_decay"), "lr_decay should be True"
    warmup = expect.number(config.warmup_tokens, "warmup_tokens")
    assert warmup == 512 * 20, "warmup_tokens is wrong"
    final = expect.number(config.final_tokens, "final_tokens")
    assert final == 200 * documents * block, "final_tokens is wrong"
