"""The sizes and rates of a BERT. Given code: there is nothing to write here.

The names are those of a `config.json` on the Hugging Face hub, so that such a file's contents are
the keywords of `BertConfig`.
"""

from __future__ import annotations

import copy
from typing import Any


class BertConfig:
    """Every keyword becomes an attribute; the defaults are the sizes of bert-base-uncased."""

    vocab_size = 30522
    hidden_size = 768
    num_hidden_layers = 12
    num_attention_heads = 12
    intermediate_size = 3072
    hidden_dropout_prob = 0.1
    attention_probs_dropout_prob = 0.1
    max_position_embeddings = 512
    type_vocab_size = 2
    layer_norm_eps = 1e-12
    pad_token_id = 0
    initializer_range = 0.02  # standard deviation of fresh weights

    def __init__(self, **kwargs: Any) -> None:
        for name, value in kwargs.items():
            setattr(self, name, value)

    @classmethod
    def tiny(cls, vocab_size: int, **kwargs: Any) -> BertConfig:
        """A model that trains in minutes on one processor: 2 layers of 64, 128 positions."""
        sizes = {
            "hidden_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "intermediate_size": 128,
            "max_position_embeddings": 128,
        }
        return cls(vocab_size=vocab_size, **(sizes | kwargs))

    def replace(self, **kwargs: Any) -> BertConfig:
        """A copy with these attributes changed."""
        other = copy.copy(self)
        vars(other).update(kwargs)
        return other

    def to_dict(self) -> dict[str, Any]:
        """Every attribute, defaults included."""
        names = [name for name, value in vars(BertConfig).items() if _is_plain(name, value)]
        return {name: getattr(self, name) for name in names} | vars(self)


def _is_plain(name: str, value: object) -> bool:
    return not name.startswith("_") and isinstance(value, int | float)
