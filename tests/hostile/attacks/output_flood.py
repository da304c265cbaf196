"""Prints some hundred megabytes.

layer: limits
outcome: as without it
plain: not run
"""
# ruff: noqa

import os

for _ in range(300):
    os.write(1, b"x" * 2**20)
    os.write(2, b"y" * 2**10)
