"""Opens devices, kernel files and sysfs.

layer: namespaces
outcome: as without it
plain: not run
"""
# ruff: noqa

import glob
import os

harmless = {"null", "zero", "full", "random", "urandom", "tty", "shm", "pts", "ptmx", "core", "fd"}
for path in [*glob.glob("/dev/*"), *glob.glob("/sys/*"), "/dev/mem", "/dev/kmsg", "/dev/sda"]:
    if os.path.basename(path) not in harmless | {"stdin", "stdout", "stderr"}:
        if os.path.exists(path):
            print("ESCAPED:", path)
try:
    os.openpty()
    print("ESCAPED: a terminal")
except OSError:
    pass
