"""Reading with products of 8-bit integers. Given code: there is nothing to write here.

    convert(model)               # in place, after the training: it can only read from then on

A row of weights, and a token's state, each become whole numbers from -127 to 127 and one scale
(*dynamic quantisation*: the states' scales are those of the batch at hand). An instruction of VNNI
multiplies four times as many of them as one of AVX-512 multiplies float32, and the scores hardly
change: see results/README.md. Dettmers et al., "LLM.int8()", 2022, and Jacob et al., "Quantization
and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference", 2018.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

LARGEST = 127  # of 8 bits with a sign


class IntegerLinear(nn.Module):
    """An nn.Linear that multiplies in 8-bit integers, and has no gradient."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        numbers, scales = quantised(linear.weight.detach())
        self.register_buffer("numbers", numbers.t())  # (in, out) int8
        self.register_buffer("scales", scales.flatten())  # (out,)
        bias = linear.weight.new_zeros(len(scales)) if linear.bias is None else linear.bias.detach()
        self.register_buffer("bias", bias)

    def forward(self, x: Tensor) -> Tensor:
        """(..., in) -> (..., out), of the dtype that the nn.Linear would give."""
        (y,) = apply_each([self], x.flatten(0, -2))
        return y.view(*x.shape[:-1], -1)

    @torch.no_grad()
    def product(self, numbers: Tensor, scales: Tensor) -> Tensor:
        """(n, in) int8, (n, 1) -> (n, out), float32."""
        # What torchao's own layers call too: there is no public name for it yet.
        y = torch._int_mm(numbers, self.numbers).float().mul_(scales)
        return torch.addcmul(self.bias, y, self.scales, out=y)


def apply_each(linears: Sequence[nn.Module], x: Tensor) -> list[Tensor]:
    """[linear(x), ...] for x of (n, in), which becomes integers once, not for each."""
    if not all(isinstance(linear, IntegerLinear) for linear in linears):
        return [linear(x) for linear in linears]
    rows = quantised(x)
    return [linear.product(*rows).to(dtype_for(x)) for linear in linears]


def dtype_for(x: Tensor) -> torch.dtype:
    """Of an nn.Linear's answer to x, also under autocast."""
    kind = x.device.type
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else x.dtype


@torch.no_grad()
def quantised(rows: Tensor) -> tuple[Tensor, Tensor]:
    """(n, k) -> (n, k) int8 and a scale for each row, (n, 1): rows are about their product."""
    rows = rows.float()
    largest = rows.abs().amax(dim=1, keepdim=True).clamp_(min=1e-8)
    return (rows * (LARGEST / largest)).round_().to(torch.int8), largest / LARGEST


def convert(model: nn.Module) -> None:
    """Let the layers of every BertModel inside `model` multiply in integers, in place.

    All but the last one, of which fast.py computes a sentence's first token only.
    """
    from bert import BertModel

    for bert in (module for module in model.modules() if isinstance(module, BertModel)):
        replace(bert.bert_layers[:-1])


def replace(model: nn.Module) -> None:
    """Put an IntegerLinear in the place of each nn.Linear inside `model`."""
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if type(child) is nn.Linear:
                setattr(module, name, IntegerLinear(child))
