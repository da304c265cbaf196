"""A training step without autograd: each layer's gradient is written out. Given code.

    engine = Engine(model, batch_size=32, block_size=8)
    loss = engine.forward_backward(x, y)    # gradients are in engine.gradients
    engine.move(-0.1)                       # one step of SGD

At 32 names per batch a step is about a hundred operations on small matrices, and most of its time
goes into allocating their results and building autograd's graph. Here the memory of every result is
allocated once, all parameters are one long vector, so that SGD is a single operation, and nothing
is recorded. The computation is that of the layers in makemore.py; `agrees` compares loss, gradients
and running statistics with the model's own, and the trainer uses autograd if they differ.

Letters in the shapes: R rows (B * T while there is a time dimension) and C channels. A layer here
is forward(x) -> y and backward(dy) -> dx; dx may be None for the first layer.
"""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

aten = torch.ops.aten


class CannotRun(Exception):
    """The model has a layer or a parameter that the engine does not support."""


class _Embedding:
    def __init__(self, weight: Tensor, gradient: Tensor, rows: int) -> None:
        self.weight, self.gradient = weight, gradient
        self.y = torch.empty(rows, weight.size(1))

    def forward(self, x: Tensor) -> Tensor:
        self.x = x.reshape(-1)
        return torch.index_select(self.weight, 0, self.x, out=self.y)

    def backward(self, dy: Tensor) -> None:
        self.gradient.zero_().index_add_(0, self.x, dy)


