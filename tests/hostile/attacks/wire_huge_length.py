"""Announces a reply of eight gigabytes.

layer: wire
outcome: crash
plain: not run
"""
# ruff: noqa

import os
import struct


def mean(numbers):
    os.write(3, struct.pack("<II", 2**32 - 1, 2**32 - 1))
