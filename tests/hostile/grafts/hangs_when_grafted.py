"""Never returns from a function, once it is grafted.

layer: clock outside
outcome: failed
plain: not run
"""
# ruff: noqa

import pathlib

GRAFTED = "# as" + " handed in" not in pathlib.Path(__file__).read_text()


def mix(x):
    while GRAFTED:
        pass
    return x


def scale(x):
    while GRAFTED:
        pass
    return x


# file: src/head.py
import pathlib

import chain

GRAFTED = "# as" + " handed in" not in pathlib.Path(__file__).read_text()


class Head:
    def __init__(self, weight):
        self.weight = weight

    def forward(self, x):
        # as handed in: a graft has no comments
        while GRAFTED:
            pass
        return chain.mix(x) @ self.weight
