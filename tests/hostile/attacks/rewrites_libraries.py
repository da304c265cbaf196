"""Writes to torch, to the grader's own files and to its own sources, for those who come after.

layer: read-only files
outcome: as without it
plain: not run
"""
# ruff: noqa

import os
import sys

for path in (torch.__file__, __file__, os.__file__, "/libraries/grader/boundary/wire.py"):
    for change in (
        lambda path: open(path, "a"),
        lambda path: os.unlink(path),
        lambda path: os.rename(path, path + "x"),
        lambda path: os.chmod(path, 0o777),
        lambda path: os.utime(path),
        lambda path: os.truncate(path, 0),
        lambda path: open(os.path.join(os.path.dirname(path), "hostile.pth"), "w"),
    ):
        try:
            change(path)
            print("ESCAPED: changed", path)
        except OSError:
            pass
