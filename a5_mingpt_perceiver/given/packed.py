"""The loss of `model.GPT` on batches without PADs. Given code: there is nothing to write here.

The parameters are the model's own, and so are loss and gradients: `agrees` compares both with the
model's own forward, on a small batch and with weights far from their start, and the trainer takes
this path only if they are the same. Read `model.py` to see what is computed; here it is computed on
real characters only, see `ragged.py`.
"""

from __future__ import annotations

import copy

import torch
from ragged import Group, Packed, RaggedAttention, lay_out, pack
from torch import Tensor, nn
from torch.nn import functional as F

from course.packing import add_dropped, cut

TOLERANCE = 1e-4  # of a gradient's largest element: float32, summed in a different order


def packed_loss(model: nn.Module, batch: Packed) -> Tensor:
    """The mean cross-entropy over the targets that are not PAD, a scalar."""
    device = model.pos_emb.device
    idx, positions = batch.idx.to(device), batch.positions.to(device)
    cuts, n_head = cut(batch.lengths), _n_head(model)
    groups = lay_out(batch.lengths, cuts, model.get_block_size(), n_head, device)
    x = F.embedding(idx, model.tok_emb.weight) + F.embedding(positions, model.pos_emb[0])
    x = add_dropped(torch.zeros_like(x), x, model.drop).to(_dtype(device))  # (N, C)
    if hasattr(model, "down_block"):
        size = model.down_block.C.size(1)
        lengths = [min(length, size) for length in batch.lengths]
        inner = lay_out(lengths, cuts, size, n_head, device)
        x = _perceiver(model, x, positions, groups, inner)
    else:
        for block in model.blocks:
            x = _block(block, x, groups)
    return _cross_entropy(model, x, batch.targets.to(device))


def agrees(model: nn.Module, x: Tensor, y: Tensor) -> bool:
    """Whether `packed_loss` and the model's own forward give the same loss and gradients.

    x, y: (B, T) long on the model's device; a few rows are enough. The model is left as it was.
    """
    state = torch.get_rng_state()
    try:
        trial = copy.deepcopy(model).float().eval()
        with torch.no_grad():
            for parameter in trial.parameters():
                parameter.add_(0.1 * torch.randn_like(parameter))
        plain = _gradients(trial, trial(x, y)[1])
        return all(
            map(_close, plain, _gradients(trial, packed_loss(trial, pack(x.cpu(), y.cpu()))))
        )
    except (AttributeError, IndexError, RuntimeError, TypeError, ValueError):
        return False  # a different architecture: use the model's own forward
    finally:
        torch.set_rng_state(state)


def _gradients(model: nn.Module, loss: Tensor) -> list[Tensor]:
    """The loss and its gradient for each parameter, zeros if there is none."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    gradients = torch.autograd.grad(loss, parameters, allow_unused=True)
    pairs = zip(gradients, parameters, strict=True)
    return [loss.detach(), *(torch.zeros_like(p) if g is None else g for g, p in pairs)]


def _close(a: Tensor, b: Tensor) -> bool:
    return bool((a - b).abs().max() <= TOLERANCE * a.abs().max() + 1e-6)


def _perceiver(model, x: Tensor, positions: Tensor, groups, inner: list[Group]) -> Tensor:
    """Position t sees places 0 to t of the bottleneck, and place t sees the input up to t. So
    places past a row's end change nothing, nor does input past the bottleneck's size."""
    down, up = model.down_block, model.up_block
    first = positions < down.C.size(1)
    basis = F.embedding(positions[first], down.C[0]).to(x.dtype)  # (M, C)
    y = _attend(basis, down.attn, down.ln1(x[first]), basis, inner, inner)
    y = _mlp(y, down.mlp, down.ln2(y))
    for block in model.blocks:
        y = _block(block, y, inner)
    x = _attend(x, up.attn, up.ln1(y), x, groups, inner)  # (N, C)
    return _mlp(x, up.mlp, up.ln2(x))


def _block(block, x: Tensor, groups: list[Group]) -> Tensor:
    normed = block.ln1(x)
    x = _attend(x, block.attn, normed, normed, groups, groups)
    return _mlp(x, block.mlp, block.ln2(x))


def _attend(x: Tensor, attn, x_kv: Tensor, x_q: Tensor, q_groups, k_groups) -> Tensor:
    """x plus the attention output for queries x_q on keys and values x_kv."""
    q, k, v = attn.query(x_q), attn.key(x_kv), attn.value(x_kv)
    p = attn.attn_drop.p if attn.training else 0.0
    y = RaggedAttention.apply(q, k, v, attn.n_head, p, q_groups, k_groups)
    return add_dropped(x, attn.proj(y), attn.resid_drop)


def _mlp(x: Tensor, mlp: nn.Sequential, normed: Tensor) -> Tensor:
    return add_dropped(x, mlp[2](mlp[1](mlp[0](normed))), mlp[3])


def _cross_entropy(model, x: Tensor, targets: Tensor) -> Tensor:
    logits = model.head(model.ln_f(x))  # (N, V)
    return F.cross_entropy(logits.float(), targets, ignore_index=0)


def _dtype(device: torch.device) -> torch.dtype:
    """The dtype between the layers: autocast's, so that nothing is converted on the way."""
    if torch.is_autocast_enabled(device.type):
        return torch.get_autocast_dtype(device.type)
    return torch.float32


def _n_head(model) -> int:
    return (model.down_block if hasattr(model, "down_block") else model.blocks[0]).attn.n_head
