"""AdamW in one pass over memory. Given code: there is nothing to write here.

An optimiser's step reads and writes every weight and both its moments, and waits for memory, not
for arithmetic. torch has a fused kernel that passes over them once; `FusedAdamW` has it compute
what `optimizer.AdamW` computes.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

TOLERANCE = 1e-5  # of the largest weight after a few steps of a small problem


def optimizer(
    model: nn.Module, lr: float, weight_decay: float = 0.0, heads_lr: float | None = None
) -> torch.optim.Optimizer:
    """AdamW on what is trained; only the weights of linear layers decay.

    heads_lr: the learning rate of the layers outside of `model.bert`; None: lr, as all others.
    It is `FusedAdamW` if `optimizer.AdamW` makes the same steps, else `optimizer.AdamW` itself.
    """
    from optimizer import AdamW

    kind = FusedAdamW if same_steps(AdamW) else AdamW
    return kind(groups(model, weight_decay, heads_lr), lr=lr)


def groups(
    model: nn.Module, weight_decay: float, heads_lr: float | None = None
) -> list[dict[str, Any]]:
    """The trained parameters: linear layers' weights, which decay, and the rest.

    With heads_lr, both of `model.bert`, then both of the other layers, which have this rate.
    """
    linear = {id(m.weight) for m in model.modules() if isinstance(m, nn.Linear)}
    trained = [p for p in model.parameters() if p.requires_grad]
    if heads_lr is None:
        return _by_decay(trained, linear, weight_decay)
    of_bert = {id(p) for p in model.bert.parameters()}
    body = [p for p in trained if id(p) in of_bert]
    heads = _by_decay([p for p in trained if id(p) not in of_bert], linear, weight_decay)
    return _by_decay(body, linear, weight_decay) + [own | {"lr": heads_lr} for own in heads]


def _by_decay(
    trained: Iterable[nn.Parameter], linear: set[int], weight_decay: float
) -> list[dict[str, Any]]:
    decayed = [p for p in trained if id(p) in linear]
    rest = [p for p in trained if id(p) not in linear]
    pairs = ((decayed, weight_decay), (rest, 0.0))
    return [{"params": params, "weight_decay": decay} for params, decay in pairs if params]


class FusedAdamW(torch.optim.Optimizer):
    """The steps of `optimizer.AdamW` with bias correction, by torch's fused kernel.

    The kernel adds eps to the corrected root, so it is given eps / sqrt(1 - beta2^t). It decays
    first: with c = lr * weight_decay, (w - u) (1 - c) is w (1 - c) - u (1 - c), the kernel's step
    at a learning rate of lr (1 - c) and a decay of weight_decay / (1 - c).
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-6,
        weight_decay: float = 0.0,
    ) -> None:
        defaults = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, defaults)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change every parameter that has a gradient. Returns what `closure` returns, if given."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            # A head that a task does not use makes fewer steps than the rest.
            by_step: defaultdict[int, list[Tensor]] = defaultdict(list)
            for p in group["params"]:
                if p.grad is not None:
                    by_step[self._count(p)].append(p)
            for step, params in by_step.items():
                self._fused(group, step, params)
        return loss

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Raises ValueError for another model's state, on which the kernel would crash."""
        super().load_state_dict(state_dict)
        for p, state in self.state.items():
            if state["exp_avg"].shape != p.shape:
                shapes = f"{tuple(state['exp_avg'].shape)}, not {tuple(p.shape)}"
                raise ValueError(f"the optimizer's state is of another model: {shapes}")

    def _count(self, p: Tensor) -> int:
        """Count this step of a parameter, whose state is that of `optimizer.AdamW`."""
        state = self.state[p]
        if not state:
            state["step"] = 0
            state["exp_avg"], state["exp_avg_sq"] = torch.zeros_like(p), torch.zeros_like(p)
        state["step"] += 1
        return state["step"]

    def _fused(self, group: dict[str, Any], step: int, params: list[Tensor]) -> None:
        states = [self.state[p] for p in params]
        beta1, beta2 = group["betas"]
        kept = 1 - group["lr"] * group["weight_decay"]
        torch._fused_adamw_(
            params,
            [p.grad for p in params],
            [state["exp_avg"] for state in states],
            [state["exp_avg_sq"] for state in states],
            [],
            [torch.tensor(float(step), device=params[0].device)] * len(params),
            amsgrad=False,
            lr=group["lr"] * kept,
            beta1=beta1,
            beta2=beta2,
            weight_decay=group["weight_decay"] / kept,
            eps=group["eps"] / math.sqrt(1 - beta2**step),
            maximize=False,
        )


def same_steps(kind: type[torch.optim.Optimizer]) -> bool:
    """Whether this AdamW makes `FusedAdamW`'s steps, on a problem with gradients of all sizes."""
    try:
        theirs, ours = _steps(kind), _steps(FusedAdamW)
        return bool((theirs - ours).abs().max() <= TOLERANCE * ours.abs().max())
    except Exception:  # a student's optimiser may raise anything: it is then used as it is
        return False


def _steps(kind: type[torch.optim.Optimizer], steps: int = 5) -> Tensor:
    """Some weights after a few steps, one of them without a gradient now and then."""
    generator = torch.Generator().manual_seed(1)
    weights = [nn.Parameter(torch.randn(6, generator=generator)) for _ in range(2)]
    settings = [
        {"params": weights[:1], "weight_decay": 0.5, "eps": 1e-3},
        {"params": weights[1:], "weight_decay": 0.0},
    ]
    optimizer = kind(settings, lr=0.1)
    scale = 10.0 ** torch.arange(-5, 1)
    for step in range(steps):
        for weight in weights:
            weight.grad = scale * torch.randn(6, generator=generator)
        if step % 2:
            weights[1].grad = None
        optimizer.step()
    return torch.cat(weights).detach()
