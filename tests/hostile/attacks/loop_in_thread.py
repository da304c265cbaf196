"""Leaves a thread running that keeps the interpreter for itself, after it has answered.

layer: clock outside
outcome: timeout
plain: not run
"""
# ruff: noqa

import sys
import threading


def _spin():
    while True:
        sum(range(100_000))


def count(text):
    sys.setswitchinterval(60)
    threading.Thread(target=_spin, daemon=True).start()
    return {letter: text.count(letter) for letter in set(text)}
