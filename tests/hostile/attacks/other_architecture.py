"""Makes 32-bit system calls, whose numbers a filter for 64 bits does not know.

layer: system call filter
outcome: crash
plain: not run
"""
# ruff: noqa

import ctypes
import mmap
import os
import platform


def count(text):
    if platform.machine() != "x86_64":
        os._exit(1)
    page = mmap.mmap(-1, 4096, prot=7)
    page.write(b"\xb8\x02\x00\x00\x00\xcd\x80\xc3")  # mov eax, 2 (fork); int 0x80; ret
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    ctypes.CFUNCTYPE(ctypes.c_int)(address)()
    print("ESCAPED: forked in 32 bits", flush=True)