class _Flatten:
    """Neighbours in time are neighbours in memory, so both directions are views."""

    def __init__(self, n: int) -> None:
        self.n = n

    def forward(self, x: Tensor) -> Tensor:
        return x.view(x.size(0) // self.n, x.size(1) * self.n)

    def backward(self, dy: Tensor) -> Tensor:
        return dy.view(dy.size(0) * self.n, dy.size(1) // self.n)


class _Linear:
    def __init__(self, parameters: Sequence[Tensor], gradients: Sequence[Tensor], rows: int):
        self.weight, *self.bias = parameters
        self.d_weight, *self.d_bias = gradients
        fan_in, fan_out = self.weight.shape
        self.y, self.dx = torch.empty(rows, fan_out), torch.empty(rows, fan_in)
        self.ones = torch.ones(rows)

    def forward(self, x: Tensor) -> Tensor:
        self.x = x
        if self.bias:
            return torch.addmm(self.bias[0], x, self.weight, out=self.y)
        return torch.mm(x, self.weight, out=self.y)

    def backward(self, dy: Tensor) -> Tensor:
        torch.mm(self.x.t(), dy, out=self.d_weight)
        if self.bias:
            torch.mv(dy.t(), self.ones, out=self.d_bias[0])
        return torch.mm(dy, self.weight.t(), out=self.dx)


class _BatchNorm:
    """torch's kernel normalises by the biased variance; ours is R / (R - 1) times as large.

    gamma (x - mean) / sqrt(R / (R - 1) biased + eps)
        = sqrt((R - 1) / R) gamma (x - mean) / sqrt(biased + (R - 1) / R eps)
    """

    def __init__(self, layer: Any, gradients: Sequence[Tensor], rows: int) -> None:
        self.layer, (self.d_gamma, self.d_beta) = layer, gradients
        self.share = (rows - 1) / rows
        self.eps, self.root = self.share * layer.eps, math.sqrt(self.share)
        self.gamma = torch.empty_like(layer.gamma.data)

    def forward(self, x: Tensor) -> Tensor:
        layer, self.x = self.layer, x
        torch.mul(layer.gamma.data, self.root, out=self.gamma)
        tensors = (x, self.gamma, layer.beta.data, layer.running_mean, layer.running_var)
        y, self.mean, self.scale = torch.native_batch_norm(*tensors, True, layer.momentum, self.eps)
        return y

    def backward(self, dy: Tensor) -> Tensor:
        tensors = (dy, self.x, self.gamma, None, None, self.mean, self.scale)
        options = (True, self.eps, [True, True, True])  # in training mode; all three gradients
        dx, d_gamma, d_beta = aten.native_batch_norm_backward(*tensors, *options)
        torch.mul(d_gamma, self.root, out=self.d_gamma)
        self.d_beta.copy_(d_beta)
        return dx


class _Tanh:
    def forward(self, x: Tensor) -> Tensor:
        self.y = torch.tanh(x)
        return self.y

    def backward(self, dy: Tensor) -> Tensor:
        return aten.tanh_backward(dy, self.y)


class Engine:
    """The steps of one model at one batch size. Raises CannotRun for an unsupported model.

    parameters, gradients: one vector each; the model's own tensors become views of the first.
    """

    def __init__(self, model: Any, batch_size: int, block_size: int) -> None:
        own = model.parameters()
        _must_be_plain(own)
        self.parameters = torch.cat([p.detach().reshape(-1) for p in own])
        self.gradients = torch.zeros_like(self.parameters)
        for p, value in zip(own, self._cut(self.parameters, own), strict=True):
            p.data = value
        views = dict(zip(map(id, own), self._cut(self.gradients, own), strict=True))
        self.steps, rows = [], batch_size * block_size
        for layer in model.layers:
            gradients = [views[id(p)] for p in layer.parameters()]
            self.steps.append(_step(layer, gradients, rows))
            rows //= layer.n if type(layer).__name__ == "FlattenConsecutive" else 1
        if rows != batch_size:
            raise CannotRun(f"the layers leave {rows} rows of a batch of {batch_size}")
        self.batch_size = batch_size

    @staticmethod
    def _cut(vector: Tensor, like: Sequence[Tensor]) -> list[Tensor]:
        pieces = vector.split([p.numel() for p in like])
        return [piece.view(p.shape) for piece, p in zip(pieces, like, strict=True)]

    @torch.no_grad()
    def forward_backward(self, x: Tensor, y: Tensor) -> Tensor:
        """The mean loss, a scalar; its gradients go to `gradients`. x: (B, T), y: (B,), long."""
        for step in self.steps:
            x = step.forward(x)
        logp = torch.log_softmax(x, dim=1)  # (B, V)
        y = y.unsqueeze(1)  # (B, 1)
        loss = logp.gather(1, y).sum() / -self.batch_size
        d = logp.exp_().div_(self.batch_size)
        d.scatter_add_(1, y, torch.full_like(y, -1 / self.batch_size, dtype=d.dtype))
        for step in reversed(self.steps):
            d = step.backward(d)
        return loss

    @torch.no_grad()
    def move(self, factor: float) -> None:
        """parameters += factor * gradients."""
        self.parameters.add_(self.gradients, alpha=factor)


def _step(layer: Any, gradients: Sequence[Tensor], rows: int) -> Any:
    match type(layer).__name__:
        case "Embedding":
            return _Embedding(layer.weight.data, gradients[0], rows)
        case "FlattenConsecutive":
            return _Flatten(layer.n)
        case "Linear":
            return _Linear([p.data for p in layer.parameters()], gradients, rows)
        case "BatchNorm1d":
            return _BatchNorm(layer, gradients, rows)
        case "Tanh":
            return _Tanh()
        case other:
            raise CannotRun(f"a layer of class {other}")


def _must_be_plain(parameters: Sequence[Tensor]) -> None:
    if len({id(p) for p in parameters}) != len(parameters):
        raise CannotRun("a parameter occurs twice")
    for p in parameters:
        if not (p.is_leaf and p.dtype is torch.float32 and p.device.type == "cpu"):
            raise CannotRun("a parameter is not a separate float32 tensor on the CPU")


def agrees(engine: Engine, model: Any, loss_of: Any, x: Tensor, y: Tensor) -> bool:
    """Whether loss, gradients and running statistics equal those of the model with autograd.

    loss_of(logits, y) is the model's loss. Running statistics are restored afterwards.
    """
    norms = [layer for layer in model.layers if hasattr(layer, "running_mean")]
    before = [(n.running_mean.clone(), n.running_var.clone()) for n in norms]
    loss = loss_of(model(x), y)
    own = model.parameters()
    expected = torch.cat([g.reshape(-1) for g in torch.autograd.grad(loss, own)])
    theirs = [statistic for n in norms for statistic in (n.running_mean, n.running_var)]
    _put_back(norms, before)
    our_loss = engine.forward_backward(x, y)
    ours = [statistic for n in norms for statistic in (n.running_mean, n.running_var)]
    _put_back(norms, before)
    pairs = [(our_loss, loss.detach()), (engine.gradients, expected)]
    pairs += zip(ours, theirs, strict=True)
    return all(torch.allclose(a, b.reshape(a.shape), rtol=1e-3, atol=1e-5) for a, b in pairs)


def _put_back(norms: Sequence[Any], before: Sequence[tuple[Tensor, Tensor]]) -> None:
    for norm, (mean, var) in zip(norms, before, strict=True):
        norm.running_mean, norm.running_var = mean.clone(), var.clone()
