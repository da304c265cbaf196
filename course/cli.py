"""The flags that every assignment's commands share, and rules for the values of flags.

parser = new_parser(__doc__)
add_flag(parser, "block_size", 8, "characters")
add_common_flags(parser, datasets=("embedded", "birthplaces"), seed=42)
check(parser.parse_args(), {"block_size": positive(4096), "noise": SHARE})
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from course.devices import DEVICES, MAX_THREADS
from course.errors import USAGE, UserError, one_line

SAVE_EVERY = 30.0  # seconds between checkpoints
NUMBERS = {"int": "a whole number, such as 8", "float": "a number, such as 0.5"}
INVALID = re.compile(r"invalid (?P<kind>int|float) value: (?P<value>.*)", re.DOTALL)
METAVARS: dict[Any, str] = {int: "N", float: "X", Path: "FILE"}


class Parser(argparse.ArgumentParser):
    """One line for a mistake, in place of the whole usage; so do the parsers of its commands."""

    def error(self, message: str) -> NoReturn:
        """Exits with 2. The message names the flag, and mostly what is valid."""
        words = INVALID.sub(_valid, message.removeprefix("argument "))
        self.exit(USAGE, f"error: {one_line(words)}; see {self.prog} --help\n")

    def parse_known_args(self, *args: Any, **kwargs: Any) -> tuple[Any, list[str]]:
        """Refuses what it does not know itself: the parser above would point to its own help."""
        found, unknown = super().parse_known_args(*args, **kwargs)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return found, unknown


def _valid(found: re.Match[str]) -> str:
    """What argparse calls an "invalid int value", in words that say what is valid."""
    return f"{found['value']} is not {NUMBERS[found['kind']]}"


def new_parser(description: str | None) -> argparse.ArgumentParser:
    """A parser whose help shows the description, a module's docstring, as it is."""
    return Parser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)


def add_flag(
    parser: argparse._ActionsContainer,
    name: str,
    default: Any,
    words: str,
    kind: Callable[[str], Any] | None = None,
) -> None:
    """Add --NAME, which may be spelt with _ or -, to a parser or a group of its flags.

    words: the help, to which the default is added unless it is None. kind: from text to value;
    None is the default's type.
    """
    kind = kind or type(default)
    spellings = sorted({f"--{name}", f"--{name.replace('_', '-')}"})
    suffix = "" if default is None else f" (default: {default})"
    options = {"dest": name, "type": kind, "default": default, "help": words + suffix}
    parser.add_argument(*spellings, metavar=METAVARS.get(kind), **options)


def add_common_flags(
    parser: argparse.ArgumentParser, datasets: Sequence[str], seed: int = 0
) -> None:
    """Add --data, --data-dir, --device, --seed, --out and --solution; default `datasets[0]`."""
    add = parser.add_argument_group("common to all assignments").add_argument
    add("--data", choices=tuple(datasets), default=datasets[0], help=_default("data set to use"))
    places = "DIR/<set>/<file> (default: $COURSE_DATA, then the cache, then a download)"
    add("--data-dir", type=Path, metavar="DIR", help=f"folder of the real data sets, {places}")
    add("--device", choices=DEVICES, default="auto", help=_default("where to compute"))
    add("--seed", type=int, default=seed, help=_default("random seed"))
    folder = "run folder (default: runs/<assignment>/<name>)"
    add("--out", type=Path, metavar="DIR", help=folder)
    add("--solution", action="store_true", help="run the reference solution, not your src/")


def add_checkpoint_flag(parser: argparse._ActionsContainer, least: str = "step") -> None:
    """Add --checkpoint_seconds, whose rules are CHECKPOINT. least: what 0 saves after."""
    words = f"time between checkpoints; 0: every {least}"
    add_flag(parser, "checkpoint_seconds", SAVE_EVERY, words)


def add_threads_flag(parser: argparse._ActionsContainer) -> None:
    """Add --threads, whose rules are THREADS; None is every processor."""
    add_flag(parser, "threads", None, "threads (default: all processors)", int)


def _default(words: str) -> str:
    return f"{words} (default: %(default)s)"


@dataclass(frozen=True)
class Rule:
    """What a flag's value must be: a test, and the words for a value that fails it."""

    valid: Callable[[Any], bool]
    words: str


Rules = tuple[Rule, ...]

ABOVE_0 = Rule(lambda value: value > 0, "it must be above 0")  # nan is not
SHARE: Rules = (Rule(lambda value: 0 <= value < 1, "must be at least 0 and below 1"),)


def at_most(largest: float) -> Rule:
    return Rule(lambda value: value <= largest, f"it must be at most {largest:,}")


def positive(largest: float) -> Rules:
    """Above 0 and at most `largest`."""
    return ABOVE_0, at_most(largest)


def one_of(names: Iterable[str]) -> Rules:
    """One of these names."""
    valid = tuple(names)
    return (Rule(lambda value: value in valid, f"choose from {', '.join(valid)}"),)


THREADS: Rules = positive(MAX_THREADS)
CHECKPOINT: Rules = (Rule(lambda value: value >= 0, "it must be 0 or above 0"), at_most(10**6))


def check(args: argparse.Namespace, rules: Mapping[str, Rules]) -> None:
    """Raise UserError for a flag's value that breaks a rule. rules: {the flag's name: its rules}.

    A list is checked value by value; a flag that is None, or that this command lacks, is skipped.
    """
    for name, own in rules.items():
        values = getattr(args, name, None)
        for value in values if isinstance(values, list) else [values]:
            broken = [] if value is None else [rule for rule in own if not rule.valid(value)]
            if broken:
                raise UserError(f"--{name} {value!r}: {broken[0].words}")
