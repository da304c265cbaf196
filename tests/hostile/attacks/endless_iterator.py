"""Returns objects with a million million items, or a length below zero.

layer: clock outside
outcome: failed
plain: not run
"""
# ruff: noqa


class Endless:
    def __len__(self):
        return 40

    def __iter__(self):
        while True:
            yield 0

    def __getitem__(self, key):
        return Endless()


def predict(texts):
    return Endless()


def shift(text):
    return Endless()


class Short(Endless):
    def __len__(self):
        return -1


def count(text):
    return Short()
