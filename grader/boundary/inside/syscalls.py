"""Runs inside, before any student code: the system calls that a worker may not make.

A seccomp filter in classic BPF (man 2 seccomp; <linux/filter.h>). It adds what namespaces and
limits do not: no new process at all (a fork bomb does not even start, not even as root, whom no
limit on processes holds), no program started, no socket made, no namespace entered or made, no
memory of another process read, no core dumped, no kernel log read, no lock or watch on files that
the machine's other processes use. Threads are allowed: torch needs them. What is refused gets
EPERM, so that Python raises PermissionError in the student's own frame.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct

# Numbers from the kernel's tables: arch/x86/entry/syscalls/syscall_64.tbl and
# include/uapi/asm-generic/unistd.h. None if an architecture has no such call.
_NUMBERS = {
    #                     x86_64, aarch64
    "fork": (57, None),
    "vfork": (58, None),
    "execve": (59, 221),
    "execveat": (322, 281),
    "socket": (41, 198),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_getfd": (438, 438),
    "kcmp": (312, 272),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "userfaultfd": (323, 282),
    "perf_event_open": (298, 241),
    "bpf": (321, 280),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "syslog": (103, 116),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
    # its own limits: lowering that of processor time gets it killed, as if from outside
    "setrlimit": (160, 164),
    # limits and disks of the whole machine
    "io_setup": (206, 0),
    "inotify_init": (253, None),
    "inotify_init1": (294, 26),
    "fanotify_init": (300, 262),
    "sync": (162, 81),
    "syncfs": (306, 267),
    # locks on read-only files that others wait for
    "flock": (73, 32),
}
# Refused as well where no namespaces keep a worker apart: what changes files that it cannot open,
# and what reaches other processes. From the end of a socket pair, any unix socket with a name.
_APART = {
    "socketpair": (53, 199),
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, None),
    "lchown": (94, None),
    "fchown": (93, 55),
    "fchownat": (260, 54),
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
    "utimensat": (280, 88),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "setxattrat": (463, 463),
    "removexattrat": (466, 466),
    "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    "setpriority": (141, 140),
    "ioprio_set": (251, 30),
    "sched_setscheduler": (144, 119),
    "sched_setparam": (142, 118),
    "sched_setattr": (314, 274),
    "tkill": (200, 130),
    # queues and memory that another process of the same user has made
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "semop": (65, 193),
    "semctl": (66, 191),
    "msgsnd": (69, 189),
    "msgrcv": (70, 188),
    "msgctl": (71, 187),
    "mq_unlink": (241, 181),
    "file_setattr": (469, 469),
}
# Signals, which there go to the worker itself alone: argument 0 is the process.
_SIGNALS = {
    "kill": (62, 129),
    "tgkill": (234, 131),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
}
# <linux/fcntl.h>: F_SETOWN, F_SETSIG, F_SETOWN_EX: the kernel would send signals for a worker.
_OWNERS = (8, 10, 15)
_IOCTL = {"x86_64": 16, "aarch64": 29}
# FIOSETOWN, SIOCSPGRP: the same; FS_IOC_SETFLAGS, FS_IOC_ENABLE_VERITY: of files that it can read.
_IOCTLS = (0x8901, 0x8902, 0x40086602, 0x40806685)
_PR_SET_PDEATHSIG = 1  # without it a worker would outlive the zygote
_SET_AFFINITY = {"x86_64": 203, "aarch64": 122}  # argument 0 is the process, 0 the caller
_CLONE = {"x86_64": 56, "aarch64": 220}
_PRCTL = {"x86_64": 157, "aarch64": 167}
_PR_SET_DUMPABLE = 4
_FCNTL = {"x86_64": 72, "aarch64": 25}
# <linux/fcntl.h>: F_SETLK, F_SETLKW, F_OFD_SETLK, F_OFD_SETLKW, F_SETLEASE, F_NOTIFY
_LOCKS = (6, 7, 37, 38, 1024, 1026)
_PRLIMIT = {"x86_64": 302, "aarch64": 261}  # reads limits, and sets them if argument 2 is given
_CLONE3 = 435  # the same everywhere; its flags lie in memory, where a filter cannot look
_COLUMN = {"x86_64": 0, "aarch64": 1}
_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32 = 0x40000000  # x86_64's second table of numbers, for 32-bit pointers
_CLONE_THREAD = 0x00010000

_ALLOW = 0x7FFF0000
_KILL = 0x80000000
_ERRNO = 0x00050000
_LOAD, _JEQ, _JGE, _JSET, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
# offsets in struct seccomp_data
_NUMBER, _ARCH, _ARGUMENT_0, _ARGUMENT_1, _ARGUMENT_2 = 0, 4, 16, 24, 32
_PR_SET_SECCOMP, _PR_GET_SECCOMP, _MODE_FILTER = 22, 21, 2


def _op(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    """One instruction: struct sock_filter; `yes` and `no` are how many to skip."""
    return struct.pack("<HBBI", code, yes, no, value)


def program(machine: str, alone: int | None = None) -> bytes:
    """The filter for an architecture of `_COLUMN`; KeyError for another.

    alone: the process id of a worker that no namespaces keep apart.
    """
    column = _COLUMN[machine]
    refuse = _op(_RETURN, _ERRNO | errno.EPERM)
    steps = [
        _op(_LOAD, _ARCH),
        _op(_JEQ, _AUDIT_ARCH[machine], yes=1),
        _op(_RETURN, _KILL),
        _op(_LOAD, _NUMBER),
    ]
    if machine == "x86_64":
        steps += [_op(_JGE, _X32, no=1), refuse]
    for numbers in (_NUMBERS if alone is None else _NUMBERS | _APART).values():
        if (number := numbers[column]) is not None:
            steps += [_op(_JEQ, number, no=1), refuse]
    if alone is not None:
        for numbers in _SIGNALS.values():
            steps += _unless_argument_0(numbers[column], alone, refuse)
        steps += _unless_argument_0(_SET_AFFINITY[machine], 0, refuse)
        steps += _if_argument(_FCNTL[machine], _ARGUMENT_1, _OWNERS, refuse)
        steps += _if_argument(_IOCTL[machine], _ARGUMENT_1, _IOCTLS, refuse)
        steps += _if_argument(_PRCTL[machine], _ARGUMENT_0, (_PR_SET_PDEATHSIG,), refuse)
    # glibc falls back to clone if the kernel does not know clone3.
    steps += [_op(_JEQ, _CLONE3, no=1), _op(_RETURN, _ERRNO | errno.ENOSYS)]
    steps += _if_argument(_PRCTL[machine], _ARGUMENT_0, (_PR_SET_DUMPABLE,), refuse)
    steps += _if_argument(_FCNTL[machine], _ARGUMENT_1, _LOCKS, refuse)
    steps += [
        _op(_JEQ, _PRLIMIT[machine], no=5),
        _op(_LOAD, _ARGUMENT_2),
        _op(_JEQ, 0, no=2),
        _op(_LOAD, _ARGUMENT_2 + 4),  # the pointer's upper half
        _op(_JEQ, 0, yes=1),
        refuse,
        _op(_LOAD, _NUMBER),
        _op(_JEQ, _CLONE[machine], no=3),
        _op(_LOAD, _ARGUMENT_0),
        _op(_JSET, _CLONE_THREAD, yes=1),
        refuse,
    ]
    return b"".join([*steps, _op(_RETURN, _ALLOW)])


def _if_argument(call: int, argument: int, values: tuple[int, ...], refuse: bytes) -> list[bytes]:
    """Steps that refuse the system call number `call` if an argument is one of `values`."""
    tests = [step for value in values for step in (_op(_JEQ, value, no=1), refuse)]
    return [
        _op(_JEQ, call, no=len(tests) + 2),
        _op(_LOAD, argument),
        *tests,
        _op(_LOAD, _NUMBER),
    ]


def _unless_argument_0(call: int, value: int, refuse: bytes) -> list[bytes]:
    """Steps that refuse the system call number `call` unless its first argument is `value`."""
    return [
        _op(_JEQ, call, no=4),
        _op(_LOAD, _ARGUMENT_0),
        _op(_JEQ, value, yes=1),
        refuse,
        _op(_LOAD, _NUMBER),
    ]


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def known() -> bool:
    """Whether there is a filter for this architecture."""
    return platform.machine() in _COLUMN


def refuse_system_calls(alone: int | None = None) -> bool:
    """Sets the filter for good (no_new_privs must be set); False on another architecture.

    alone: see `program`.
    """
    if not known():
        return False
    steps = program(platform.machine(), alone)
    code = ctypes.create_string_buffer(steps)
    filter_ = _Program(len(steps) // 8, ctypes.cast(code, ctypes.c_void_p).value)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(filter_), 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"seccomp: {os.strerror(number)}")
    return True


def filtered() -> bool:
    """Whether a filter is in force, asked of the kernel."""
    mode: int = ctypes.CDLL(None).prctl(_PR_GET_SECCOMP, 0, 0, 0, 0)
    return mode == _MODE_FILTER
