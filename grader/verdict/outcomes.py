"""From an exception to an outcome: what ended a test, in words that a student may read.

A student must see no hidden value of a hidden test: not the message of an exception, which student
code can fill with what it was given, nor a type's name that is not Python's own, nor a TODO's id or
a line of source that is not in our copy of the files.
"""

from __future__ import annotations

import builtins
import re
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from grader.boundary.errors import (
    SandboxError,
    StudentCrash,
    StudentImportFailed,
    StudentNoMemory,
    StudentOutOfMemory,
    StudentRaised,
    StudentTimeout,
    StudentValue,
    WorkerLost,
)
from grader.boundary.local import AT_IMPORT
from grader.trace import Print
from grader.verdict.result import Frame, Outcome

_TODO = re.compile(r"(TODO\(\w{1,20}\))(?:: ([\w.]{1,80}))?")
_DEFINITION = re.compile(r"(\s*)(?:async\s+)?(?:def|class)\s+(\w{1,60})")
_CELL = re.compile(r"# In\[(\d+)\]")  # what notebook.py writes before each cell
_HIDDEN_FRAMES = 1  # each line number is the worker's claim, and could leak something hidden
_LONGEST_LINE = 200  # characters of a line of source
_WITHHELD = "GivenFileWithheld"  # what a stand-in raises (verdict/workspace.py)
_LONGEST = 500  # characters of a hidden test's own message, which may quote an answer
_BUILTIN = {
    name
    for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, BaseException)
}


# What an operation raises on a value of the wrong type.
_OF_A_VALUE = (TypeError, ValueError, AttributeError, LookupError, ArithmeticError, RuntimeError)


@dataclass(frozen=True)
class Ending:
    """How a test ended and what to say about it."""

    outcome: Outcome
    message: str = ""
    frames: tuple[Frame, ...] = ()
    before_the_test: bool = False  # what went wrong is not what the test, or its hint, is about
    lost: bool = False  # the worker was lost, not through the submission
    todo: str = ""  # the function that is not implemented, as in "Block.forward"
    prints: tuple[Print, ...] = ()  # of what the test saw, if it was traced


PASSED = Ending(Outcome.PASSED)


class TimeSpent(Exception):
    """The submission's total time ran out before this test."""


