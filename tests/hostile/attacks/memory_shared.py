"""Takes memory by shared mappings, which no limit on private memory counts.

layer: watchdog
outcome: memory
plain: not run
"""
# ruff: noqa

import mmap

kept = []


def count(text):
    try:
        while True:
            kept.append(mmap.mmap(-1, 2**26))
            for page in range(0, 2**26, 4096):
                kept[-1][page] = 1
    except OSError:
        raise MemoryError from None
