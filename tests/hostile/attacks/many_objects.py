"""Replies with millions of empty lists and of handles.

layer: wire
outcome: crash
plain: not run
"""
# ruff: noqa

import os
import struct


def _send(item, count):
    frame = b"\x93\x04\xa5value\xdd" + struct.pack(">I", count) + item * count
    frame = struct.pack("<II", len(frame), 0) + frame
    while frame:
        frame = frame[os.write(3, frame) :]


def mean(numbers):
    _send(b"\x90", 4 * 2**20 - 20)


def count(text):
    _send(b"\xc7\x03\x01\x92\x01\xa0", 600_000)
