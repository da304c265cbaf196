"""Takes memory beneath Python: malloc, mmap with MAP_NORESERVE, brk.

layer: limits
outcome: memory
plain: not run
"""
# ruff: noqa

import ctypes

libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.mmap.restype = ctypes.c_void_p


def count(text):
    refused = 0
    while refused < 10:
        for address in (libc.malloc(2**26), libc.mmap(0, 2**26, 3, 0x4022, -1, 0)):
            if address in (None, 2**64 - 1):
                refused += 1
            else:
                ctypes.memset(address, 1, 2**26)
    raise MemoryError
