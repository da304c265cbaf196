"""Never comes back from the __del__ of an object that it handed over.

layer: clock outside
outcome: timeout
plain: not run
"""
# ruff: noqa


class Sticky:
    def __del__(self):
        while True:
            pass


def count(text):
    Sticky()
    return {}
