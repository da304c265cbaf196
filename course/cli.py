"""The flags that every assignment's commands share.

parser = argparse.ArgumentParser(...)
add_common_flags(parser, datasets=("embedded", "birthplaces"), seed=42)
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from course.devices import DEVICES
from course.errors import UserError


def add_common_flags(
    parser: argparse.ArgumentParser, datasets: Sequence[str], seed: int = 0
) -> None:
    """Add --data, --data-dir, --device, --seed, --out and --solution; default `datasets[0]`."""
    group = parser.add_argument_group("common to all assignments")
    group.add_argument(
        "--data",
        choices=tuple(datasets),
        default=datasets[0],
        help="data set to use (default: %(default)s)",
    )
    group.add_argument(
        "--data-dir",
        type=Path,
        metavar="DIR",
        help="folder of the real data sets, DIR/<set>/<file> "
        "(default: $COURSE_DATA, then the cache, then a download)",
    )
    group.add_argument(
        "--device", choices=DEVICES, default="auto", help="where to compute (default: %(default)s)"
    )
    group.add_argument("--seed", type=int, default=seed, help="random seed (default: %(default)s)")
    group.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="run folder (default: runs/<assignment>/<name>)",
    )
    group.add_argument(
        "--solution", action="store_true", help="run the reference solution, not your src/"
    )


def must_be_positive(name: str, value: float, largest: float) -> None:
    """Raise UserError unless a flag's number is above 0 (nan is not) and at most `largest`."""
    if not value > 0:
        raise UserError(f"--{name} {value}: it must be above 0")
    if value > largest:
        raise UserError(f"--{name} {value}: it must be at most {largest:,}")
