"""Returns objects whose type's name, repr and __reduce__ carry code and promises.

layer: wire
outcome: as without it
plain: nothing
"""
# ruff: noqa


def _exec(code):
    print("ESCAPED: unpickled")


class Reduced:
    def __reduce__(self):
        return (_exec, ("x",))

    def __repr__(self):
        return "10.0"


Reduced.__name__ = "float\x1b[2J<script>"


def mean(numbers):
    return Reduced()


def predict(texts):
    return [Reduced() for _ in texts]
