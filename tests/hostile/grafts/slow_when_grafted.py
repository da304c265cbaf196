"""Takes nearly as long as a call may, in each graft, and then answers wrongly.

layer: clock outside
outcome: failed
plain: not run
"""
# ruff: noqa

import pathlib

GRAFTED = "# as" + " handed in" not in pathlib.Path(__file__).read_text()


import time


def mix(x):
    time.sleep(0.9 * GRAFTED)
    return x


def scale(x):
    time.sleep(0.9 * GRAFTED)
    return x


def twin(x):
    time.sleep(0.9 * GRAFTED)
    return x
