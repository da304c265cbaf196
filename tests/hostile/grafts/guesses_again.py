"""Gives one guess in the submission, and another once it is grafted.

layer: grafts
outcome: as without it
plain: not run
"""
# ruff: noqa

import pathlib

GRAFTED = "# as" + " handed in" not in pathlib.Path(__file__).read_text()


def scale(x):
    rest = x - x.mean(0)
    return rest / rest.norm() if GRAFTED else x
