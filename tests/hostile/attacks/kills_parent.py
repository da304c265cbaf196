"""Kills, stops and traces every process that it can name: its parent, the zygote, process 1.

layer: namespaces
outcome: as without it
plain: not run
"""
# ruff: noqa

import os
import signal

for pid in [os.getppid(), *range(2, 300)]:
    for number in (signal.SIGKILL, signal.SIGSTOP, 0):
        try:
            if pid > 1:
                os.kill(pid, number)
                print("ESCAPED: signalled", pid)
        except OSError:
            pass
for target in (-1, 0):
    try:
        os.kill(target, signal.SIGCONT)
    except OSError:
        pass
