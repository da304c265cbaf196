"""Has signals raise exceptions in the middle of the worker's own code.

layer: own process
outcome: error
plain: not run
"""
# ruff: noqa

import signal


def _raise(number, frame):
    raise RuntimeError("now")


def mean(numbers):
    signal.signal(signal.SIGALRM, _raise)
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    while True:
        pass
