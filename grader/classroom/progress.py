"""A bar over the submissions of a run, with an estimate of the time that is left."""

from __future__ import annotations

import sys
from typing import Self

from tqdm import tqdm

from grader.classroom.records import Answer


class Progress:
    """A bar on stderr, which also counts the grader's faults; use it in a `with` block.

    If stderr is not a terminal, the bar is written only every ten seconds, to keep logs short.
    """

    def __init__(self, total: int, title: str) -> None:
        interval = 0.1 if sys.stderr.isatty() else 10.0
        self._bar = tqdm(
            total=total, desc=title, unit="submission", mininterval=interval, dynamic_ncols=True
        )
        self._faults = 0

    def done(self, answer: Answer) -> None:
        """Counts one graded submission."""
        self._faults += answer.is_fault
        if self._faults:
            self._bar.set_postfix_str(f"grader faults: {self._faults}", refresh=False)
        self._bar.update()

    def say(self, line: str) -> None:
        """Prints a line above the bar."""
        self._bar.write(line, file=sys.stderr)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._bar.close()
