"""Announces the longest reply that is allowed, and sends nothing of it.

layer: clock outside
outcome: timeout
plain: not run
"""
# ruff: noqa

import os
import struct
import time


def mean(numbers):
    os.write(3, struct.pack("<II", 4 * 2**20, 256 * 2**20))
    time.sleep(1000)
