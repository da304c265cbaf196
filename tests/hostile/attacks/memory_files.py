"""Fills every folder that it can write to: /tmp, /dev/shm, /dev, /submission.

layer: limits
outcome: as without it
plain: not run
"""
# ruff: noqa

import os

total = 0
for folder in ("/tmp", "/dev/shm", "/dev", "/submission", "/submission/src", "/proc", "/libraries"):
    for number in range(1000):
        try:
            with open(f"{folder}/hostile-{number}", "wb", buffering=0) as file:
                for _ in range(64):
                    total += file.write(bytes(2**20))
        except OSError:
            break
if total > 100 * 2**20:
    print("ESCAPED:", total, "bytes of files")
