"""Which of torch's operations a call runs, and whether all of them are elementary.

    with Watch() as watch:
        layer(x)
    watch.calls, watch.operations    # {"matmul": 1}, {"mm": 1}
    watch.refused                    # None, or "torch.batch_norm" after a Refused was raised

Runs next to student code and holds no answer. What is refused: Python code of torch.nn and
torch.optim, whatever name led there (a profile hook); their functions in C, `torch.ops` and tensors
of a custom class (a TorchFunctionMode); and every operation that reaches torch's dispatcher
and is not in ELEMENTARY (a TorchDispatchMode), such as native_batch_norm. The counts show that
the work was done here: `calls` counts nothing in another thread or in compiled code.

The watch lives in the student's own process: code that knows torch's private switches can turn it
off and run decoys, so what it reports is a claim, and worth little (docs/security.md).
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

_PRODUCTS = "mm bmm addmm addbmm baddbmm mv addmv dot vdot addr"
_NUMBERS = """
    add sub rsub mul div true_divide floor_divide remainder fmod neg abs sign sgn reciprocal sqrt
    rsqrt square pow exp exp2 expm1 log log2 log10 log1p tanh sinh cosh sigmoid sin cos erf maximum
    minimum fmax fmin clamp clamp_min clamp_max floor ceil round trunc frac lerp addcmul addcdiv
    logaddexp logaddexp2 xlogy where masked_fill nan_to_num
"""
_TRUTHS = """
    eq ne lt le gt ge isnan isinf isfinite equal allclose logical_and logical_or logical_not
    logical_xor bitwise_and bitwise_or bitwise_not bitwise_xor any all is_nonzero
"""
_REDUCTIONS = """
    sum nansum mean nanmean var std var_mean std_mean prod amax amin max min aminmax argmax argmin
    median sort topk cumsum cumprod cummax logsumexp logcumsumexp softmax log_softmax norm
    linalg_vector_norm trace count_nonzero bincount histc unique unique2 unique_dim
"""
_SHAPES = """
    view unsafe_view view_as reshape reshape_alias permute transpose t expand unsqueeze squeeze
    select slice split split_with_sizes unsafe_split chunk unbind unfold as_strided alias detach
    diagonal diagonal_copy diag_embed narrow flip roll repeat repeat_interleave cat stack clone copy
    to_copy contiguous lift lift_fresh lift_fresh_copy resize set tril triu
"""
_PLACES = """
    index index_put index_put_impl unsafe_index unsafe_index_put index_select index_add index_copy
    index_fill gather scatter scatter_add scatter_reduce select_scatter slice_scatter masked_select
    masked_scatter take put nonzero searchsorted local_scalar_dense
"""
_MAKERS = """
    empty empty_like empty_strided new_empty new_empty_strided zeros zeros_like new_zeros ones
    ones_like new_ones full full_like new_full fill zero arange linspace eye scalar_tensor rand
    rand_like randn randn_like randint randint_like randperm normal normal_functional uniform random
    bernoulli multinomial
"""
_DERIVATIVES = """
    tanh_backward sigmoid_backward softmax_backward_data log_softmax_backward_data select_backward
    slice_backward unfold_backward diagonal_backward value_selecting_reduction_backward
    expand_backward masked_select_backward
"""
ELEMENTARY = frozenset(
    " ".join(
        (_PRODUCTS, _NUMBERS, _TRUTHS, _REDUCTIONS, _SHAPES, _PLACES, _MAKERS, _DERIVATIVES)
    ).split()
)
# Whole layers and losses that torch offers outside torch.nn too; parts of names.
_KERNELS = """
    batch_norm layer_norm group_norm instance_norm rms_norm embedding _loss kl_div conv dropout
    attention rnn lstm gru bilinear cosine_similarity
