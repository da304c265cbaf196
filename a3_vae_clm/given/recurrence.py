"""A GRU over symbols as one operation, which reads real places only. Given code.

autograd records every operation of every step, and in the backward pass multiplies for each step a
gradient of the weights, as large as the weights, and adds them up. Here the loop runs on plain
tensors, keeps what its backward pass needs, and that pass multiplies the gradient of the weights
once, for all steps together. And since each input is one of a few symbols, their share of the gates
is looked up in a table, which is computed once a batch.

The places lie as torch's PackedSequence has them: rows sorted by length, the longest first, and
first all rows' first places, then the second ones of those that have one, and so on. So the places
that are read in one step are neighbours, and the rows that go on are the first ones.

Letters in the shapes: N real places, n of them in this step, V symbols, H hidden_size.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

sigmoid_backward = torch.ops.aten.sigmoid_backward.grad_input
tanh_backward = torch.ops.aten.tanh_backward.grad_input


def gate_table(embedding: Tensor, gru: nn.GRU) -> Tensor:
    """Each symbol's share of the gates, (V, 4H). embedding: (V, E).

    Four runs of H: the reset gate, the update gate, the bias of the state's share of the candidate,
    which is the same for all symbols, and the symbol's own share of the candidate.
    """
    H = gru.hidden_size
    own = F.linear(embedding, gru.weight_ih_l0, gru.bias_ih_l0)  # (V, 3H)
    gates, inner = gru.bias_hh_l0.split((2 * H, H))
    parts = own[:, : 2 * H] + gates, inner.expand(len(own), H), own[:, 2 * H :]
    return torch.cat(parts, dim=1)


class Recurrence(torch.autograd.Function):
    """The states (N, H) of a GRU that starts at 0.

    apply(table, weight, symbols, batch_sizes): table (V, 4H), from `gate_table`; weight (3H, H),
    `weight_hh`; symbols (N,) long; batch_sizes: how many rows each step has.
    """

    @staticmethod
    def forward(
        ctx: Any, table: Tensor, weight: Tensor, symbols: Tensor, batch_sizes: list[int]
    ) -> Tensor:
        N, H = len(symbols), weight.size(1)
        transposed = weight.t().contiguous()  # (H, 3H)
        gates, hiddens = table.new_empty(N, 4 * H), table.new_empty(N, H)
        hidden = table.new_zeros(batch_sizes[0], H)
        own = symbols.split(batch_sizes), steps(gates, batch_sizes), hiddens.split(batch_sizes)
        for symbol, step, out in zip(*own, strict=True):
            torch.index_select(table, 0, symbol, out=step.all)
            hidden = step.forward(hidden[: len(symbol)], transposed, out)
        ctx.batch_sizes = batch_sizes
        ctx.save_for_backward(table, weight, symbols, gates, hiddens)
        return hiddens

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_hiddens: Tensor) -> tuple[Tensor | None, ...]:
        table, weight, symbols, gates, hiddens = ctx.saved_tensors
        sizes, d_gates = ctx.batch_sizes, torch.empty_like(gates)  # (N, 4H)
        d_hidden = hiddens.new_zeros(sizes[0], weight.size(1))
        rows = hiddens.split(sizes), d_hiddens.split(sizes)
        own = steps(gates, sizes), steps(d_gates, sizes), *rows
        for step, d_step, after, d_after in reversed(list(zip(*own, strict=True))):
            now = d_hidden[: len(after)].add_(d_after)
            step.backward(now, after, d_step)
            now.addmm_(d_step.sums, weight)
        d_weight = d_gates[:, : len(weight)].t() @ before(hiddens, sizes)
        d_table = torch.zeros_like(table).index_add_(0, symbols, d_gates)
        return d_table, d_weight, None, None


class Step(NamedTuple):
    """The gates of one step, (n, H) each, and parts of them all, (n, 4H): their values, or before
    that the sums that they are functions of, or the gradients of these."""

    all: Tensor
    sums: Tensor  # (n, 3H): what the state before has a share in
    open: Tensor  # (n, 2H): the gates proper
    reset: Tensor
    update: Tensor
    inner: Tensor  # the state's share of the candidate
    candidate: Tensor

    def forward(self, hidden: Tensor, transposed: Tensor, out: Tensor) -> Tensor:
        """The new states, in out (n, H). Before, `all` is the symbols' share."""
        self.sums.addmm_(hidden, transposed)
        self.open.sigmoid_()
        self.candidate.addcmul_(self.reset, self.inner).tanh_()
        return torch.lerp(self.candidate, hidden, self.update, out=out)

    def backward(self, d_hidden: Tensor, after: Tensor, out: Step) -> None:
        """The gradients of the sums, in out.

        after (n, H): the new states. d_hidden (n, H): their gradient; becomes that of the states
        before, as far as the update gate lets them through.
        """
        new = torch.addcmul(d_hidden, d_hidden, self.update, value=-1)  # the candidate's part
        d_hidden.mul_(self.update)
        # after - candidate is update * (before - candidate)
        torch.mul(after - self.candidate, new, out=out.update)
        tanh_backward(new, self.candidate, grad_input=out.candidate)
        torch.mul(out.candidate, self.reset, out=out.inner)
        sigmoid_backward(out.candidate * self.inner, self.reset, grad_input=out.reset)


def steps(gates: Tensor, batch_sizes: list[int]) -> list[Step]:
    """Each step's part of gates (N, 4H)."""
    H = gates.size(1) // 4
    parts = gates, gates[:, : 3 * H], gates[:, : 2 * H], *gates.split(H, dim=1)
    return [Step(*each) for each in zip(*(part.split(batch_sizes) for part in parts), strict=True)]


def before(hiddens: Tensor, batch_sizes: list[int]) -> Tensor:
    """The state that each place began with, (N, H)."""
    pairs = zip(hiddens.split(batch_sizes), batch_sizes[1:], strict=False)
    earlier = [hidden[:following] for hidden, following in pairs]
    return torch.cat([torch.zeros_like(hiddens[: batch_sizes[0]]), *earlier])
