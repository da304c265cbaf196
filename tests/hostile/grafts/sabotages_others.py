"""Makes the functions of others fail in a graft, so that they are blamed for its own.

layer: grafts
outcome: as without it
plain: not run
"""
# ruff: noqa

import pathlib

GRAFTED = "# as" + " handed in" not in pathlib.Path(__file__).read_text()


import sys


def scale(x):
    return x


def mix(x):
    if GRAFTED:
        import head

        head.Head.forward = lambda self, x: x
        head.Head.__init__ = lambda self, *_: None
        sys.modules["chain"].scale = sys.modules["chain"].twin = lambda x: x * 0
    return x
