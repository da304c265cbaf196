"""The attention of all steps of the decoder, with its gradients. Given code: nothing to write here.

`Attention` compares the decoder's state with keys by a product: that is dot-product attention and
multiplicative attention, which differ only in their keys. `Additive` has a small network instead.

Letters in the shapes: b sentences, S places of the source, T of the target, N real tokens of the
target, n of them in this step, h hidden_size.
"""

from __future__ import annotations

import torch
from layout import Layout
from torch import Tensor


class Attention:
    """For a decoder that reads the right translation.

    keys, values: (tokens of the source, h), what the decoder's state is compared with, and what is
    added up. target, source: layouts of the same b sentences.
    """

    def __init__(self, keys: Tensor, values: Tensor, target: Layout, source: Layout) -> None:
        rows = torch.empty_like(source.order)
        rows[source.order] = torch.arange(len(rows), device=rows.device)
        self.rows = rows[target.order]  # (b,), the source's row for each row of the target
        self.keys, self.values = (source.rows(x)[self.rows] for x in (keys, values))  # (b, S, h)
        self.target, self.source = target, source
        padding = ~source.real[self.rows]
        self.bias = keys.new_zeros(padding.shape).masked_fill_(padding, -torch.inf)  # (b, S)
        self.weights = keys.new_empty(target.steps[-1].stop, padding.size(1))  # (N, S)
        self.d_scores = torch.empty_like(self.weights)

    def forward(self, step: slice, hidden: Tensor) -> Tensor:
        """The weighted sum of the values, (n, h), for the hidden states (n, h) of a step."""
        weights = torch.softmax(self._scores(hidden), dim=1, out=self.weights[step])  # (n, S)
        return torch.bmm(weights[:, None], self.values[: len(hidden)])[:, 0]

    def backward(self, step: slice, d_context: Tensor, d_hidden: Tensor) -> None:
        """Add to d_hidden (n, h) what comes through the scores. d_context: (n, h)."""
        n, weights = len(d_hidden), self.weights[step]
        d_weights = torch.bmm(d_context[:, None], self.values[:n].transpose(1, 2))[:, 0]  # (n, S)
        d_weights *= weights
        total = d_weights.sum(dim=1, keepdim=True)
        d_scores = torch.addcmul(d_weights, weights, total, value=-1, out=self.d_scores[step])
        self._backward_scores(d_scores, d_hidden)

    def gradients(self, hiddens: Tensor, d_contexts: Tensor) -> tuple[Tensor | None, ...]:
        """Those of keys, values, query and vector, from all steps' (N, h) each."""
        d_values = self._padded(self.weights).transpose(1, 2) @ self.target.rows(d_contexts)
        return self._unpad(self._d_keys(hiddens)), self._unpad(d_values), None, None

    def _scores(self, hidden: Tensor) -> Tensor:
        """(n, S), -inf at pads, for the hidden states (n, h)."""
        n = len(hidden)
        keys, bias = self.keys[:n].transpose(1, 2), self.bias[:n, None]
        return torch.baddbmm(bias, hidden[:, None], keys)[:, 0]

    def _backward_scores(self, d_scores: Tensor, d_hidden: Tensor) -> None:
        d_hidden += torch.bmm(d_scores[:, None], self.keys[: len(d_hidden)])[:, 0]

    def _d_keys(self, hiddens: Tensor) -> Tensor:
        return self._padded(self.d_scores).transpose(1, 2) @ self.target.rows(hiddens)  # (b, S, h)

    def _padded(self, x: Tensor) -> Tensor:
        """(N, S) -> (b, T, S), 0 past a row's end."""
        return self.target.rows(x).masked_fill_(~self.target.real[:, :, None], 0)

    def _unpad(self, x: Tensor) -> Tensor:
        """(b, S, h), rows in the target's order -> (tokens of the source, h)."""
        return self.source.tokens(torch.empty_like(x).index_copy_(0, self.rows, x))


class Additive(Attention):
    """The score is vector . tanh(key + query hidden). query: (h, h). vector: (h,)."""

    def __init__(
        self,
        keys: Tensor,
        values: Tensor,
        target: Layout,
        source: Layout,
        query: Tensor,
        vector: Tensor,
    ) -> None:
        super().__init__(keys, values, target, source)
        self.query, self.vector = query, vector
        self.squashed: list[Tensor] = []  # each step's tanh, (n, S, h)
        self.d_keys, self.d_vector = torch.zeros_like(self.keys), torch.zeros_like(vector)
        self.d_queries: list[Tensor] = []  # (n, h) each, the last step's first

    def gradients(self, hiddens: Tensor, d_contexts: Tensor) -> tuple[Tensor | None, ...]:
        d_keys, d_values, *_ = super().gradients(hiddens, d_contexts)
        d_query = torch.cat(self.d_queries[::-1]).t() @ hiddens
        return d_keys, d_values, d_query, self.d_vector

    def _scores(self, hidden: Tensor) -> Tensor:
        n = len(hidden)
        self.squashed.append((self.keys[:n] + (hidden @ self.query.t())[:, None]).tanh_())
        return self.squashed[-1] @ self.vector + self.bias[:n]

    def _backward_scores(self, d_scores: Tensor, d_hidden: Tensor) -> None:
        squashed = self.squashed.pop()  # (n, S, h)
        self.d_vector += d_scores.flatten() @ squashed.flatten(0, 1)
        d_sums = torch.addcmul(self.vector, squashed * squashed, self.vector, value=-1)
        d_sums *= d_scores[:, :, None]
        self.d_keys[: len(d_hidden)] += d_sums
        self.d_queries.append(d_sums.sum(dim=1))
        d_hidden += self.d_queries[-1] @ self.query

    def _d_keys(self, hiddens: Tensor) -> Tensor:
        return self.d_keys
