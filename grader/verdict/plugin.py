"""The pytest plugin that runs a suite against one submission and notes how each test ended.

Fixtures of a suite:

    student     the submission's modules (boundary/student.py); seeded before each test
    reference   the solution's modules, in this process
    seed        a whole number drawn from the course's secret and the test's name: it never
                reaches a worker, nor does any number that reveals it
    generator   a torch.Generator with that seed, for hidden random inputs
    worker_seed a whole number from the test's name alone, for what student code draws itself

Marks: `part("e")`, `points(2)`, `hint("...")`, `limit(seconds)`, `slow`. A test's docstring is the
sentence that the student reads.
"""

from __future__ import annotations

import hashlib
import random
import time
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
import torch
from _pytest.runner import runtestprotocol

from grader.boundary.local import LocalStudent
from grader.boundary.student import RemoteStudent
from grader.verdict.outcomes import PASSED, Ending, Explainer, TimeSpent
from grader.verdict.result import Outcome, TestResult

_MARKS = (
    "part(id): the part of the assignment that the test belongs to",
    "points(n): what the test is worth",
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
    quick: bool = False  # skip the tests marked slow
    until_lost: bool = False  # stop as soon as each of `parts` has lost points
    deadline: float = float("inf")  # of time.monotonic, for the whole suite
    results: list[TestResult] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)  # ours: a suite that could not be collected

    def pytest_configure(self, config: pytest.Config) -> None:
        for mark in _MARKS:
            config.addinivalue_line("markers", mark)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.faults.append(f"{report.nodeid}: {report.longreprtext}")

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        if self.parts is not None:
            items[:] = [item for item in items if _mark(item, "part") in self.parts]
        if self.quick:
            items[:] = [item for item in items if item.get_closest_marker("slow") is None]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool:
        started = time.monotonic()
        ending = self._run(item, nextitem)
        if ending.lost:
            ending = self._run(item, nextitem)
        self.results.append(self._result(item, ending, time.monotonic() - started))
        lost = {test.part for test in self.results if test.score < test.max_score}
        if self.until_lost and self.parts is not None and self.parts <= lost:
            item.session.shouldfail = "each part has lost points"
        return True

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
        )

    @pytest.fixture(name="student")
    def _student(self) -> RemoteStudent | LocalStudent:
        return self.student

    @pytest.fixture(name="reference", scope="session")
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


def _mark(item: pytest.Item, name: str) -> Any:
    """The argument of the nearest mark of that name; None without one."""
    mark = item.get_closest_marker(name)
    return mark.args[0] if mark is not None else None


def _title(item: pytest.Item) -> str:
    """The docstring's first paragraph on one line, with the parameters of a parametrised test."""
    text = (getattr(cast("pytest.Function", item).obj, "__doc__", None) or item.name).strip()
    sentence = " ".join(text.split("\n\n")[0].split())
    callspec = getattr(item, "callspec", None)
    return f"{sentence} [{callspec.id}]" if callspec is not None else sentence
