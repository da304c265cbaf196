"""Tries the kernel's wide doors: io_uring, bpf, perf, keyrings, userfaultfd, the kernel's log.

layer: system call filter
outcome: as without it
plain: not run
"""
# ruff: noqa

import ctypes
import platform

libc = ctypes.CDLL(None, use_errno=True)
numbers = (425, 321, 298, 248, 249, 250, 323, 246, 320, 175, 313, 312, 438, 103)
if platform.machine() == "x86_64":
    buffer = ctypes.create_string_buffer(4096)
    for number in numbers:
        if libc.syscall(number, 3, buffer, 4096, 0, 0) >= 0:
            print("ESCAPED: system call", number)
        if libc.syscall(0x40000000 + number, 3, buffer, 4096, 0, 0) >= 0:
            print("ESCAPED: x32 system call", number)
