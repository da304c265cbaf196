"""Makes files that are larger than the disk, and folders deeper than a path may be.

layer: limits
outcome: as without it
plain: not run
"""
# ruff: noqa

import os
import signal

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
try:
    with open("/tmp/sparse", "wb") as file:
        file.truncate(2**40)
    print("ESCAPED: a terabyte")
except OSError:
    pass
try:
    for _ in range(5000):
        os.mkdir("d" * 200)
        os.chdir("d" * 200)
except OSError:
    pass
os.chdir("/")
