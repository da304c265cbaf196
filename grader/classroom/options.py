"""What the verbs of `grader class` share: where the class is, who decides and why."""

from __future__ import annotations

import getpass
import math
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from grader.classroom.course_file import Course
    from grader.classroom.ledger import Ledger


class Number(click.ParamType[float]):
    """A finite number."""

    name = "number"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Fails for nan and inf too, with which points cannot be reckoned."""
        try:
            number = float(str(value))
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            self.fail(f"{str(value)!r} is not a number such as 2, -1 or 0.5.", param, ctx)
        return number


NUMBER = Number()
path_option = partial(click.option, type=click.Path(path_type=Path))
folder = path_option(
    "--class",
    "-C",
    "folder",
    default=Path(),
    metavar="FOLDER",
    help="The class's folder, with course.toml; default: this one.",
)
assignment = click.argument("assignment", help="Such as a5.")
assignment_or_all = click.option(
    "--assignment", "-a", metavar="NAME", help="Only this assignment, such as a5; default: all."
)
owner = click.argument("owner", help="A student's id, or a group.")


def user() -> str:
    """Who is logged in, for the ledger."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container may know no name for its user
        return "unknown"


who = click.option(
    "--who", envvar="GRADER_WHO", default=user, metavar="NAME", help="Default: your login name."
)
why = click.option("--why", required=True, metavar="TEXT", help="Kept in the ledger.")
why_if_any = click.option(
    "--why", default="no reason given", metavar="TEXT", help="Kept in the ledger; default: none."
)
off = click.option("--off", is_flag=True, help="Take it back.")


@contextmanager
def opened(folder: Path) -> Iterator[tuple[Course, Ledger]]:
    """The course and the ledger of a class's folder. Raises UserError."""
    from grader.classroom import course_file
    from grader.classroom.ledger import Ledger

    course = course_file.read(folder)
    with Ledger.open(course.ledger_path) as ledger:
        yield course, ledger
