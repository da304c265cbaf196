"""Defines its functions in conditions, loops and except clauses, where text and code differ.

layer: grafts
outcome: failed
plain: not run
"""
# ruff: noqa

import pathlib

GRAFTED = "# as" + " handed in" not in pathlib.Path(__file__).read_text()


if GRAFTED:

    def mix(x):
        return twin(x)

else:

    def mix(x):
        return x


try:
    raise KeyError
except KeyError:

    def twin(x):
        return mix(x)


for _ in range(2):

    def scale(x):
        return x
