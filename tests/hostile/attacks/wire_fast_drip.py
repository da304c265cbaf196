"""Sends its reply a byte at a time and so fast that the next one is always there.

layer: clock outside
outcome: timeout
plain: not run
"""
# ruff: noqa

import os


def mean(numbers):
    os.write(3, b"\x00\x00\x40\x00" + bytes(4))
    while True:
        os.write(3, b"\x00")
