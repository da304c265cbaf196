"""Bigrams: the table of what follows what, by counting, by gradient, and as two thin matrices.

The simplest language model there is: the next character depends only on the last one. Counting
gives the maximum likelihood in one pass (Shannon, "A Mathematical Theory of Communication", 1948);
fitting by gradient gives the same table; a factorisation of it is the embedding of Bengio et al.,
"A Neural Probabilistic Language Model" (2003) with a context of one.

Letters in the shapes: B batch, T time, V vocabulary, N pairs of characters, C = n_embd channels.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def count_bigrams(xs: Tensor, ys: Tensor, vocab_size: int) -> Tensor:
    """How often each character follows each other one. xs, ys: (N,) long, ys[n] follows xs[n].

    Returns (V, V) long: row x, column y.
    """
    # TODO(a): return (V, V) long: entry [x, y] is how many of the N pairs are (x, y).
    raise NotImplementedError("TODO(a): count_bigrams")


def bigram_log_probs(counts: Tensor, smoothing: float = 0.0) -> Tensor:
    """The counted model. counts: (V, V). Returns (V, V) float32: log P(y | x), row x, column y.

    smoothing is added to every count first; a row of only zeros becomes uniform.
    """
    # TODO(a): return (V, V) float32: the logarithm of (counts + smoothing) divided by its row's
    # sum, -inf for a count of 0, and log(1 / V) throughout a row whose sum is 0.
    raise NotImplementedError("TODO(a): bigram_log_probs")


def mean_loss(log_probs: Tensor, counts: Tensor) -> Tensor:
    """The model's loss on all counted pairs, in nats per character: no loop over the text.

    log_probs: (V, V), log P(y | x); counts: (V, V). Returns a scalar tensor. A pair that was never
    seen counts nothing, however improbable it is.
    """
    # TODO(a): return the mean of -log_probs over all pairs counted, equation (2).
    raise NotImplementedError("TODO(a): mean_loss")


def fit_by_gradient(counts: Tensor, steps: int = 500, lr: float = 0.5) -> Tensor:
    """The same model by gradient descent on the whole text at once.

    counts: (V, V) long. Returns logits (V, V), without gradient: their log-softmax over each row
    is as close to `bigram_log_probs(counts)` as the steps allow.
    """
    # TODO(a): return logits (V, V), detached: start from zeros, and take `steps` steps of
    # torch.optim.Adam with this lr on `mean_loss` of the rows' log-softmax.
    raise NotImplementedError("TODO(a): fit_by_gradient")


class Bigram(nn.Module):
    """The table as a module: `wte.weight` (V, V) holds the logits of what follows each row."""

    def __init__(self, vocab_size: int) -> None:
        super().__init__()
        self.wte = nn.Embedding(vocab_size, vocab_size)

    def forward(self, idx: Tensor, targets: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """idx, targets: (B, T) long. Returns logits (B, T, V), and the mean loss or None."""
        # TODO(a): return (logits (B, T, V), loss or None): each character's row of the table, and
        # `language_model_loss` of it where there are targets.
        raise NotImplementedError("TODO(a): Bigram.forward")


class BigramMF(nn.Module):
    """The table as a product: `wte` (V, C) times `lm_head` (C, V), and a bias."""

    def __init__(self, vocab_size: int, n_embd: int) -> None:
        super().__init__()
        # TODO(b): self.wte, an Embedding of V rows of C channels, and self.lm_head, a Linear from
        # C to V with a bias, both as torch initialises them, in this order.
        raise NotImplementedError("TODO(b): BigramMF.__init__")

    def forward(self, idx: Tensor, targets: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """idx, targets: (B, T) long. Returns logits (B, T, V), and the mean loss or None."""
        # TODO(b): return (logits (B, T, V), loss or None) of lm_head on each character's vector.
        raise NotImplementedError("TODO(b): BigramMF.forward")

    def table(self) -> Tensor:
        """The logits of every pair (V, V), a matrix of rank at most C + 1."""
        # TODO(b): return (V, V): row x holds the logits of what follows character x.
        raise NotImplementedError("TODO(b): BigramMF.table")


def language_model_loss(logits: Tensor, targets: Tensor | None) -> Tensor | None:
    """The mean cross-entropy of logits (B, T, V) against targets (B, T), in nats. Given."""
    if targets is None:
        return None
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten())
