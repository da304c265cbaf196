"""Reads address 0, so that the process dies of SIGSEGV.

layer: own process
outcome: crash
plain: nothing
"""
# ruff: noqa

import ctypes


def count(text):
    ctypes.string_at(0)
