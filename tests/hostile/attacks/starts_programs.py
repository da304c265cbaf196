"""Starts programs: subprocess, os.system, posix_spawn, execve, execveat.

layer: system call filter
outcome: as without it
plain: not run
"""
# ruff: noqa

import ctypes
import os
import subprocess
import sys

for start in (
    lambda: subprocess.run([sys.executable, "-c", "print('ESCAPED: subprocess')"]),
    lambda: os.posix_spawn("/bin/sh", ["sh", "-c", "echo ESCAPED: spawn"], {}),
    lambda: os.popen("echo ESCAPED: popen").read(),
    lambda: os.execv("/bin/sh", ["sh", "-c", "echo ESCAPED: exec"]),
    lambda: os.execve("/proc/self/exe", ["python", "-c", "print('ESCAPED: exe')"], {}),
    lambda: os.execve(os.open(sys.executable, os.O_RDONLY), ["p", "-c", "print('ESCAPED')"], {}),
):
    try:
        start()
    except OSError:
        pass
if os.system("true") == 0:
    print("ESCAPED: system")
ctypes.CDLL(None).system(b"echo ESCAPED: system of C")
