"""Device, dtype, threads and seeds of a run, and a description of the machine."""

import ctypes
import os
import platform
import random
import re
from functools import cache
from pathlib import Path

import numpy as np
import torch

from course.errors import UserError

DEVICES = ("auto", "cpu", "cuda")
MAX_SEED = 2**32 - 1  # the largest that numpy.random.seed takes
MAX_THREADS = 1024
GIB = 2**30
AMD = "AuthenticAMD"  # as its processors name their maker
WIDE = 256  # channels of a model, from which on bfloat16 may pay on a processor
# glibc's mallopt, from its malloc.h.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3


def pick_device(name: str = "auto") -> torch.device:
    """`auto` is CUDA if available, else the CPU.

    Raises UserError for an unknown name, and for `cuda` on a machine without it.
    """
    if name not in DEVICES:
        raise UserError(f"{name!r} is not a device: choose one of {', '.join(DEVICES)}")
    if name == "cpu":
        return torch.device("cpu")
    if torch.cuda.is_available():
        return torch.device("cuda")
    if name == "cuda":
        raise UserError("--device cuda: torch finds no CUDA device here; use cpu or auto")
    return torch.device("cpu")


def pick_dtype(device: torch.device, channels: int = WIDE) -> torch.dtype:
    """bfloat16 if `device` multiplies matrices of so many columns faster in it, else float32.

    On a processor narrow ones are not: oneDNN, which multiplies in bfloat16, compiles a program for
    each new size of a matrix, and that takes longer than to multiply them.
    """
    if device.type == "cuda":
        fast = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        fast = channels >= WIDE and bool(bfloat16_instructions())
    return torch.bfloat16 if fast else torch.float32


def bfloat16_instructions() -> str:
    """The flag of the processor's instructions that make bfloat16 faster; empty without any.

    They are the matrix units, AMX, and AMD's vector instructions AVX512_BF16. With Intel's of that
    name bfloat16 is slower: `benchmarks/minbert.py --weights minilm --bfloat16 yes`, and `no`.
    """
    if "amx_bf16" in cpu_flags():
        return "amx_bf16"
    return "avx512_bf16" if "avx512_bf16" in cpu_flags() and cpu_vendor() == AMD else ""


def seed_everything(seed: int) -> None:
    """Seed Python, numpy and torch (every device)."""
    if not 0 <= seed <= MAX_SEED:
        raise UserError(f"seed {seed} is out of range: 0 to {MAX_SEED}")
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def seed_step(device: torch.device, *numbers: int) -> int:
    """Seed every source that a step may draw from, differently for other numbers; return the seed.

    With a training's seed and step as the numbers, a resumed training goes on as if never stopped.
    """
    word = int(np.random.SeedSequence(numbers).generate_state(1)[0])
    random.seed(word)
    np.random.seed(word)
    # torch.manual_seed would keep a traceback of every call if CUDA was never used.
    torch.default_generator.manual_seed(word)
    if device.type == "cuda":
        torch.cuda.manual_seed_all(word)
    return word


def set_threads(n: int | None = None) -> int:
    """Give torch `n` threads, and return how many it has.

    None keeps torch's own choice, but at most the processors this process may use: in a
    container with a quota torch counts the whole machine, and the surplus threads only wait.

    Threads that have not worked before take denormal numbers, below 1e-38, for 0. A processor is
    many times slower with them, and trainings make them: probabilities of a mixture's far
    components, Adam's moments.
    """
    if n is None:
        n = min(torch.get_num_threads(), available_cores())
    if n < 1:
        raise UserError(f"{n} threads: at least 1 is needed")
    if n > MAX_THREADS:
        raise UserError(f"{n} threads: at most {MAX_THREADS} are allowed")
    torch.set_flush_denormal(True)  # of this thread, and of those that it begins from now on
    torch.set_num_threads(n)
    return torch.get_num_threads()


def keep_memory() -> bool:
    """Keep freed memory for the next step. Returns whether the C library supports that.

    A training step frees hundreds of megabytes and asks for them again. glibc returns large blocks
    to the kernel, which zeroes each page before handing it out again; that takes a good part of a
    step's time. With this the process stays as large as its largest step, or half as large again,
    because free memory is fragmented.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # a different C library or system
        return False
    most = 2**31 - 1
    return bool(mallopt(M_MMAP_THRESHOLD, most) and mallopt(M_TRIM_THRESHOLD, most))


def available_cores() -> int:
    """Processors this process may use, given its affinity and its control group's quota."""
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    quota = re.match(r"(\d+) (\d+)", _read("/sys/fs/cgroup/cpu.max"))
    if quota:
        cores = min(cores, max(1, int(quota[1]) // int(quota[2])))
    return cores


@cache
def cpu_flags() -> frozenset[str]:
    """The processor's feature flags as Linux names them; empty without /proc/cpuinfo."""
    return frozenset(_of_cpu("flags").split())


@cache
def cpu_vendor() -> str:
    """Who makes the processor, as it says itself, like GenuineIntel; empty if it is not known."""
    return _of_cpu("vendor_id")


def hardware(device: torch.device | None = None) -> dict[str, object]:
    """The machine that a result was measured on, as plain values: sizes in GiB, counts, names."""
    facts: dict[str, object] = {
        "cpu": cpu_model(),
        "cores": available_cores(),
        "threads": torch.get_num_threads(),
        "memory_gib": memory_gib(),
        "has_amx": "amx_bf16" in cpu_flags(),
        "avx512_bf16": "avx512_bf16" in cpu_flags(),
        "gpu": None,
        "gpu_memory_gib": None,
    }
    if torch.cuda.is_available():
        gpu = torch.cuda.get_device_properties(0)
        facts |= {"gpu": gpu.name, "gpu_memory_gib": round(gpu.total_memory / GIB, 1)}
    if device is not None:
        facts["device"] = str(device)
    return facts


def cpu_model() -> str:
    return _of_cpu("model name") or platform.processor() or platform.machine()


def memory_gib() -> float | None:
    """The machine's main memory in GiB, or None if the system does not report it."""
    try:
        return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / GIB, 1)
    except (AttributeError, OSError, ValueError):
        return None


def _of_cpu(name: str) -> str:
    """What /proc/cpuinfo says of the first processor; empty if it does not."""
    match = re.search(rf"^{name}[ \t]*:(.*)$", _read("/proc/cpuinfo"), re.MULTILINE)
    return match[1].strip() if match else ""


def _read(path: str) -> str:
    """The text of a kernel file, empty if this system does not have it."""
    try:
        return Path(path).read_text()
    except OSError:
        return ""
