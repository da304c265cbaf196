"""Never comes back from a call, and catches everything.

layer: clock outside
outcome: timeout
plain: not run
"""
# ruff: noqa


def mean(numbers):
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass
