"""Task f: a short pretraining and finetuning, whose predictions are judged here."""

import pytest
import torch

from grader import expect
from grader.suites.a5_mingpt_perceiver.helpers import NO_DROPOUT
from grader.suites.a5_mingpt_perceiver.world import BLOCK, accuracy, invent

pytestmark = pytest.mark.part("f")
ENOUGH = 0.4  # of 24 hidden questions; 8 cities are alike in number, so chance gives 0.125


def config(student, epochs, batch_size, documents, rate):
    """A fast schedule: a twentieth of the training is warmup, the cosine ends with the training."""
    tokens = epochs * documents * (BLOCK - 1)
    return student.trainer.TrainerConfig(
        max_epochs=epochs, batch_size=batch_size, learning_rate=rate, lr_decay=True,
        warmup_tokens=tokens // 20, final_tokens=tokens, device="cpu", bfloat16=False,
    )  # fmt: skip


def learn(student, world, pretrain=True):
    """A model that was trained on the world, and its vocabulary."""
    documents = student.dataset.CharCorruptionDataset(world.text, BLOCK)
    vocabulary = [*"\u25a1\u2047", *sorted(set(world.text))]
    sizes = {"n_layer": 2, "n_head": 2, "n_embd": 32} | NO_DROPOUT
    torch_config = student.model.GPTConfig(len(vocabulary), BLOCK, **sizes)
    model = expect.thing(student.model.GPT(torch_config), "GPT")
    count = world.text.count("\n") + 1
    if pretrain:
        settings = config(student, 600, count, count, 1e-2)
        student.trainer.Trainer(model, documents, None, settings).train()
    questions = student.dataset.NameDataset(documents, world.train_tsv)
    settings = config(student, 20, len(world.train), len(world.train), 1e-3)
    student.trainer.Trainer(model, questions, None, settings).train()
    return model.eval(), vocabulary


@pytest.mark.slow
@pytest.mark.limit(60)
@pytest.mark.points(3)
@pytest.mark.hint("run tasks c and e first: pretraining needs the model, the dataset and the loss")
def test_knowledge(student, seed):
    """Pretrained and finetuned for some seconds, your model answers questions about new people."""
    torch.manual_seed(seed)
    world = invent(seed)
    model, vocabulary = learn(student, world)
    assert accuracy(model, world.test, vocabulary) >= ENOUGH, (
        "too few of the hidden questions are answered rightly: hardly more than by chance"
    )
