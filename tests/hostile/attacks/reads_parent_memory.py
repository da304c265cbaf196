"""Reads and writes the memory of its parent and of every process that it can name.

layer: system call filter
outcome: as without it
plain: not run
"""
# ruff: noqa

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
buffer = ctypes.create_string_buffer(8)


class Vector(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


here = Vector(ctypes.addressof(buffer), 8)
for pid in {os.getppid(), os.getpid(), 1, 2, 3}:
    for function in (libc.process_vm_readv, libc.process_vm_writev):
        if function(pid, ctypes.byref(here), 1, ctypes.byref(here), 1, 0) > 0:
            print("ESCAPED: memory of", pid)
    if libc.ptrace(16, pid, 0, 0) == 0:  # PTRACE_ATTACH
        print("ESCAPED: traces", pid)
if libc.ptrace(0, 0, 0, 0) == 0:  # PTRACE_TRACEME
    print("ESCAPED: is traced")
