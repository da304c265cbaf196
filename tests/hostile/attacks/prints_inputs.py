"""Prints the hidden inputs to everything that it can print to.

layer: messages
outcome: as without it
plain: not run
"""
# ruff: noqa

import os
import sys
import warnings

_count = count


def count(text):
    print(text, flush=True)
    print(text, file=sys.stderr, flush=True)
    os.write(1, text.encode())
    warnings.warn(text)
    sys.stdout.write(text)
    return _count(text)
