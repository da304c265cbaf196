"""Keeps hidden inputs from test to test and from grade to grade, and looks for those of before.

layer: namespaces
outcome: as without it
plain: not run
"""
# ruff: noqa

import glob
import os

_count = count


def count(text):
    for folder in ("/tmp", "/dev/shm", "/dev", "/submission", "/libraries", "/var/tmp", "/run"):
        path = f"{folder}/hostile-kept-{os.getpid()}"
        try:
            with open(path, "x") as file:
                file.write(text)
        except FileExistsError:
            print("ESCAPED: kept", open(path).read())
        except OSError:
            pass
    return _count(text)
