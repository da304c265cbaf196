"""Runs inside, before any student code: the files that a worker may open, held by Landlock.

Where the kernel gives no namespaces, Landlock (<linux/landlock.h>, man 7 landlock) takes their
place for files: all that is not listed cannot be opened, listed, made, removed, renamed or cut
short, by whichever user. TCP, abstract sockets and signals to processes outside are refused where
the kernel knows how. What Landlock leaves open, the names of files and their owners, modes and
times, syscalls.py closes for changes; that a file exists can be seen.
"""

from __future__ import annotations

import ctypes
import os
import stat
from collections.abc import Iterable

_LIBC = ctypes.CDLL(None, use_errno=True)
# The same numbers on every architecture.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION, _PATH_BENEATH = 1, 1
OLDEST_ABI = 3  # Linux 6.2; before it, a file could be cut short by its path

# Rights on files, by the version that brought them.
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_MAKE_CHAR, _MAKE_BLOCK = 1 << 6, 1 << 11
_IOCTL_DEV = 1 << 15
_FILES = {3: (1 << 15) - 1, 5: (1 << 16) - 1}
_READ = _READ_FILE | _READ_DIR
_OF_A_FILE = _EXECUTE | _WRITE_FILE | _READ_FILE | 1 << 14 | _IOCTL_DEV
_NO_TCP, _SCOPED = 3, 3  # bind and connect; abstract sockets and signals
_TCP_ABI, _SCOPED_ABI = 4, 6

DEVICES = ("/dev/null", "/dev/zero")  # read and written
RANDOM = ("/dev/urandom", "/dev/random")  # read


def abi() -> int:
    """The version of Landlock in this kernel; 0 if it has none, or it is turned off."""
    version: int = _LIBC.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION)
    return max(version, 0)


def restrict(readable: Iterable[str], own: str) -> None:
    """From here on this thread opens only files below `readable`, and writes only below `own`.

    no_new_privs must be set. Raises OSError if the kernel cannot do it.
    """
    version = abi()
    if version < OLDEST_ABI:
        raise OSError(f"Landlock's version is {version}; it must be at least {OLDEST_ABI}")
    files = max((since, rights) for since, rights in _FILES.items() if since <= version)[1]
    ruleset = _ruleset(version, files)
    try:
        for path in readable:
            _allow(ruleset, path, _READ)
        for path in RANDOM:
            _allow(ruleset, path, _READ_FILE)
        for path in DEVICES:
            _allow(ruleset, path, _READ_FILE | _WRITE_FILE)
        _allow(ruleset, own, files & ~(_EXECUTE | _MAKE_CHAR | _MAKE_BLOCK | _IOCTL_DEV))
        _check(_LIBC.syscall(_RESTRICT_SELF, ruleset, 0))
    finally:
        os.close(ruleset)


def in_force() -> bool:
    """Whether the root folder, which anyone may list, is closed to this process."""
    try:
        os.close(os.open("/", os.O_RDONLY))
    except PermissionError:
        return True
    return False


class _Ruleset(ctypes.Structure):
    _fields_ = (
        ("files", ctypes.c_uint64),
        ("network", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def _ruleset(version: int, files: int) -> int:
    tcp = _NO_TCP if version >= _TCP_ABI else 0
    scoped = _SCOPED if version >= _SCOPED_ABI else 0
    rules = _Ruleset(files, tcp, scoped)
    # An older kernel knows a shorter structure, and takes a longer one if the rest is 0.
    size = ctypes.c_size_t(ctypes.sizeof(rules))
    return _check(_LIBC.syscall(_CREATE_RULESET, ctypes.byref(rules), size, 0))


def _allow(ruleset: int, path: str, rights: int) -> None:
    """Adds a rule for a file or a folder and all below it; none if there is no such path."""
    try:
        parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(parent).st_mode):
            rights &= _OF_A_FILE
        rule = _PathBeneath(rights, parent)
        _check(_LIBC.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.byref(rule), 0))
    finally:
        os.close(parent)


def _check(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"Landlock: {os.strerror(number)}")
    return result
