"""Raises exceptions that hang or raise when they are looked at.

layer: own process
outcome: error
plain: not run
"""
# ruff: noqa


class Poison(Exception):
    def __str__(self):
        raise KeyboardInterrupt

    __repr__ = __str__
    __traceback__ = property(lambda self: 1 / 0)


def mean(numbers):
    raise Poison(numbers)


def predict(texts):
    raise BaseExceptionGroup("many", [Poison(), SystemExit(0)])
