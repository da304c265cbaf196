"""Part c: which model, and how it is finetuned."""

from typing import Any

import pytest
import torch

from grader import expect
from grader.suites.a5_mingpt_perceiver.models import characters, logits_of
from grader.weights import load_parameters, randomise

pytestmark = pytest.mark.part("c")


def finetune(student: Any, pretrained: bool, *sizes: Any, **changes: Any) -> Any:
    config = student.recipe.finetune_config(pretrained, *sizes, **changes)
    return expect.thing(config, "finetune_config")


@pytest.mark.about("build_model")
@pytest.mark.points(2)
@pytest.mark.hint("4 layers, 8 heads, 256 channels")
def test_build_vanilla(student: Any, reference: Any, generator: torch.Generator, seed: int) -> None:
    """build_model("vanilla") builds the handout's model for any vocabulary and block size."""
    vocabulary, block = 40 + seed % 30, 20 + seed % 20
    ours = randomise(reference.recipe.build_model("vanilla", vocabulary, block), generator)
    theirs = expect.thing(student.recipe.build_model("vanilla", vocabulary, block), "build_model")
    load_parameters(student, theirs, ours)
    theirs.eval()
    idx = characters(generator, 2, block)
    # Four layers of 256 channels with large weights: rounding differs by about 1e-4.
    expect.close(logits_of(theirs(idx)), ours.eval()(idx)[0], "its logits", atol=5e-3)


@pytest.mark.about("finetune_config")
@pytest.mark.points(1)
@pytest.mark.hint("the two cases are easily swapped")
def test_finetune_epochs(student: Any) -> None:
    """Finetuning takes 10 epochs from pretrained weights and 75 without."""
    for pretrained, epochs in ((True, 10), (False, 75)):
        result = expect.whole(finetune(student, pretrained, 1000).max_epochs, "max_epochs")
        assert result == epochs, f"max_epochs is wrong with pretrained={pretrained}"


@pytest.mark.about("finetune_config")
@pytest.mark.points(1)
@pytest.mark.hint("finetuning and pretraining have different batch sizes and learning rates")
def test_finetune_batches_and_rate(student: Any, seed: int) -> None:
    """Finetuning uses batches of 256 and the given learning rate, by default 6e-4."""
    lr = (1 + seed % 97) * 1e-5
    for pretrained in (True, False):
        config = finetune(student, pretrained, 1000)
        assert expect.whole(config.batch_size, "batch_size") == 256, "batch_size is wrong"
        rate = expect.number(config.learning_rate, "learning_rate")
        assert abs(rate - 6e-4) < 1e-9, "the default learning_rate is wrong"
        config = finetune(student, pretrained, 1000, lr=lr)
        rate = expect.number(config.learning_rate, "learning_rate")
        assert abs(rate - lr) < 1e-9, "learning_rate is not the one that was given"


@pytest.mark.about("finetune_config")
@pytest.mark.points(1)
@pytest.mark.hint(
    "tokens are characters, including PADs: 512 * 20, and 200 epochs of the pretraining text"
)
def test_finetune_schedule(student: Any, seed: int) -> None:
    """Finetuning warms up and decays as the handout's table says."""
    documents, block = 500 + seed % 1000, 64 + seed % 64
    for pretrained in (True, False):
        config = finetune(student, pretrained, documents, block)
        assert expect.truth(config.lr_decay, "lr_decay"), "lr_decay should be True"
        warmup = expect.number(config.warmup_tokens, "warmup_tokens")
        assert warmup == 512 * 20, "warmup_tokens is wrong"
        final = expect.number(config.final_tokens, "final_tokens")
        assert final == 200 * documents * block, "final_tokens is wrong"
