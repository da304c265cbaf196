"""The BERT that a classifier stands on: fresh, or with pretrained weights.

config = BertConfig.tiny(vocab_size)        # config.pretrained is None or absent: fresh
config.pretrained = "minilm"                # or a folder, or a name on the hub
bert = build_bert(config)
"""

from __future__ import annotations

from typing import Any

import torch
from bert import BertModel
from torch import Tensor

POOLINGS = ("cls", "mean")


def build_bert(config: Any) -> BertModel:
    """A BertModel of the sizes in `config`, with the weights that `config.pretrained` names.

    Pretrained BERTs keep their own dropout (0.1); a fresh one has that of `config`.
    """
    pretrained = getattr(config, "pretrained", None)
    return BertModel.from_pretrained(pretrained) if pretrained else BertModel(config)


def pool(output: dict[str, Tensor], attention_mask: Tensor, pooling: str) -> Tensor:
    """One vector per sentence, (b, H), from what BertModel returns.

    pooling: "cls" is the pooler's output, "mean" the mean of the last states of real tokens.
    attention_mask: (b, T), 1 at real tokens and 0 at padding.
    """
    if pooling == "cls":
        return output["pooler_output"]  # (b, H)
    if pooling != "mean":
        raise ValueError(f"{pooling!r} is not a pooling: choose one of {', '.join(POOLINGS)}")
    states = output["last_hidden_state"]  # (b, T, H)
    weights = attention_mask.unsqueeze(-1).to(states.dtype)  # (b, T, 1)
    return (states * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1)  # (b, H)


def pair_features(u: Tensor, v: Tensor) -> Tensor:
    """[u, v, |u - v|], (b, 3 H), of two sentences' vectors, (b, H) each (Conneau et al., 2017)."""
    return torch.cat((u, v, (u - v).abs()), dim=-1)
