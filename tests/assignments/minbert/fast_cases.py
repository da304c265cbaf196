"""A small classifier on minBERT, a batch and its gradients, for the tests of the fast path."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

VOCAB = 60
LENGTHS = [9, 2, 7, 7, 1, 9]
# float32: the same sums in a different order.
CLOSE = {"rtol": 1e-3, "atol": 1e-5}


class Classifier(nn.Module):
    """A head on either of BERT's outputs, or on both."""

    def __init__(self, bert: nn.Module, reads: str) -> None:
        super().__init__()
        self.bert, self.reads = bert, reads
        self.head = nn.Linear(bert.config.hidden_size, 3)

    def forward(self, ids, mask, types=None):
        outputs = self.bert(ids, mask, types)
        total = 0.0
        if "pooler" in self.reads:
            total = total + outputs["pooler_output"]
        if "states" in self.reads:
            shares = mask[..., None] / mask.sum(dim=1)[:, None, None]
            total = total + (outputs["last_hidden_state"] * shares).sum(dim=1)
        return self.head(total)


def make(minbert, reads: str = "pooler", **kwargs) -> Classifier:
    torch.manual_seed(1)
    model = Classifier(
        minbert.bert.BertModel(minbert.config.BertConfig.tiny(VOCAB, **kwargs)), reads
    )
    for parameter in model.parameters():  # far from the start, where attention is all but even
        parameter.data.add_(0.1 * torch.randn_like(parameter))
    return model


def batch(lengths: list[int], first: int = 5, last: int = VOCAB) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(2)
    mask = (torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]).long()
    ids = torch.randint(first, last, mask.shape, generator=generator) * mask
    return ids, mask, torch.randint(0, 2, mask.shape, generator=generator) * mask


def gradients(model: nn.Module, inputs) -> dict[str, torch.Tensor]:
    model.zero_grad()
    labels = torch.arange(len(inputs[0])) % 3
    F.cross_entropy(model(*inputs), labels).backward()
    return {
        name: torch.zeros_like(p) if p.grad is None else p.grad.clone()
        for name, p in model.named_parameters()
    }
