"""Locks and leases files that the machine's other processes use.

layer: system call filter
outcome: as without it
plain: not run
"""
# ruff: noqa

import fcntl
import os
import torch

for path in (torch.__file__, os.__file__, "/usr/bin/env"):
    with open(path, "rb") as file:
        for change in (
            lambda: fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB),
            lambda: fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB),
            lambda: fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK),
            lambda: fcntl.fcntl(file, fcntl.F_NOTIFY, fcntl.DN_ACCESS),
            lambda: fcntl.fcntl(file, 37, bytes(32)),
        ):
            try:
                change()
                print("ESCAPED: a lock on", path)
            except OSError:
                pass
