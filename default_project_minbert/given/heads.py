"""Other heads on a pair of sentences. Given code: there is nothing to write here.

    model = build(config)       # config.pair_head: "own" (if absent), or one of PAIR_HEADS

"own" is the student's MultitaskBERT. The others keep its BERT and its sentiment, and replace what
it makes of a pair:

concat_diff   a head per task on [u, v, |u - v|] (InferSent: Conneau et al., 2017)
abs_diff      a head per task on |u - v|
cosine        each task's own scale and offset of the cosine of u and v (Sentence-BERT: Reimers and
              Gurevych, 2019)
relational    one layer that both tasks share on [u, v, |u - v|], then a head per task
cross         both sentences are read together, [CLS] a [SEP] b [SEP], as in BERT itself
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from backbone import pair_features, pool
from losses import THRESHOLD
from multitask_classifier import MultitaskBERT
from torch import Tensor, nn
from torch.nn import functional as F

PAIR_HEADS = ("concat_diff", "abs_diff", "cosine", "relational", "cross")
OWN = "own"
# Where a cosine begins: a paraphrase above 0.75, a similarity of 0 to 5.
COSINE_START = {"paraphrase": (12.0, -9.0), "similarity": (5.0, 0.0)}


def build(config: Any) -> MultitaskBERT:
    """The model that `config.pair_head` names. Raises ValueError for an unknown name.

    With config.calibrate it has a threshold (losses.py), which calibration.py finds.
    """
    name = getattr(config, "pair_head", OWN)
    model = MultitaskBERT(config) if name == OWN else MultitaskWithHeads(config)
    if getattr(config, "calibrate", False):
        model.register_buffer(THRESHOLD, torch.zeros(()))
    return model


class MultitaskWithHeads(MultitaskBERT):
    """The student's model with the head `config.pair_head` on pairs."""

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        if config.pair_head not in PAIR_HEADS:
            raise ValueError(
                f"{config.pair_head!r} is not a head: choose one of {', '.join(PAIR_HEADS)}"
            )
        for name in ("paraphrase_head", "similarity_head"):  # those of [u, v, |u - v|]
            if hasattr(self, name):
                delattr(self, name)
        self.pair_head = PairHead(config)
        self.reads_pairs = config.pair_head == "cross"

    def predict_paraphrase(self, ids_1: Tensor, mask_1: Tensor, ids_2: Tensor, mask_2: Tensor):
        """(b, T1) and (b, T2) long. Returns logits (b,)."""
        return self.pair_head("paraphrase", *self._vectors(ids_1, mask_1, ids_2, mask_2))

    def predict_similarity(self, ids_1: Tensor, mask_1: Tensor, ids_2: Tensor, mask_2: Tensor):
        """(b, T1) and (b, T2) long. Returns (b,), from 0 to 5."""
        return self.pair_head("similarity", *self._vectors(ids_1, mask_1, ids_2, mask_2))

    def _vectors(self, ids_1: Tensor, mask_1: Tensor, ids_2: Tensor, mask_2: Tensor) -> Any:
        """One vector of each pair, or one of each sentence: (b, H)."""
        if self.reads_pairs:
            ids, mask, types = joined(ids_1, mask_1, ids_2, mask_2)
            return (pool(self.bert(ids, mask, types), mask, self.pooling),)
        return self.forward(ids_1, mask_1), self.forward(ids_2, mask_2)


class PairHead(nn.Module):
    """From vectors to one number per pair, for both tasks."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        H, name = config.hidden_size, config.pair_head
        self.dropout = nn.Dropout(config.hidden_dropout_prob)
        self.features: Callable[..., Tensor] = _FEATURES[name]
        self.shared: nn.Module = nn.Identity()
        width = {"concat_diff": 3 * H, "cosine": 1}.get(name, H)
        if name == "relational":
            self.shared = nn.Sequential(nn.Linear(3 * H, H), nn.GELU())
        if name == "cosine":
            self.dropout = nn.Identity()  # of one number, dropout would leave nothing
        self.of_task = nn.ModuleDict({task: nn.Linear(width, 1) for task in COSINE_START})
        if name == "cosine":
            for task, (scale, offset) in COSINE_START.items():
                nn.init.constant_(self.of_task[task].weight, scale)
                nn.init.constant_(self.of_task[task].bias, offset)

    def forward(self, task: str, *vectors: Tensor) -> Tensor:
        """vectors: one or two of (b, H). Returns (b,)."""
        features = self.shared(self.dropout(self.features(*vectors)))  # (b, width)
        return self.of_task[task](features).squeeze(-1)  # (b,)


def joined(
    ids_1: Tensor, mask_1: Tensor, ids_2: Tensor, mask_2: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """[CLS] a [SEP] b [SEP] of each pair [CLS] a [SEP], [CLS] b [SEP]: ids, mask and types.

    ids and masks: (b, T1) and (b, T2) long, padded at the end. Returns three of (b, T) long; the
    type is 1 in the second sentence.
    """
    first, second = mask_1.sum(dim=1), mask_2.sum(dim=1) - 1  # (b,) each: b loses its [CLS]
    T = int((first + second).max())
    places = torch.arange(T, device=ids_1.device).expand(len(ids_1), T)  # (b, T)
    in_second = places >= first.unsqueeze(1)
    mask = places < (first + second).unsqueeze(1)
    of_first = ids_1.gather(1, places.clamp(max=ids_1.size(1) - 1))
    of_second = (places - first.unsqueeze(1) + 1).clamp(0, ids_2.size(1) - 1)
    ids = torch.where(in_second, ids_2.gather(1, of_second), of_first)
    return ids * mask, mask.long(), (in_second & mask).long()


def _cosine(u: Tensor, v: Tensor) -> Tensor:
    return F.cosine_similarity(u.float(), v.float(), dim=-1).unsqueeze(-1)  # (b, 1)


_FEATURES: dict[str, Callable[..., Tensor]] = {
    "concat_diff": pair_features,
    "relational": pair_features,
    "abs_diff": lambda u, v: (u - v).abs(),
    "cosine": _cosine,
    "cross": lambda pair: pair,
}
