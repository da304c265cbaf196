"""Checks of values from student code, about which a hidden test may assume nothing.

    logits, loss = expect.items(model(x, y), 2, "GPT(idx, targets)")
    logits = expect.tensor(logits, (2, 5, None), "float", "the logits")

Each function returns the value as what it should be, or raises an AssertionError that says what was
expected and, by type and shape only, what came. So an odd value fails a test; unchecked, it would
break the test, which is a fault of the grader.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from grader.boundary.errors import StudentRaised
from grader.trace import note

_PLAIN = (bool, int, float, str, bytes, list, tuple, dict, slice, type(None), type(Ellipsis))
_REAL = (float, int)


def describe(value: Any) -> str:
    """A value by type and shape; the name of a student's own type may hold anything."""
    if isinstance(value, Tensor):
        return f"a tensor of shape {tuple(value.shape)} and dtype {_name(value.dtype)}"
    if value is None:
        return "None"
    if isinstance(value, list | tuple | dict):
        return f"a {_builtin(value)} of {_count(len(value))}"
    return f"a value of type {_builtin(value)}" if isinstance(value, _PLAIN) else "an object"


def tensor(
    value: Any,
    shape: Sequence[int | None] | None = None,
    dtype: torch.dtype | str | None = None,
    what: str = "the result",
) -> Tensor:
    """A tensor, detached. None in `shape` means any size; `dtype` "float" means any float type."""
    note(value)
    wanted = "a tensor"
    wanted += f" of shape {_sizes(shape)}" if shape is not None else ""
    wanted += f" {'and' if shape is not None else 'of'} dtype {_name(dtype)}" if dtype else ""
    right = isinstance(value, Tensor) and value.layout is torch.strided
    right = right and (shape is None or _fits(value.shape, shape))
    if dtype == "float":
        right = right and value.is_floating_point()
    elif dtype is not None:
        right = right and value.dtype is dtype
    assert right, f"{what} should be {wanted}; got {describe(value)}"
    detached: Tensor = value.detach().cpu()
    return detached


def close(
    actual: Any, expected: Tensor, what: str, atol: float = 1e-5, rtol: float = 1e-4
) -> Tensor:
    """A floating tensor that equals `expected` up to rounding."""
    return close_to_any(actual, [expected], what, atol, rtol)


def close_to_any(
    actual: Any, choices: Sequence[Tensor], what: str, atol: float = 1e-5, rtol: float = 1e-4
) -> Tensor:
    """A floating tensor that equals one of `choices`, which have one shape, up to rounding."""
    result = tensor(actual, choices[0].shape, "float", what)
    assert any(is_close(result, choice, atol, rtol) for choice in choices), (
        f"{what}: right shape, wrong values"
    )
    return result


def is_close(actual: Tensor, expected: Tensor, atol: float = 1e-5, rtol: float = 1e-4) -> bool:
    """Whether two tensors of one shape are equal up to rounding; NaN equals nothing."""
    return torch.allclose(actual.double(), expected.detach().double(), atol=atol, rtol=rtol)


def items(value: Any, count: int, what: str = "the result") -> tuple[Any, ...]:
    """A tuple or list of `count` items."""
    note(value)
    right = isinstance(value, tuple | list) and len(value) == count
    assert right, f"{what} should be a tuple of {_count(count)}; got {describe(value)}"
    return tuple(value)


def number(value: Any, what: str = "the result") -> float:
    """A finite number; a tensor of one element counts as one."""
    note(value)
    if isinstance(value, Tensor) and value.numel() == 1 and not value.is_complex():
        value = value.item()
    right = isinstance(value, _REAL) and not isinstance(value, bool) and math.isfinite(value)
    got = float(value) if isinstance(value, float) else describe(value)  # nan, inf
    assert right, f"{what} should be a finite number; got {got}"
    return float(value) if abs(value) < 2**1000 else math.copysign(1e300, value)


def whole(value: Any, what: str = "the result") -> int:
    """A whole number; 10.0 counts as one."""
    value = number(value, what)
    assert value == int(value), f"{what} should be a whole number"
    return int(value)


def truth(value: Any, what: str = "the result") -> bool:
    """True or False; 1 and 0 count as such."""
    note(value)
    right = isinstance(value, bool | int) and value in (0, 1)
    assert right, f"{what} should be True or False; got {describe(value)}"
    return bool(value)


