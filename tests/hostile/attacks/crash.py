"""Reads address 0, so that the process dies of SIGSEGV.

layer: own process
outcome: crash
plain: nothing
"""

import ctypes


def count(text):
    ctypes.string_at(0)
