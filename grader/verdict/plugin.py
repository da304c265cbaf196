"""The pytest plugin that runs a suite against one submission and notes how each test ended.

Fixtures of a suite:

    student     the submission's modules (boundary/student.py); seeded before each test
    reference   the solution's modules, in this process
    seed        a whole number drawn from the course's secret and the test's name: it never
                reaches a worker, nor does any number that reveals it
    generator   a torch.Generator with that seed, for hidden random inputs
    worker_seed a whole number from the test's name alone, for what student code draws itself

Marks: `part("e")`, `points(2)`, `about("Block.forward")`, `hint("...")`, `limit(seconds)`, `slow`.
A test's docstring is the sentence that the student reads.
"""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest
import torch
from _pytest.runner import runtestprotocol

from grader.boundary.local import LocalStudent
from grader.boundary.student import RemoteStudent
from grader.trace import Prints, recording
from grader.verdict.blame import Blamer
from grader.verdict.diagnosis import Diagnoser
from grader.verdict.functions import explained, functions
from grader.verdict.grafts import Student
from grader.verdict.outcomes import PASSED, Ending, Explainer, TimeSpent
from grader.verdict.result import FunctionResult, Outcome, TestResult

_MARKS = (
    "part(id): the part of the assignment that the test belongs to",
    "points(n): what the test is worth",
    "about(*names): the marked functions that the test judges (blame.py)",
    "hint(text): what a student may try if the test does not pass",
    "limit(seconds): how long the test may take; default: the assignment's call_seconds",
    "slow: takes more than a few seconds; skipped in a quick run",
)


