"""Writes two functions that each call the other, so that in its graft each calls a right one.

layer: grafts
outcome: error
plain: not run
"""
# ruff: noqa


def mix(x):
    return twin(x)


def twin(x):
    return mix(x)
