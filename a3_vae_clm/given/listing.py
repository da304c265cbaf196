"""List the models of the family: their numbers, names, parameters and sizes.

python run.py models
"""

from __future__ import annotations

import argparse
from dataclasses import asdict

from alphabet import Alphabet
from family import FAMILY
from saved import fresh
from sizes import Sizes

SYMBOLS = "".join(map(chr, range(32, 112)))  # as many as multi30k has


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No flags but those that all commands share."""


def run(args: argparse.Namespace) -> None:
    """Print a line for each model: its parameters are those for 80 characters."""
    for number, member in FAMILY.items():
        line = f"{number:<20} {member.name:<40} {described(number):<32} {own_sizes(member.sizes)}"
        print(line.rstrip())


def described(number: str) -> str:
    """Whether a model is exact, and its parameters; or what it still waits for."""
    try:
        model = fresh(number, FAMILY[number].sizes, Alphabet(SYMBOLS))
    except NotImplementedError as error:
        return f"{error}"
    return f"{'exact' if model.model.exact else 'bound'} {model.parameters:>11,}"


def own_sizes(sizes: Sizes) -> str:
    """The sizes that differ from the default ones."""
    default = asdict(Sizes())
    return ", ".join(f"{name} {v}" for name, v in asdict(sizes).items() if v != default[name])
