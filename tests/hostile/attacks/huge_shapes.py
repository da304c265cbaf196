"""Replies with tensors of huge, negative and overflowing shapes and too few bytes.

layer: wire
outcome: crash
plain: not run
"""
# ruff: noqa

import os
import struct

import msgpack


def _send(code, shape):
    tensor = msgpack.ExtType(2, msgpack.packb([code, shape]))
    frame = msgpack.packb([4, "value", tensor])
    os.write(3, struct.pack("<II", len(frame), 0) + frame)


def mean(numbers):
    _send(8, [2**62, 4])


def count(text):
    _send(8, [-1])


def predict(texts):
    _send(8, [0, 2**40, 2**40])


def shift(text):
    _send(99, [1] * 60)
