"""Floods the wire with replies that nobody asked for, from a thread.

layer: wire
outcome: crash
plain: not run
"""
# ruff: noqa

import os
import threading


def _flood():
    while True:
        try:
            os.write(3, b"\x01\x00\x00\x00\x00\x00\x00\x00\xc0" * 1000)
        except OSError:
            return


def mean(numbers):
    threading.Thread(target=_flood, daemon=True).start()
    return 0.0
