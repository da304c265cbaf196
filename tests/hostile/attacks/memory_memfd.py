"""Hides memory in memfd_create, secret memory, System V segments and pipes.

layer: system call filter
outcome: as without it
plain: not run
"""
# ruff: noqa

import ctypes
import fcntl
import os

libc = ctypes.CDLL(None)
for number in (319, 447, 29, 68, 64, 240):
    if libc.syscall(number, b"hostile", 2**30, 0o1777) >= 0:
        print("ESCAPED: system call", number)
total = 0
try:
    while True:
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        try:
            fcntl.fcntl(writer, 1031, 2**20)
        except OSError:
            pass
        total += os.write(writer, bytes(2**20))
except OSError:
    pass
if total > 256 * 2**20:
    print("ESCAPED:", total, "bytes in pipes")