def text(value: Any, what: str = "the result") -> str:
    """A str."""
    note(value)
    assert isinstance(value, str), f"{what} should be a str; got {describe(value)}"
    return value


def thing(value: Any, what: str = "the result") -> Any:
    """An object with attributes, such as a model or a dataset: not a plain value or a tensor."""
    plain = isinstance(value, (*_PLAIN, Tensor)) and not isinstance(value, torch.nn.Parameter)
    assert not plain, f"{what} should be an object; got {describe(value)}"
    return value


def plain(value: Any, what: str = "the result") -> Any:
    """A list, tuple or dict, whatever is in it."""
    note(value)
    assert isinstance(value, list | tuple | dict), f"{what} should be a list; got {describe(value)}"
    return value


def tensors(value: Any, what: str = "the state_dict") -> dict[str, Tensor]:
    """A dict of names and tensors, detached."""
    note(value)
    right = isinstance(value, dict) and all(
        isinstance(name, str) and isinstance(item, Tensor) for name, item in value.items()
    )
    assert right, f"{what} should be a dict of names and tensors; got {describe(value)}"
    return {name: tensor(item, what=what) for name, item in value.items()}


def gradients(value: Any, choices: Sequence[dict[str, Tensor]], what: str) -> None:
    """The gradients of one of `choices`, {parameter's name: gradient}.

    Values are compared too, since a worker could easily invent gradients that are not 0. A
    gradient that is 0 in every choice may be None.
    """
    assert isinstance(value, dict) and value, f"{what} has no parameters"
    note([name for name in choices[0] if value.get(name) is None])
    theirs = {}
    for name, ours in choices[0].items():
        gradient = value.get(name)
        if gradient is None and not any(each[name].any() for each in choices):
            gradient = torch.zeros_like(ours)
        assert gradient is not None, f"no gradient reaches {name} of {what}"
        theirs[name] = tensor(gradient, ours.shape, "float", f"the gradient of {name}")
    wrong = [
        [name for name in ours if not is_close(theirs[name], ours[name], atol=1e-4, rtol=1e-3)]
        for ours in choices
    ]
    fewest = min(wrong, key=len)
    assert not fewest, f"the gradients of {what} have wrong values: {', '.join(fewest[:3])}"


def causal(forward: Callable[[Tensor], Any], x: Tensor, other: Tensor, what: str) -> None:
    """The result before position t does not depend on the input at t or later.

    x, other: two inputs (B, T, ...), different everywhere; the returned tensor is (B, T, ...).
    """
    before = tensor(forward(x), (*x.shape[:2], None), "float", what)
    for t in range(x.size(1)):
        changed = torch.cat((x[:, :t], other[:, t:]), dim=1)
        after = tensor(forward(changed), before.shape, "float", what)
        assert is_close(after[:, :t], before[:, :t]), (
            f"{what}: changing the input at one position changes the result at earlier ones"
        )
        assert not is_close(after[:, t], before[:, t]), (
            f"{what}: changing the input at one position does not change the result there"
        )


def refusal(call: Callable[[], Any], message: str) -> None:
    """`call` raises any exception of student code; if not, fails with `message`."""
    try:
        call()
    except StudentRaised:
        return
    except Exception as error:  # a submission in this process
        if type(error).__module__.startswith("grader."):
            raise
        return
    raise AssertionError(message)


def _fits(shape: torch.Size, wanted: Sequence[int | None]) -> bool:
    pairs = zip(shape, wanted, strict=False)
    return len(shape) == len(wanted) and all(b is None or a == b for a, b in pairs)


def _sizes(shape: Sequence[int | None]) -> str:
    """A shape as Python prints a tuple, "any" for a free size: (15,), (2, any)."""
    sizes = ["any" if size is None else str(size) for size in shape]
    return f"({sizes[0]},)" if len(sizes) == 1 else f"({', '.join(sizes)})"


def _count(items: int) -> str:
    return "1 item" if items == 1 else f"{items} items"


def _name(dtype: torch.dtype | str) -> str:
    return str(dtype).removeprefix("torch.")


def _builtin(value: Any) -> str:
    return next(base.__name__ for base in type(value).__mro__ if base.__module__ == "builtins")
