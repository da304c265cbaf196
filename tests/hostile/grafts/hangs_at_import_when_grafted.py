"""Never ends its import, once it is grafted, and sleeps where that is cut short.

layer: clock outside
outcome: failed
plain: not run
"""
# ruff: noqa

import pathlib

GRAFTED = "# as" + " handed in" not in pathlib.Path(__file__).read_text()


import time

while GRAFTED:
    time.sleep(0.8)

# file: src/head.py
import pathlib
import time

import chain

while "# as" + " handed in" not in pathlib.Path(__file__).read_text():
    time.sleep(0.8)


class Head:
    def __init__(self, weight):
        self.weight = weight

    def forward(self, x):
        # as handed in: a graft has no comments
        return chain.mix(x) @ self.weight
