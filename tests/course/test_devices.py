"""Devices, dtypes, threads, seeds: what is chosen, and what a wrong choice is told."""

import platform
import random
import subprocess
import sys

import numpy as np
import pytest
import torch

from course import devices
from course.errors import UserError
from tests.programs import ROOT

HAS_CUDA = torch.cuda.is_available()


@pytest.fixture
def threads():
    """torch's number of threads, put back afterwards."""
    before = torch.get_num_threads()
    yield before
    torch.set_num_threads(before)


@pytest.fixture
def cpu(monkeypatch):
    """Called with what /proc/cpuinfo is to say."""

    def forget() -> None:
        devices.cpu_flags.cache_clear()
        devices.cpu_vendor.cache_clear()

    def says(text: str) -> None:
        monkeypatch.setattr(devices, "_read", lambda _path: text)
        forget()

    yield says
    forget()


def test_auto_takes_cuda_where_there_is_one(monkeypatch):
    for present, expected in ((False, "cpu"), (True, "cuda")):
        monkeypatch.setattr(torch.cuda, "is_available", lambda present=present: present)
        assert devices.pick_device("auto").type == expected
        assert devices.pick_device("cpu").type == "cpu"


def test_cuda_that_is_absent_is_one_line(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UserError, match=r"^--device cuda: .*; use cpu or auto$"):
        devices.pick_device("cuda")


def test_unknown_device_lists_the_valid_ones():
    with pytest.raises(UserError, match="'tpu' is not a device: choose one of auto, cpu, cuda"):
        devices.pick_device("tpu")


@pytest.mark.parametrize(
    ("vendor", "flags", "expected"),
    [
        ("GenuineIntel", "avx2 avx512f", torch.float32),
        ("GenuineIntel", "avx512_bf16", torch.float32),
        ("GenuineIntel", "amx_tile amx_bf16", torch.bfloat16),
        ("GenuineIntel", "amx_tile amx_int8", torch.float32),
        ("AuthenticAMD", "avx512f avx512_vnni", torch.float32),
        ("AuthenticAMD", "avx512f avx512_bf16", torch.bfloat16),
        ("", "", torch.float32),
    ],
)
def test_bfloat16_only_where_the_processor_is_faster_in_it(cpu, vendor, flags, expected):
    cpu(f"processor\t: 0\nvendor_id\t: {vendor}\nflags\t\t: {flags}\n")
    assert devices.pick_dtype(torch.device("cpu")) == expected


def test_a_narrow_model_is_faster_in_float32(cpu):
    cpu("vendor_id\t: GenuineIntel\nflags\t\t: amx_bf16\n")
    device = torch.device("cpu")
    assert devices.pick_dtype(device, 256) == devices.pick_dtype(device) == torch.bfloat16
    assert devices.pick_dtype(device, 255) == torch.float32


def test_flags_are_read_as_the_kernel_writes_them(cpu):
    cpu("processor\t: 0\nmodel name\t: A Chip @ 2GHz\nflags\t\t: fpu avx512_bf16 amx_bf16\n")
    assert devices.cpu_flags() == {"fpu", "avx512_bf16", "amx_bf16"}
    assert devices.cpu_model() == "A Chip @ 2GHz"
    assert devices.cpu_vendor() == ""


def test_machine_without_proc_is_float32(cpu):
    cpu("")
    assert devices.pick_dtype(torch.device("cpu")) == torch.float32


def test_the_chosen_dtype_computes_here():
    """Whatever is chosen on this machine, a linear layer runs in it under autocast."""
    device = devices.pick_device("auto")
    dtype = devices.pick_dtype(device)
    layer = torch.nn.Linear(64, 64).to(device)
    with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
        assert layer(torch.ones(2, 64, device=device)).dtype == dtype


def draw() -> tuple:
    return random.random(), np.random.rand(), torch.rand(()).item()


def test_seed_repeats_every_source():
    devices.seed_everything(7)
    first = draw()
    devices.seed_everything(7)
    assert draw() == first
    devices.seed_everything(8)
    assert all(a != b for a, b in zip(draw(), first, strict=True))


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_seed_out_of_range_is_named(seed):
    with pytest.raises(UserError, match=f"seed {seed} is out of range: 0 to 4294967295"):
        devices.seed_everything(seed)


def test_threads(threads):
    assert devices.set_threads(1) == torch.get_num_threads() == 1
    with pytest.raises(UserError, match="0 threads: at least 1"):
        devices.set_threads(0)
    assert torch.get_num_threads() == 1


def test_all_threads_of_a_command_take_denormal_numbers_for_0():
    """DLM128-nested took twice as long with them."""
    script = """
import torch
from course.devices import set_threads
set_threads(2)
many = torch.full((2**20,), 1e-20)
print(int((many * 1e-20).count_nonzero()), int((many * 1e-10).count_nonzero()))
"""
    counts = subprocess.check_output([sys.executable, "-c", script], cwd=ROOT).split()
    assert [*map(int, counts)] == [0, 2**20]


@pytest.mark.parametrize(
    ("quota", "expected"),
    [("50000 100000", 1), ("100000 100000", 1), ("max 100000", None), ("", None)],
)
def test_no_more_threads_than_the_quota_lets_run(monkeypatch, threads, quota, expected):
    unlimited = devices.available_cores()
    monkeypatch.setattr(devices, "_read", lambda path: quota if path.endswith("cpu.max") else "")
    cores = devices.available_cores()
    assert cores == expected if expected else cores >= unlimited
    torch.set_num_threads(2)
    assert devices.set_threads(None) == min(2, cores)


def test_hardware_is_plain_values():
    facts = devices.hardware(torch.device("cpu"))
    assert all(value is None or isinstance(value, str | int | float) for value in facts.values())
    assert facts["cpu"]
    assert facts["device"] == "cpu"
    assert (facts["gpu"] is None) == (not HAS_CUDA)


@pytest.mark.gpu
@pytest.mark.skipif(not HAS_CUDA, reason="needs a CUDA device")
def test_hardware_names_the_gpu():
    device = devices.pick_device("auto")
    facts = devices.hardware(device)
    assert device.type == "cuda"
    assert facts["gpu"] == torch.cuda.get_device_name(0)
    assert facts["gpu_memory_gib"] > 0
    # every device from compute capability 8.0 on multiplies in bfloat16
    native = torch.cuda.get_device_capability(0) >= (8, 0)
    assert devices.pick_dtype(device) == (torch.bfloat16 if native else torch.float32)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's malloc only")
def test_kept_memory_is_not_asked_of_the_kernel_again():
    """A training step spent its time on pages that the step before had given back."""
    program = """
import resource, sys, torch
from course.devices import keep_memory

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def steps():
    for i in range(30):  # megabytes of several sizes, some alive at once, as in a training
        made = [torch.ones((4 + i % 5) * 2**20 + 17 * k) for k in range(4)]
        made = [tensor * 2 for tensor in made]

if sys.argv[1] == "keep":
    assert keep_memory()
taken = [faults()]
for _ in range(4):  # the heap may grow once more where its free pieces lie badly, but not each time
    steps()
    taken.append(faults())
print(min(after - before for before, after in zip(taken[1:], taken[2:])))
"""
    found = {
        how: int(subprocess.check_output([sys.executable, "-c", program, how], cwd=ROOT))
        for how in ("keep", "give")
    }
    assert found["keep"] < 0.1 * found["give"]
