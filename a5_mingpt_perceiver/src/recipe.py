"""The recipes of the assignment: which model, and how it is pretrained and finetuned.

`build_model` and `finetune_config` are part (c), `pretrain_config` is part (f). `run.py` gets its
models and configurations from here; the numbers are those of the handout's table.
"""

from __future__ import annotations

from model import GPT, GPTConfig
from trainer import TrainerConfig

VARIANTS = ("vanilla", "perceiver")
N_LAYER, N_HEAD, N_EMBD = 4, 8, 256
WARMUP_TOKENS = 512 * 20
DECAY_EPOCHS = 200  # the learning rate's cosine ends after this many epochs of the pretraining text


def build_model(
    variant: str, vocab_size: int, block_size: int = 128, bottleneck_dim: int = 32
) -> GPT:
    """A model with fresh weights.

    variant: "vanilla" or "perceiver"; only the perceiver uses bottleneck_dim.
    Raises ValueError for any other variant.
    """
    if variant not in VARIANTS:
        raise ValueError(f"{variant!r} is not a variant: choose one of {', '.join(VARIANTS)}")
    # TODO(c): return a GPT of N_LAYER layers, N_HEAD heads and N_EMBD channels for this
    # vocab_size and block_size; for "perceiver" with perceiver=True and this bottleneck_dim.
    raise NotImplementedError("TODO(c): build_model")


def pretrain_config(dataset_length: int, block_size: int = 128, lr: float = 6e-3) -> TrainerConfig:
    """How to pretrain on span corruption.

    dataset_length: documents in the pretraining text; lr: the largest learning rate.
    """
    # TODO(f): return a TrainerConfig: 650 epochs, batches of 128, learning_rate lr, lr_decay
    # True, warmup_tokens WARMUP_TOKENS, final_tokens DECAY_EPOCHS * dataset_length * block_size.
    raise NotImplementedError("TODO(f): pretrain_config")


def finetune_config(
    pretrained: bool, dataset_length: int, block_size: int = 128, lr: float = 6e-4
) -> TrainerConfig:
    """How to finetune on questions.

    pretrained: whether the model starts from pretrained weights; dataset_length: documents in the
    PRETRAINING text, as in `pretrain_config`; lr: the largest learning rate.
    """
    # TODO(c): return a TrainerConfig: 10 epochs from pretrained weights, 75 without; batches of
    # 256, learning_rate lr, and lr_decay, warmup_tokens and final_tokens as in pretrain_config.
    raise NotImplementedError("TODO(c): finetune_config")
