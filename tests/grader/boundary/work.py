"""A submission that the boundary's tests call, and the limits of its worker."""

from __future__ import annotations

from grader.boundary.limits import Limits

LIMITS = Limits(memory_mb=512, call_seconds=5.0, total_seconds=30.0, threads=1, disk_mb=8)
SOURCE = b'''
import os
import random

import numpy
import torch
from helper import TEN


class Counter:
    """Counts its own calls."""

    def __init__(self, start=0):
        self.count = start
        self.items = [10, 20, 30]

    def __call__(self, step=1):
        self.count += step
        return self.count

    def __len__(self):
        return len(self.items)

    def __getitem__(self, key):
        return self.items[key]

    def __setitem__(self, key, value):
        self.items[key] = value

    def __contains__(self, item):
        return item in self.items


def echo(*args, **kwargs):
    return list(args), kwargs


def count_of(counter):
    return counter.count


def draw():
    return random.random(), float(torch.rand(1)), float(numpy.random.rand())


def inner():
    raise ValueError("no such thing")


def outer():
    inner()


def generate(n):
    for i in range(n):
        yield torch.full((2,), i)


def say(text, times):
    print(text * times, flush=True)


def leave():
    os._exit(3)


def hang():
    while True:
        pass


def kill_yourself():
    os.kill(os.getpid(), 9)
    return "alive"


def take():
    return torch.ones(2**28)


def identity():
    return os.getpid()


model = torch.nn.Linear(2, 2)
array = numpy.arange(3)
'''
FILES = {
    "src/work.py": SOURCE,
    "src/helper.py": b"TEN = 10\nIMPORTS = []\n",
    "src/broken.py": b"def (:\n",
    "src/counts_imports.py": b"import helper\nhelper.IMPORTS.append(1)\n1 / 0\n",
}
