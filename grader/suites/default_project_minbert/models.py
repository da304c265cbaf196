"""Small models without dropout, inputs with padding, and both masks of an input.

Letters in the shapes: b batch, T tokens, H hidden size, nh heads, hs = H // nh, V vocabulary.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from grader.random_inputs import indices

V, LONGEST, H, HEADS, INNER = 23, 12, 16, 4, 40
SIZES: dict[str, Any] = {
    "vocab_size": V,
    "max_position_embeddings": LONGEST,
    "hidden_size": H,
    "num_attention_heads": HEADS,
    "num_hidden_layers": 2,
    "intermediate_size": INNER,
    "type_vocab_size": 2,
    "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
    "num_labels": 5,
    "option": "finetune",
    "pretrained": None,
}


def config(code: Any, **changes: Any) -> Any:
    """A small configuration of `code`, the student or the reference, without dropout."""
    return code.config.BertConfig(**SIZES | changes)


def words(generator: torch.Generator, b: int, T: int) -> Tensor:
    """Random ids, (b, T) long, none of them [PAD] (0)."""
    return indices(generator, V, b, T, first=1)


def padded(generator: torch.Generator, lengths: list[int]) -> tuple[Tensor, Tensor]:
    """Random ids and their attention mask, (b, T) long each: 1 for the first `lengths` tokens.

    The padding has ids of words, so that whoever looks at it is noticed.
    """
    places = torch.arange(max(lengths))
    mask = (places < torch.tensor(lengths)[:, None]).long()
    return words(generator, len(lengths), max(lengths)), mask


def additive(mask: Tensor) -> Tensor:
    """An attention mask (b, T) of 1 and 0 -> (b, 1, 1, T) of 0.0 and -10000.0."""
    return (1.0 - mask[:, None, None, :].float()) * -10000.0
