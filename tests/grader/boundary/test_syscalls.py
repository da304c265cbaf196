"""The system call filter, its program run here as the kernel would, for both architectures."""

from __future__ import annotations

import errno
import struct

import pytest

from grader.boundary.inside import syscalls


def _judge(
    machine: str,
    number: int,
    argument: int = 0,
    second: int = 0,
    third: int = 0,
    arch: int | None = None,
    alone: int | None = None,
) -> int:
    """What the filter says of a system call: runs its program as the kernel would."""
    arch = syscalls._AUDIT_ARCH[machine] if arch is None else arch
    data = struct.pack("<IIQQQQ", number, arch, 0, argument, second, third)
    steps = list(struct.iter_unpack("<HBBI", syscalls.program(machine, alone)))
    place = loaded = 0
    while True:
        code, yes, no, value = steps[place]
        place += 1
        if code == syscalls._RETURN:
            return value
        if code == syscalls._LOAD:
            (loaded,) = struct.unpack_from("<I", data, value)
            continue
        holds = {
            syscalls._JEQ: loaded == value,
            syscalls._JGE: loaded >= value,
            syscalls._JSET: bool(loaded & value),
        }
        place += yes if holds[code] else no


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_filter_says_no_where_it_should(machine: str) -> None:
    """Every call of the table, on both architectures, whichever this one is."""
    refused, allowed = syscalls._ERRNO | errno.EPERM, syscalls._ALLOW
    column = syscalls._COLUMN[machine]
    for numbers in syscalls._NUMBERS.values():
        if numbers[column] is not None:
            assert _judge(machine, numbers[column]) == refused
    clone, prctl = syscalls._CLONE[machine], syscalls._PRCTL[machine]
    assert _judge(machine, clone, 17) == refused  # a fork: SIGCHLD alone
    assert _judge(machine, clone, 0x3D0F00) == allowed  # a thread
    assert _judge(machine, syscalls._CLONE3) == syscalls._ERRNO | errno.ENOSYS
    assert _judge(machine, prctl, syscalls._PR_SET_DUMPABLE) == refused
    assert _judge(machine, prctl, 15) == allowed  # a thread's name
    fcntl = syscalls._FCNTL[machine]
    for command in (6, 7, 37, 38, 1024, 1026):  # locks, leases and watches on files
        assert _judge(machine, fcntl, 5, command) == refused
    assert _judge(machine, fcntl, 6, 3) == allowed  # F_GETFL of descriptor 6
    prlimit = syscalls._PRLIMIT[machine]
    assert _judge(machine, prlimit, 0, 7, 0) == allowed  # reads a limit
    for pointer in (0x7FFF00001000, 0x700000000000, 0x1000):
        assert _judge(machine, prlimit, 0, 7, pointer) == refused  # sets one
    assert _judge(machine, 63 if machine == "aarch64" else 0) == allowed  # read
    assert _judge(machine, 0, arch=0x40000003) == syscalls._KILL  # i386


def test_the_filter_refuses_the_second_table_of_x86_64() -> None:
    assert _judge("x86_64", syscalls._X32 + 59) == syscalls._ERRNO | errno.EPERM


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_without_namespaces_it_refuses_what_reaches_others(machine: str) -> None:
    refused, allowed = syscalls._ERRNO | errno.EPERM, syscalls._ALLOW
    column = syscalls._COLUMN[machine]
    for numbers in (syscalls._NUMBERS | syscalls._APART).values():
        if numbers[column] is not None:
            assert _judge(machine, numbers[column], alone=77) == refused
    for name, numbers in syscalls._SIGNALS.items():
        assert _judge(machine, numbers[column], 77, alone=77) == allowed, name
        assert _judge(machine, numbers[column], 78, alone=77) == refused, name
        assert _judge(machine, numbers[column], 78) == allowed, name
    affinity = syscalls._SET_AFFINITY[machine]
    assert _judge(machine, affinity, 0, alone=77) == allowed
    assert _judge(machine, affinity, 77, alone=77) == refused
    assert _judge(machine, syscalls._CLONE[machine], 17, alone=77) == refused