@dataclass
class Suite:
    """One run of a suite: what the tests get, and how they ended."""

    student: RemoteStudent | LocalStudent
    reference: LocalStudent
    explainer: Explainer
    visibility: str
    secret: str = ""
    parts: frozenset[str] | None = None  # None: all
    about: frozenset[str] | None = None  # only the tests about one of these; None: all
    skip: frozenset[str] = frozenset()  # names of tests to leave out
    quick: bool = False  # skip the tests marked slow
    until_lost: bool = False  # stop as soon as each of `parts`, or any, has lost points
    deadline: float = float("inf")  # of time.monotonic, for the whole suite
    results: list[TestResult] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)  # ours: a suite that could not be collected
    carry: bool = True  # give a test's points if what it judges is right by graft
    learnt: Callable[[], Diagnoser] = Diagnoser  # reads what was learnt of mistakes
    prints: dict[str, Prints] | None = None  # {test: what it saw}, noted if it is a dict
    blamer: Blamer | None = None  # finds who is to blame for a failure

    @property
    def is_whole(self) -> bool:
        """Whether no test is left out."""
        return self.parts is None and self.about is None and not self.skip and not self.quick

    def __post_init__(self) -> None:
        if self.blamer is not None:
            self.blamer.run, self.blamer.deadline = self._try, self.deadline

    def pytest_configure(self, config: pytest.Config) -> None:
        config.option.tbstyle = "native"  # other styles parse every source file for each failure
        for mark in _MARKS:
            config.addinivalue_line("markers", mark)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.faults.append(f"{report.nodeid}: {report.longreprtext}")

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        if self.parts is not None:
            items[:] = [item for item in items if _mark(item, "part") in self.parts]
        if self.about is not None:
            items[:] = [item for item in items if self.about & set(about(item))]
        if self.skip:
            items[:] = [item for item in items if _name(item) not in self.skip]
        if self.quick:
            items[:] = [item for item in items if item.get_closest_marker("slow") is None]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool:
        started = time.monotonic()
        ending = self._run(item, nextitem)
        if ending.lost:
            ending = self._run(item, nextitem)
        seconds = time.monotonic() - started
        if self.prints is not None:
            self.prints[_name(item)] = self._traced(item, nextitem).prints
        if self.blamer is not None:
            self.blamer.note(item, _name(item), about(item), ending)
        self.results.append(self._result(item, ending, seconds))
        if self.until_lost and self._is_lost():
            item.session.shouldfail = "each part has lost points"
        return True

    def _is_lost(self) -> bool:
        """Whether each of `parts`, or any, has lost points."""
        hopes = self.blamer.hopes() if self.blamer is not None and self.carry else set()
        tests = [test for test in self.results if test.name not in hopes]
        lost = {test.part for test in tests if test.score < test.max_score}
        return bool(lost) and (self.parts or set()) <= lost

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self) -> Any:
        try:
            result = yield
        except pytest.Session.Failed:  # until_lost; after Ctrl-C nothing is tried
            self._blame()
            raise
        self._blame()
        return result

    def _blame(self) -> None:
        """Finds who is to blame for the failures, and carries tests."""
        if self.blamer is not None:
            self.blamer.find()
            carried = {f.test for f in self.blamer.failures if f.carried and self.carry}
            results = [_carried(t) if t.name in carried else t for t in self.results]
            self.results = explained(results, self.blamer)

    def functions(self) -> tuple[FunctionResult, ...]:
        """What the tests show of each function; nothing if none is grafted."""
        if self.blamer is None:
            return ()
        return functions(self.results, self.blamer, self.learnt)

    def _try(self, item: pytest.Item, student: Student) -> Ending:
        """How a test ends for another student."""
        before = self.student, self.explainer
        root = str(student.folder.parent) if isinstance(student, LocalStudent) else ""
        files = dict.fromkeys(self.explainer.sources if root else (), "")
        self.student, self.explainer = student, Explainer(files, hidden=True, root=root)
        try:
            return self._traced(item, None)
        finally:
            self.student, self.explainer = before

    def _traced(self, item: pytest.Item, nextitem: pytest.Item | None) -> Ending:
        """The same as _run, with the prints of what the test saw."""
        with recording() as seen:
            ending = self._run(item, nextitem)
        return replace(ending, prints=tuple(seen))

    def _run(self, item: pytest.Item, nextitem: pytest.Item | None) -> Ending:
        """Runs a test, set-up to tear-down, and returns how it ended."""
        item.stash[_ENDINGS] = []
        cast("pytest.Function", item)._initrequest()  # new fixtures if this is its second run
        runtestprotocol(item, log=False, nextitem=nextitem)
        return next((e for e in item.stash[_ENDINGS] if e is not PASSED), PASSED)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
        if call.excinfo is not None:
            ending = self.explainer.explain(call.excinfo.value, self.student.answered)
            item.stash[_ENDINGS].append(ending)
        return (yield)

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        if time.monotonic() > self.deadline:
            raise TimeSpent
        number = _number(f"{self.secret}\n{_name(item)}")
        random.seed(number)
        torch.manual_seed(number)
        # Student code in its own process draws from a seed unrelated to the secret, so its
        # numbers reveal no hidden input.
        seconds, part = _mark(item, "limit"), _mark(item, "part")
        self.student.begin(_number(f"{_name(item)} in student code") % 2**31, seconds, part)

    def _result(self, item: pytest.Item, ending: Ending, seconds: float) -> TestResult:
        worth = float(_mark(item, "points") or 0)
        passed = ending.outcome is Outcome.PASSED
        return TestResult(
            name=_name(item),
            title=_title(item),
            part=str(_mark(item, "part")),
            visibility=self.visibility,
            outcome=ending.outcome,
            score=worth if passed else 0.0,
            max_score=worth,
            message=ending.message,
            hint="" if passed or ending.before_the_test else str(_mark(item, "hint") or ""),
            frames=ending.frames,
            seconds=round(seconds, 3),
            about=about(item),
        )

    @pytest.fixture(name="student")
    def _student(self) -> RemoteStudent | LocalStudent:
        return self.student

    @pytest.fixture(name="reference")
    def _reference(self) -> LocalStudent:
        return self.reference

    @pytest.fixture(name="seed")
    def _seed_fixture(self, request: pytest.FixtureRequest) -> int:
        return _number(f"{self.secret}\n{_name(request.node)}")

    @pytest.fixture(name="worker_seed")
    def _worker_seed(self, request: pytest.FixtureRequest) -> int:
        return _number(f"{_name(request.node)} for student code") % 2**31

    @pytest.fixture(name="generator")
    def _generator(self, seed: int) -> torch.Generator:
        return torch.Generator().manual_seed(seed)


_ENDINGS = pytest.StashKey[list[Ending]]()


def _name(item: pytest.Item) -> str:
    """A test's file and function, such as "test_attention.py::test_causal[4]"."""
    return item.nodeid.rsplit("/", 1)[-1]


def _number(text: str) -> int:
    """A whole number below 2**56 that depends on `text` alone."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7], "little")


def _carried(test: TestResult) -> TestResult:
    return replace(test, outcome=Outcome.CARRIED, score=test.max_score, hint="")


def _mark(item: pytest.Item, name: str) -> Any:
    """The argument of the nearest mark of that name; None without one."""
    mark = item.get_closest_marker(name)
    return mark.args[0] if mark is not None else None


def about(item: pytest.Item) -> tuple[str, ...]:
    """The functions that a test is about: those of its nearest mark."""
    mark = item.get_closest_marker("about")
    return mark.args if mark is not None else ()


def _title(item: pytest.Item) -> str:
    """The docstring's first paragraph on one line, with the parameters of a parametrised test."""
    text = (getattr(cast("pytest.Function", item).obj, "__doc__", None) or item.name).strip()
    sentence = " ".join(text.split("\n\n")[0].split())
    callspec = getattr(item, "callspec", None)
    return f"{sentence} [{callspec.id}]" if callspec is not None else sentence
