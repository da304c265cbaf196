"""Says that it is another function's TODO that still stands, as that function itself would.

layer: grafts
outcome: not implemented
plain: not run
"""
# ruff: noqa


def mix(x):
    raise NotImplementedError("TODO(b): twin")


def scale(x):
    raise NotImplementedError("TODO(c): Head.forward")
