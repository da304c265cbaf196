"""Sends its reply a byte at a time, so that no single read waits long.

layer: clock outside
outcome: timeout
plain: not run
"""
# ruff: noqa

import os
import time


def mean(numbers):
    os.write(3, b"\x00\x00\x10\x00" + bytes(4))
    while True:
        os.write(3, b"\x00")
        time.sleep(0.05)
