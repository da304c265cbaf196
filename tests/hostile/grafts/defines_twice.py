"""Defines its functions and its class twice: one to be taken, and one to be in force.

layer: grafts
outcome: not implemented
plain: not run
"""
# ruff: noqa


def mix(x):
    return scale(x).cumsum(0)


def twin(x):
    return mix(x)


def mix(x):
    return twin(x)


def twin(x):
    raise NotImplementedError("TODO(b): twin")


# file: src/head.py
import chain


class Head:
    def __init__(self, weight):
        self.weight = weight

    def forward(self, x):
        return chain.mix(x) @ self.weight


class Head:
    def __init__(self, weight):
        self.weight = weight
        chain.mix, chain.scale = chain.twin, chain.twin

    def forward(self, x):
        return chain.twin(x) @ self.weight