"""
KERNELS = tuple(_KERNELS.split())
_LIBRARIES = {
    f"{Path(torch.__file__).parent / name}{os.sep}": f"torch.{name}" for name in ("nn", "optim")
}
_IN_C = {
    "torch._C._nn": "torch.nn.functional",
    "torch.nn.functional": "torch.nn.functional",
    "torch.nn.init": "torch.nn.init",
}


class Refused(BaseException):
    """A call ran what is not elementary; not an Exception, so student code does not catch it."""


class Watch:
    """A context in which only elementary operations run, and all of them are counted.

    calls: how often each function or method of torch was called from Python; operations: how often
    each operation of torch's dispatcher ran. Names have no underscores around them: `sub` for
    `sub_`. refused: the name of the refused operation, or None.
    """

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.operations: Counter[str] = Counter()
        self.refused: str | None = None
        self._open = contextlib.ExitStack()

    def __enter__(self) -> Watch:
        import torch._dynamo  # noqa: F401 - the first operation under a mode does; not while watched

        self._open.enter_context(_Functions(self))
        self._open.enter_context(_Dispatch(self))
        self._open.enter_context(_profile(self._frame))
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def refuse(self, name: str) -> None:
        """Records what was called, and ends the call."""
        self.refused = self.refused or name
        raise Refused(name)

    def _frame(self, frame: FrameType, event: str, _: object) -> None:
        """Python code of torch.nn or torch.optim begins to run."""
        if event != "call":
            return
        file = frame.f_code.co_filename
        for folder, library in _LIBRARIES.items():
            if file.startswith(folder) and frame.f_code.co_name != "__instancecheck__":
                self.refuse(_name_of(frame, library))


class _Functions(TorchFunctionMode):
    """Sees each function and method of torch that Python calls."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self.watch = watch

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        name, module = str(getattr(func, "__name__", "")), getattr(func, "__module__", None)
        if module in _IN_C:
            self.watch.refuse(f"{_IN_C[module]}.{name}")
        if str(module).startswith("torch._ops"):
            self.watch.refuse("torch.ops")
        if any(kind not in (torch.Tensor, torch.nn.Parameter) for kind in types):
            self.watch.refuse("a custom tensor class")
        if any(kernel in name for kernel in KERNELS):
            self.watch.refuse(f"torch.{name}")
        self.watch.calls[name.strip("_")] += 1
        return func(*args, **(kwargs or {}))


class _Dispatch(TorchDispatchMode):
    """Sees each operation that runs, beneath autograd."""

    def __init__(self, watch: Watch) -> None:
        TorchDispatchMode.__init__(self)  # not super(): mypy would take it for ours
        self.watch = watch

    def __torch_dispatch__(
        self,
        func: Any,
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        library, _, name = func._schema.name.partition("::")
        name = name.removeprefix("_foreach").strip("_")
        if library == "aten" and name not in ELEMENTARY:
            self.watch.refuse(f"torch.{name.removeprefix('native_')}")
        self.watch.operations[name] += 1
        with torch._C.DisableTorchFunction():  # this call is ours
            return func(*args, **(kwargs or {}))


@contextlib.contextmanager
def _profile(function: Callable[[FrameType, str, object], None]) -> Iterator[None]:
    """`function` sees every call of Python code within."""
    before = sys.getprofile()
    sys.setprofile(function)
    try:
        yield
    finally:
        sys.setprofile(before)


def _name_of(frame: FrameType, library: str) -> str:
    """A student's name for what runs here: torch.nn.Tanh, torch.nn.functional.batch_norm."""
    own = frame.f_locals.get("self", frame.f_locals.get("cls"))
    bases = own.__mro__ if isinstance(own, type) else type(own).__mro__
    for base in bases:
        if base.__module__.startswith(library):
            return f"{library}.{base.__name__}"
    module = Path(frame.f_code.co_filename).stem
    inner = f"{library}.{module}" if module in ("functional", "init") else library
    return f"{inner}.{frame.f_code.co_name}"
