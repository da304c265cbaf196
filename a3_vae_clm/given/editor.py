"""The network of edits.py: where a text lacks which character, and which characters are wrong.

Letters in the shapes: B batch, G gaps of an unfinished text, E embed_size, C symbols.
"""

from __future__ import annotations

import torch
from alphabet import Alphabet
from convolution import tied_logits
from networks import Level
from torch import Tensor, nn

CERTAIN = 1 - 1e-6
"""The most probable deletion: a text whose character is taken away would be impossible at 1."""


class Editor(nn.Module):
    """Where to insert which character, and what to delete. body: as in networks.py."""

    def __init__(self, alphabet: Alphabet, embed_size: int, body: nn.Module) -> None:
        super().__init__()
        self.size = alphabet.size
        self.embedding = nn.Embedding(alphabet.total, embed_size)
        nn.init.normal_(self.embedding.weight, std=embed_size**-0.5)
        self.level, self.missing = Level(embed_size), Level(embed_size)
        self.body = body
        self.bias = nn.Parameter(torch.zeros(self.size))
        self.gap_score = nn.Linear(embed_size, 1)
        self.delete = nn.Linear(embed_size, 1)
        nn.init.constant_(self.delete.bias, -3.0)  # at first, few deletions: a wrong one is dear

    def forward(
        self, x_t: Tensor, mask: Tensor, keep_t: Tensor, missing: Tensor
    ) -> tuple[Tensor, Tensor]:
        """x_t: (B, G) long, `begin` first. mask: (B, G). keep_t: (B,). missing: (B,), a count.

        Returns log p(gap, character), (B, G, C), which adds up to 1 over both, and sigma, (B, G).
        """
        share = missing / (missing + mask.sum(1))  # (B,), `begin` keeps it from 0 / 0
        context = self.level(keep_t) + self.missing(share)  # (B, E)
        x = self.embedding(x_t) + context[:, None]  # (B, G, E)
        states = self.body(x * mask[..., None], mask)  # (B, G, E)
        gap, delete = self.gap_score(states).squeeze(-1), self.delete(states).squeeze(-1)
        logits = tied_logits(states, self.embedding.weight[: self.size]) + self.bias
        log_gap = gap.masked_fill(~mask, -torch.inf).log_softmax(-1)  # (B, G)
        log_insert = log_gap[..., None] + logits.log_softmax(-1)  # (B, G, C)
        return log_insert, CERTAIN * torch.sigmoid(delete)
