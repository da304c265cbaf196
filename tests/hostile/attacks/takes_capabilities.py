"""Takes capabilities back, changes its user and group, and asks for what only root may.

layer: capabilities
outcome: as without it
plain: not run
"""
# ruff: noqa

import ctypes
import os
import time

libc = ctypes.CDLL(None)


class Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


full = (ctypes.c_uint32 * 6)(*[0xFFFFFFFF] * 6)
if libc.capset(ctypes.byref(Header(0x20080522, 0)), full) == 0:
    print("ESCAPED: capabilities")
for change in (
    lambda: os.setuid(0),
    lambda: os.setgid(0),
    lambda: os.setgroups([0]),
    lambda: os.chown("/tmp", 0, 0),
    lambda: time.clock_settime(time.CLOCK_REALTIME, 0),
    lambda: os.mknod("/tmp/hostile-device", 0o60600, os.makedev(8, 0)),
    lambda: os.setxattr("/tmp", "trusted.x", b"x"),
):
    try:
        change()
        print("ESCAPED: privilege")
    except OSError:
        pass
