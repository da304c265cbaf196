"""Leaves a child behind that has forked twice, has a session of its own and changes later grades.

layer: system call filter
outcome: as without it
plain: not run
"""
# ruff: noqa

import os
import time

try:
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            while True:
                open("/tmp/hostile-detached", "a").write("still here\n")
                time.sleep(0.01)
        os._exit(0)
    print("ESCAPED: a child")
except OSError:
    pass
