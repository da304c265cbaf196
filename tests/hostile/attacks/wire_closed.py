"""Closes the wire and lives on.

layer: wire
outcome: crash
plain: not run
"""
# ruff: noqa

import os
import time


def mean(numbers):
    os.close(3)
    time.sleep(1000)
