"""Watches the machine's files, and takes what the whole machine has few of.

layer: system call filter
outcome: as without it
plain: not run
"""
# ruff: noqa

import ctypes
import platform

libc = ctypes.CDLL(None, use_errno=True)
number = ctypes.c_long()
if platform.machine() == "x86_64":
    for name, call, arguments in (
        ("inotify_init", 253, ()),
        ("inotify_init1", 294, (0,)),
        ("fanotify_init", 300, (0, 0)),
        ("io_setup", 206, (100, ctypes.byref(number))),
        ("sync", 162, ()),
        ("syncfs", 306, (0,)),
    ):
        if libc.syscall(call, *arguments) >= 0:
            print("ESCAPED:", name)
