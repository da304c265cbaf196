"""Returns the hidden input in place of the answer, as a value, a key and a malformed reply.

layer: messages
outcome: failed
plain: not run
"""
# ruff: noqa

import os
import struct


def count(text):
    return {text: text}


def shift(text):
    return text, [text]


def mean(numbers):
    shape = bytes([0x92, 8, 0x91, 0xCE]) + struct.pack(">I", numbers[0]) + b"\xc0"
    frame = b"\x93\x04\xa5value\xc7" + bytes([len(shape), 2]) + shape
    os.write(3, struct.pack("<II", len(frame), 0) + frame)


def predict(texts):
    return texts[:39] + [{}]
