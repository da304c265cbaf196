"""Forks without end, by os.fork, the raw system calls and multiprocessing.

layer: system call filter
outcome: as without it
plain: not run
"""
# ruff: noqa

import ctypes
import multiprocessing
import os

libc = ctypes.CDLL(None, use_errno=True)
me = os.getpid()
for _ in range(100):
    try:
        os.fork()
    except OSError:
        pass
    for number, flags in ((57, 0), (58, 0), (56, 17), (56, 0x10000000), (435, 0), (220, 17)):
        libc.syscall(number, flags, 0, 0, 0, 0)
    if os.getpid() != me:
        print("ESCAPED: forked")
        while True:
            os.fork()
try:
    multiprocessing.get_context("fork").Process(target=print).start()
    print("ESCAPED: multiprocessing")
except OSError:
    pass
