"""Reads the command lines, environments, memory and roots of other processes from /proc.

layer: namespaces
outcome: as without it
plain: not run
"""
# ruff: noqa

import glob
import os

for pattern in ("/proc/[0-9]*/*", "/proc/self/*", "/proc/1/root/*", "/proc/sys/kernel/*"):
    for path in glob.glob(pattern):
        print("ESCAPED:", path)
for name in ("environ", "cmdline", "mem", "maps", "root/etc/passwd", "fd/3", "mounts"):
    for pid in ("self", "1", "2", str(os.getppid())):
        if os.path.exists(f"/proc/{pid}/{name}"):
            print("ESCAPED:", pid, name)
