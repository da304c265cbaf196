"""Dies with a core dump, after it has asked to be dumpable again.

layer: system call filter
outcome: crash
plain: not run
"""
# ruff: noqa

import ctypes

libc = ctypes.CDLL(None)


def count(text):
    if libc.prctl(4, 1, 0, 0, 0) == 0:
        print("ESCAPED: dumpable", flush=True)
    libc.abort()