class Explainer:
    """Explains the exceptions of one submission; `sources` is {relative name: text}."""

    def __init__(self, sources: Mapping[str, str], hidden: bool, root: str = "") -> None:
        self.sources = {name: text.split("\n") for name, text in sources.items()}
        self.hidden = hidden
        self.todos = {m[0] for text in sources.values() for m in _TODO.finditer(text)}
        self.root = root.rstrip("/") + "/" if root else ""  # where local modules lie
        self.told: set[str] = set()  # errors at import, each reported in full once

    def explain(self, error: BaseException, answered: bool = False) -> Ending:
        """The ending that `error` means; an unforeseen exception is our own fault.

        `answered`: the test has a value from student code. What such a value can raise, a
        TypeError say, then counts as the test's failure, so that an odd answer makes no grade
        unusable. (The audit checks that a right one breaks nothing.)
        """
        match error:
            case StudentTimeout():
                return Ending(Outcome.TIMEOUT, str(error))
            case StudentOutOfMemory() | StudentNoMemory():
                return Ending(Outcome.MEMORY, "your code exceeded its memory limit")
            case StudentCrash():
                return Ending(Outcome.CRASH, str(error))
            case StudentImportFailed():
                return self._at_import(self._raised(error))
            case StudentRaised():
                return self._raised(error)
            case StudentValue():
                return Ending(Outcome.FAILED, str(error))
            case TimeSpent():
                return Ending(Outcome.NOT_RUN, "the submission's total time ran out")
            case SandboxError():
                lost = isinstance(error, WorkerLost)
                return Ending(Outcome.GRADER_FAULT, str(error), lost=lost)
        if answered and self.hidden and isinstance(error, _OF_A_VALUE):
            return Ending(Outcome.FAILED, "your code's answer is not of the expected kind")
        ending = self._local(error)
        return self._at_import(ending) if AT_IMPORT in getattr(error, "__notes__", ()) else ending

    def _at_import(self, ending: Ending) -> Ending:
        """Reported in full at the first test that needs the module, and briefly at the others."""
        if ending.outcome is not Outcome.ERROR:
            return replace(ending, before_the_test=True)
        where = f"importing your code fails{_place(ending.frames)}"
        message = f"{where}: {ending.message.removesuffix(_cell(ending.frames))}"
        if message in self.told:
            return Ending(Outcome.ERROR, f"{where}, see above", (), True)
        self.told.add(message)
        return replace(ending, message=message, before_the_test=True)

    def _raised(self, error: StudentRaised) -> Ending:
        claim = error.claim
        todo = _TODO.search(claim.message)
        if error.is_a("NotImplementedError") and todo and todo[0] in self.todos:
            return _not_done(todo)
        if error.is_a(_WITHHELD):
            return Ending(
                Outcome.ERROR,
                "your code uses a given file that computes what this part asks you to write; the "
                "file is not available while the part is tested",
            )
        places = [(file, line) for file, line, _ in claim.frames if file in self.sources]
        if self.hidden:
            places = places[-_HIDDEN_FRAMES:]
        frames = tuple(self._frame(file, line) for file, line in places)
        if self.hidden:
            name = next((name for name in claim.types if name in _BUILTIN), "Exception")
            return Ending(
                Outcome.ERROR, f"your code raised {_article(name)}{_cell(frames)}", frames
            )
        return Ending(Outcome.ERROR, f"{claim.types[0]}: {claim.message}{_cell(frames)}", frames)

    def _frame(self, file: str, line: int) -> Frame:
        """The frame at a line, with its source and function read from our own copy of the
        file."""
        lines = self.sources[file]
        source = lines[line - 1].strip()[:_LONGEST_LINE] if 0 < line <= len(lines) else ""
        if not source:
            return Frame(file, 0, "", source)
        # A student knows a notebook's cells, not the module that we made from them.
        begins = [(n, _CELL.fullmatch(text)) for n, text in enumerate(lines[:line], start=1)]
        number, cell = next(((n, m) for n, m in reversed(begins) if m), (0, None))
        where = f"In[{cell[1]}]" if cell else file
        return Frame(where, line - number, _function_at(lines, line), source)

    def _local(self, error: BaseException) -> Ending:
        """An exception of this process: an assertion, local student code, or ourselves."""
        frames = tuple(
            self._frame(frame.filename.removeprefix(self.root), frame.lineno or 0)
            for frame in traceback.extract_tb(error.__traceback__)
            if self.root and frame.filename.removeprefix(self.root) in self.sources
        )
        if isinstance(error, SyntaxError) and self.root:
            file = (error.filename or "").removeprefix(self.root)
            frames += (self._frame(file, error.lineno or 0),) if file in self.sources else ()
        what = f"{type(error).__name__}: {error}"
        todo = _TODO.search(str(error))
        if isinstance(error, NotImplementedError) and todo:
            return _not_done(todo)
        if frames:
            return Ending(Outcome.ERROR, f"{what}{_cell(frames)}", frames)
        if isinstance(error, AssertionError):
            return Ending(Outcome.FAILED, str(error).split("\n")[0][:_LONGEST])
        if self.hidden:
            return Ending(Outcome.GRADER_FAULT, _where(error))
        # A public test uses what a student returns unchecked, so it may break the test.
        return Ending(Outcome.ERROR, what)


def _not_done(todo: re.Match[str]) -> Ending:
    return Ending(Outcome.NOT_IMPLEMENTED, f"{todo[1]} is not done yet", todo=todo[2] or "")


def _function_at(lines: list[str], line: int) -> str:
    """The function or class that a line is in: the nearest definition above, less indented."""
    indent = len(lines[line - 1]) - len(lines[line - 1].lstrip())
    for text in reversed(lines[: line - 1]):
        begins = _DEFINITION.match(text)
        if begins and len(begins[1]) < indent:
            return begins[2]
    return ""


def _cell(frames: tuple[Frame, ...]) -> str:
    """Where the innermost frame lies in a cell of a notebook: its number and line."""
    if frames and frames[-1].file.startswith("In["):
        return f" in cell {frames[-1].file}, line {frames[-1].line}"
    return ""


def _place(frames: tuple[Frame, ...]) -> str:
    """Where the innermost frame lies: in a cell, or in a file."""
    if not frames or not frames[-1].line:
        return ""
    return _cell(frames) or f" at {frames[-1].file}, line {frames[-1].line}"


def _where(error: BaseException) -> str:
    """The exception's type and the innermost line of ours; its message may hold a hidden value."""
    frames = traceback.extract_tb(error.__traceback__)[-1:]
    places = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames]
    return " at ".join([type(error).__name__, *places])


def _article(name: str) -> str:
    return f"{'an' if name[0] in 'AEIOU' else 'a'} {name}"
