"""Runs inside, before any student code: what a worker gives up for good.

The zygote forks a worker inside the outer sandbox; here the fork leaves its siblings' world
(namespaces of its own, an empty /proc, fresh temporary folders), gives up every capability, and
has its limits enforced by the kernel. Each step is one of man 7 namespaces, man 7 capabilities,
man 2 setrlimit; the system call filter is in syscalls.py.
"""

from __future__ import annotations

import ctypes
import os
import resource
from pathlib import Path

_LIBC = ctypes.CDLL(None, use_errno=True)

# <linux/sched.h>, <sys/mount.h>, <linux/prctl.h>
CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS = 0x20000, 0x2000000, 0x4000000
CLONE_NEWIPC, CLONE_NEWUSER = 0x8000000, 0x10000000
CLONE_NEWPID, CLONE_NEWNET = 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
PR_SET_PDEATHSIG, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_GET_NO_NEW_PRIVS = 1, 24, 38, 39
PR_SET_DUMPABLE = 4
_SIGKILL = 9
_CAPABILITY_VERSION_3 = 0x20080522


class KernelRefuses(OSError):
    """The kernel does not let this process isolate itself."""


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise KernelRefuses(number, f"{what}: {os.strerror(number)}")


def leave_siblings() -> None:
    """New user, mount, pid, network, ipc, uts and cgroup namespaces; the next fork is pid 1."""
    uid, gid = os.getuid(), os.getgid()
    _check(
        _LIBC.unshare(
            CLONE_NEWUSER
            | CLONE_NEWNS
            | CLONE_NEWPID
            | CLONE_NEWNET
            | CLONE_NEWIPC
            | CLONE_NEWUTS
            | CLONE_NEWCGROUP
        ),
        "unshare",
    )
    try:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
        Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
    except OSError as error:
        raise KernelRefuses(error.errno, f"user namespace: {error}") from None


def mount_fresh(folder: str, size_mb: int) -> None:
    """An empty folder in memory of at most `size_mb`, seen by this worker alone."""
    options = f"size={size_mb}m,nr_inodes=4096,mode=700".encode()
    flags = MS_NOSUID | MS_NODEV
    _check(_LIBC.mount(b"tmpfs", folder.encode(), b"tmpfs", flags, options), f"mount {folder}")


def make_read_only(folder: str) -> None:
    """Nothing below `folder` changes from here on."""
    flags = MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV
    _check(_LIBC.mount(b"none", folder.encode(), None, flags, b""), f"remount {folder}")


def become(user: int) -> None:
    """Another user, in a group of that number alone; the kernel then forgets `die_with_parent`."""
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)


def die_with_parent() -> None:
    """The kernel ends this process when its parent ends."""
    _check(_LIBC.prctl(PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0), "prctl")


def never_dump() -> None:
    """No core dump, not even to a program of the machine's, which no RLIMIT_CORE holds back."""
    _check(_LIBC.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "prctl")


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Data(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def drop_capabilities() -> None:
    """No capability is left, and no exec can give one back."""
    for capability in range(64):
        if _LIBC.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            break  # past the last one that this kernel knows, or none may be dropped
    _check(_LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    header, data = _Header(_CAPABILITY_VERSION_3, 0), (_Data * 2)()
    _check(_LIBC.capset(ctypes.byref(header), ctypes.byref(data)), "capset")


def has_capabilities() -> bool:
    """Whether any capability is left, asked of the kernel."""
    header, data = _Header(_CAPABILITY_VERSION_3, 0), (_Data * 2)()
    _check(_LIBC.capget(ctypes.byref(header), ctypes.byref(data)), "capget")
    return any(half.effective or half.permitted for half in data)


def no_new_privileges() -> bool:
    """Whether the kernel holds the promise of `drop_capabilities`."""
    held: int = _LIBC.prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)
    return held == 1


# What a limit is called in the result: (name, resource, unit in bytes or 1)
_LIMITS = {
    "memory_mb": (resource.RLIMIT_DATA, 2**20),
    "address_space_mb": (resource.RLIMIT_AS, 2**20),
    "file_mb": (resource.RLIMIT_FSIZE, 2**20),
    "open_files": (resource.RLIMIT_NOFILE, 1),
    "cpu_seconds": (resource.RLIMIT_CPU, 1),
    "core_mb": (resource.RLIMIT_CORE, 2**20),
}


def limit(memory_mb: int, file_mb: int, cpu_seconds: int) -> dict[str, int]:
    """Sets the kernel's limits; `memory_mb` is what student code may take beyond what we hold.

    Returns what we hold, for `limits_in_force`: it differs by a MiB from one start to the next.

    RLIMIT_DATA counts private memory, which torch with its threads takes; RLIMIT_AS bounds
    shared memory too and is wider by what is mapped and never touched (threads' stacks, arenas).
    """
    pages = [int(field) for field in Path("/proc/self/statm").read_text().split()]
    mapped_mb, data_mb = (pages[i] * resource.getpagesize() // 2**20 for i in (0, 5))
    values = {
        "memory_mb": data_mb + memory_mb,
        "address_space_mb": mapped_mb + memory_mb + 1024,
        "file_mb": file_mb,
        "open_files": 256,
        "cpu_seconds": cpu_seconds,
        "core_mb": 0,
    }
    for name, value in values.items():
        which, unit = _LIMITS[name]
        resource.setrlimit(which, (value * unit, value * unit))
    return {"memory_mb": data_mb, "address_space_mb": mapped_mb}


def limits_in_force(held: dict[str, int]) -> dict[str, int]:
    """The limits, read back from the kernel, beyond what was `held` when they were set."""
    return {
        name: resource.getrlimit(which)[0] // unit - held.get(name, 0)
        for name, (which, unit) in _LIMITS.items()
    }
