"""Part f: how the model is pretrained."""

import pytest

pytestmark = pytest.mark.part("f")


@pytest.mark.points(1)
@pytest.mark.hint("the handout's table")
def test_pretrain_config(student):
    """pretrain_config has the numbers of the handout's table."""
    config = student.recipe.pretrain_config(1000, 128, lr=5e-3)
    result = (config.max_epochs, config.batch_size, config.learning_rate, config.lr_decay)
    assert result == (650, 128, 5e-3, True), f"epochs, batch, rate and decay are {result}"
    tokens = (config.warmup_tokens, config.final_tokens)
    assert tokens == (512 * 20, 200 * 1000 * 128), f"warmup and final tokens are {tokens}"
