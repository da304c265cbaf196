"""An embedding of which only some rows are trained. Given code: there is nothing to write here.

A word that no training text contains has no gradient, and without weight decay AdamW leaves it as
it is. `CompactEmbedding` therefore keeps the words that do occur in a table of their own, its only
parameter; it is about half as large for SST, and an optimiser's step on it takes half the time. Its
state dict is that of the whole `nn.Embedding`, so that files do not depend on it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class CompactEmbedding(nn.Module):
    """Looks words up like the `nn.Embedding` that it replaces.

    weight: (R, H), the rows that are trained. whole: (V, H), all rows, old where R are trained.
    rows: (R,) their numbers. where: (V,) each word's place in weight, -1 if it has none.
    """

    def __init__(self, embedding: nn.Embedding, rows: Tensor) -> None:
        """rows: (R,) long, the numbers of the rows that training texts contain, each once."""
        super().__init__()
        whole = embedding.weight.detach()
        where = torch.full((len(whole),), -1, device=whole.device)
        where[rows] = torch.arange(len(rows), device=whole.device)
        self.weight = nn.Parameter(whole[rows], requires_grad=embedding.weight.requires_grad)
        for name, buffer in (("whole", whole), ("rows", rows), ("where", where)):
            self.register_buffer(name, buffer, persistent=False)
        padding = embedding.padding_idx
        place = -1 if padding is None else int(where[padding])
        self.padding_idx = None if place < 0 else place
        self.train(embedding.training)

    def forward(self, input_ids: Tensor) -> Tensor:
        """input_ids: any shape, long. Returns their rows, (..., H).

        Raises ValueError for a word of no training text while gradients are computed.
        """
        places = self.where[input_ids]
        unknown = places < 0
        found = F.embedding(places.clamp(min=0), self.weight, self.padding_idx)
        if not unknown.any():
            return found
        if self.training and torch.is_grad_enabled() and self.weight.requires_grad:
            raise ValueError(f"word {int(input_ids[unknown][0])} is in none of the training texts")
        return torch.where(unknown[..., None], F.embedding(input_ids, self.whole), found)

    def full_weight(self) -> Tensor:
        """(V, H), every row as it is now."""
        return self.whole.index_copy(0, self.rows, self.weight.detach())

    def _save_to_state_dict(self, destination: dict[str, Any], prefix: str, keep_vars: bool):
        destination[f"{prefix}weight"] = self.full_weight()

    def _load_from_state_dict(self, state_dict, prefix, metadata, strict, missing, *rest) -> None:
        name = f"{prefix}weight"
        if name not in state_dict:
            missing.append(name)
            return
        whole = state_dict[name]
        if whole.shape != self.whole.shape:
            shapes = f"{tuple(whole.shape)} instead of {tuple(self.whole.shape)}"
            rest[-1].append(f"{name} has the shape {shapes}")
            return
        with torch.no_grad():
            self.whole.copy_(whole)
            self.weight.copy_(self.whole[self.rows])


def rows_of(texts: Iterable[Iterable[int]], *others: int) -> Tensor:
    """The numbers of the words in these id lists, and of `others`, ascending: (R,) long."""
    numbers = set(others)
    for ids in texts:
        numbers.update(ids)
    return torch.tensor(sorted(numbers))
