"""Which hidden tests fail in the reference without a unit.

That depends on the suite and the secret alone, never on a submission, so it is found once and kept
in the cache, from which any later grade reads it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from course.files import write_aside
from grader.verdict.outcomes import Ending
from grader.verdict.result import Outcome

_TELLING = (Outcome.PASSED, Outcome.FAILED, Outcome.ERROR, Outcome.NOT_IMPLEMENTED)


@dataclass
class Needs:
    """What is known so far; call `save` to keep it."""

    path: Path | None = None  # None: it is not kept
    known: dict[str, dict[str, bool]] = field(default_factory=dict)  # by test and unit
    _changed: bool = False

    @classmethod
    def load(cls, path: Path) -> Needs:
        """What was kept; nothing if there is no such file, or if it is damaged."""
        try:
            known = msgspec.json.decode(path.read_bytes(), type=dict[str, dict[str, bool]])
        except (OSError, msgspec.MsgspecError):
            known = {}
        return cls(path, known)

    def needs(self, test: str, unit: str, run: Callable[[], Ending]) -> bool:
        """Whether a test needs a unit; `run` runs it without.

        What a run shows that had to stop early is not remembered.
        """
        known = self.known.setdefault(test, {})
        if unit in known:
            return known[unit]
        outcome = run().outcome
        if outcome in _TELLING:
            known[unit] = outcome.is_fault
            self._changed = True
        return outcome.is_fault

    def save(self) -> None:
        """Keeps what was found, beside what others have kept since."""
        if self.path is None or not self._changed:
            return
        kept = Needs.load(self.path).known
        for test, units in kept.items():
            self.known[test] = units | self.known.get(test, {})
        with suppress(OSError):  # it is found again where nothing can be kept
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with write_aside(self.path) as file:
                file.write(msgspec.json.encode(self.known))
        self._changed = False
