"""AdamW: Adam with the weight decay outside the gradient.

Adam is Kingma & Ba, "Adam: A Method for Stochastic Optimization" (2015), here in the efficient form
at the end of their section 2; the decay is that of Loshchilov & Hutter, "Decoupled Weight Decay
Regularization" (2019).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch.optim import Optimizer


class AdamW(Optimizer):
    """AdamW with the step size corrected instead of the moments.

    lr: learning rate. betas: rates of decay of the first and the second moment. eps: added to the
    root of the second moment, which is not corrected. weight_decay: share of a weight that a step
    at learning rate 1 removes. correct_bias: whether to correct for moments that start at 0 (BERT's
    own code did not). Raises ValueError for a value out of range.

    torch.optim.AdamW corrects the moments instead of the step size, so its eps is added to the
    corrected root. Given eps / sqrt(1 - beta2^t), or with eps 0, its steps are these. It decays
    before the step instead of after it, half a step later; with weight_decay 0 the two coincide.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-6,
        weight_decay: float = 0.0,
        correct_bias: bool = True,
    ) -> None:
        if lr < 0.0:
            raise ValueError(f"lr {lr} is out of range: at least 0")
        if not all(0.0 <= beta < 1.0 for beta in betas):
            raise ValueError(f"betas {betas} are out of range: at least 0 and below 1")
        if eps < 0.0:
            raise ValueError(f"eps {eps} is out of range: at least 0")
        defaults = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, defaults | {"correct_bias": correct_bias})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change every parameter that has a gradient. Returns what `closure` returns, if given.

        Raises RuntimeError for a sparse gradient.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                if p.grad.is_sparse:
                    raise RuntimeError("AdamW does not take sparse gradients")
                state = self.state[p]  # this parameter's own, an empty dict before its first step
                # TODO(b): update p in place. Keep in `state`: "step" (int), "exp_avg" and
                # "exp_avg_sq" (tensors like p). The update is algorithm 1 of Kingma & Ba with the
                # step size and the eps of the last paragraph of their section 2, and without the
                # correction if group["correct_bias"] is False; then, from the weights after that
                # update, group["lr"] * group["weight_decay"] times themselves is subtracted.
                ### BEGIN SOLUTION
                if not state:
                    state["step"] = 0
                    state["exp_avg"] = torch.zeros_like(p)
                    state["exp_avg_sq"] = torch.zeros_like(p)
                state["step"] += 1
                beta1, beta2 = group["betas"]
                state["exp_avg"].mul_(beta1).add_(p.grad, alpha=1 - beta1)
                state["exp_avg_sq"].mul_(beta2).addcmul_(p.grad, p.grad, value=1 - beta2)
                step_size = group["lr"]
                if group["correct_bias"]:
                    correction = math.sqrt(1 - beta2 ** state["step"])
                    step_size *= correction / (1 - beta1 ** state["step"])
                denominator = state["exp_avg_sq"].sqrt().add_(group["eps"])
                p.addcdiv_(state["exp_avg"], denominator, value=-step_size)
                p.mul_(1 - group["lr"] * group["weight_decay"])
                ### END SOLUTION
        return loss
