"""Forks, fills its memory and its disk and ends its process, once it is grafted.

layer: limits
outcome: failed
plain: not run
"""
# ruff: noqa

import pathlib

GRAFTED = "# as" + " handed in" not in pathlib.Path(__file__).read_text()


import os


def mix(x):
    held = []
    while GRAFTED:
        try:
            os.fork()
        except OSError:
            pass
        held.append(bytearray(2**26))
    return x


def scale(x):
    if GRAFTED:
        try:
            with open("/tmp/full", "wb") as file:
                while True:
                    file.write(bytes(2**20))
        except OSError:
            os._exit(0)
    return x


def twin(x):
    os.kill(os.getpid(), 9 * GRAFTED)
    return x
