"""Leaves threads running that hold the interpreter, after it has answered.

layer: clock outside
outcome: as without it
plain: not run
"""
# ruff: noqa

import sys
import threading


def _spin():
    while True:
        sum(range(100_000))


sys.setswitchinterval(0.02)
threading.Thread(target=_spin, daemon=True).start()
