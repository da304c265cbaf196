"""Lowers its own limit of processor time, so that the kernel kills it as if from outside.

layer: system call filter
outcome: as without it
plain: not run
"""
# ruff: noqa

import ctypes
import resource

for which in (resource.RLIMIT_CPU, resource.RLIMIT_AS, resource.RLIMIT_NOFILE):
    try:
        resource.setrlimit(which, (1, 1))
        print("ESCAPED: limit", which)
    except (OSError, ValueError):
        pass
pair = (ctypes.c_ulong * 2)(1, 1)
if ctypes.CDLL(None).syscall(160, resource.RLIMIT_CPU, pair) == 0:
    print("ESCAPED: setrlimit")
