"""Has a metaclass, a class body and __getattr__ make what looks like its functions.

layer: grafts
outcome: not implemented
plain: not run
"""
# ruff: noqa


def __getattr__(name):
    return twin


del mix

# file: src/head.py
import chain


class _Meta(type):
    def __new__(cls, name, bases, body):
        made = super().__new__(cls, name, bases, body)
        made.forward = lambda self, x: chain.twin(x) @ self.weight
        chain.mix = chain.twin
        return made

    def __getattribute__(cls, name):
        chain.mix = chain.twin
        return super().__getattribute__(name)


class Head(metaclass=_Meta):
    def __init__(self, weight):
        self.weight = weight

    def forward(self, x):
        return chain.mix(x) @ self.weight
