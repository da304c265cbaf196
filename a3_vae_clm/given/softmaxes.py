"""From states to log p of the right symbols, and its gradient, as one operation. Given code.

Each state is divided by its deviation and goes through a mixture of softmaxes (autoregressive.py).

The mixture's log-probabilities of all V symbols are never computed: the right symbol's is taken
from each softmax, and K numbers are added up in log space, not K * V. The gradient is computed on
the way forward, for a few places at a time, so that what lies between stays in the cache.

Letters in the shapes: N places, n of them at a time, H hidden_size, K softmaxes, E their inputs,
V symbols.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

EPSILON = 1e-5  # of autoregressive.py
CHUNK = 256  # places at a time: their states, experts and logits take less than 1 MiB


class MixtureLoss(torch.autograd.Function):
    """The sum over all places of -log p of the right symbol, and each place's log p.

    apply(states (N, H), gold (N,) long, K, then weight and bias of `experts`, `weights` and
    `output`) -> a scalar and (N,), in nats. The second has no gradient.
    """

    @staticmethod
    def forward(
        ctx: Any, states: Tensor, gold: Tensor, mixtures: int, *layers: Tensor
    ) -> tuple[Tensor, Tensor]:
        log_probs, d_states = states.new_empty(len(states)), torch.empty_like(states)
        d_layers = [torch.zeros_like(each) for each in layers]
        for first in range(0, len(states), CHUNK):
            some = slice(first, first + CHUNK)
            chunk = Chunk(states[some], gold[some], mixtures, layers)
            log_probs[some] = chunk.log_probs
            if any(ctx.needs_input_grad):
                d_states[some] = chunk.backward(d_layers)
        ctx.save_for_backward(d_states, *d_layers)
        ctx.mark_non_differentiable(log_probs)
        return -log_probs.sum(), log_probs

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_loss: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        d_states, *d_layers = (d_loss * each for each in ctx.saved_tensors)
        return d_states, None, None, *d_layers


class Chunk:
    """Some places forward, then backward. log_probs: (n,), of the right symbols."""

    def __init__(
        self, states: Tensor, gold: Tensor, mixtures: int, layers: tuple[Tensor, ...]
    ) -> None:
        self.layers, self.scale = layers, Scale(states)
        self.states = states = self.scale.scaled
        of_experts, b_experts, of_weights, b_weights, of_output, b_output = layers
        experts = torch.addmm(b_experts, states, of_experts.t()).tanh_()  # (n, K * E)
        self.experts = experts.view(-1, of_output.size(1))  # (n * K, E)
        logits = torch.addmm(b_output, self.experts, of_output.t())  # (n * K, V)
        self.each = torch.log_softmax(logits, dim=1, out=logits)
        self.gold = gold.repeat_interleave(mixtures).unsqueeze(1)  # (n * K, 1)
        weights = torch.addmm(b_weights, states, of_weights.t())  # (n, K)
        self.log_weights = torch.log_softmax(weights, dim=1)
        self.joint = self.log_weights + self.each.gather(1, self.gold).view_as(weights)
        self.log_probs = self.joint.logsumexp(dim=1)

    def backward(self, d_layers: list[Tensor]) -> Tensor:
        """The gradient of minus the sum of log_probs: the states', (n, H), is returned, the
        layers' are added to d_layers."""
        of_experts, _, of_weights, _, of_output, _ = self.layers
        share = torch.exp(self.joint - self.log_probs[:, None])  # (n, K): of each softmax
        d_weights = self.log_weights.exp() - share
        share = share.view(-1, 1)  # (n * K, 1)
        d_logits = self.each.exp_().mul_(share).scatter_add_(1, self.gold, -share)
        d_experts = torch.ops.aten.tanh_backward(torch.mm(d_logits, of_output), self.experts)
        d_experts = d_experts.view(len(self.states), -1)  # (n, K * E)
        gradients = (d_experts, self.states), (d_weights, self.states), (d_logits, self.experts)
        for number, (d_out, x) in enumerate(gradients):
            d_layers[2 * number].addmm_(d_out.t(), x)
            d_layers[2 * number + 1].add_(d_out.sum(dim=0))
        return self.scale.backward(torch.mm(d_experts, of_experts).addmm_(d_weights, of_weights))


class Scale:
    """States over their deviation: scaled, (n, H)."""

    def __init__(self, states: Tensor) -> None:
        self.centred = states - states.mean(dim=1, keepdim=True)
        self.deviation = torch.linalg.vector_norm(self.centred, dim=1, keepdim=True)
        self.deviation /= states.size(1) ** 0.5  # (n, 1)
        self.inverse = 1 / (self.deviation + EPSILON)
        self.scaled = states * self.inverse

    def backward(self, d_scaled: Tensor) -> Tensor:
        """The states' gradient, (n, H), in the place of d_scaled."""
        along = torch.linalg.vecdot(d_scaled, self.scaled).unsqueeze(1)  # (n, 1)
        size = d_scaled.size(1) * self.deviation.clamp(min=torch.finfo(along.dtype).tiny)
        return d_scaled.addcmul_(self.centred, -along / size).mul_(self.inverse)
