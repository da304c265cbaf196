"""Which of a student's functions makes a test fail: each is tried alone in the reference.

A test is about some units (functions with a marked region). Its points are carried if it passes
with the student's own there and the reference's everywhere else, and again with the student's own
everywhere but in those units that are wrong and without which the reference fails it too: then only
what it rests on is wrong. Any other unit that makes the test fail when it alone is the student's is
to blame. A test marked slow, such as a training, is tried again only if a unit that it is not about
is known to be wrong, and not to find out who is to blame.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property, partial

import pytest

from grader.intake.graft import GraftFailed
from grader.verdict.grafts import Grafts, Student, Survey
from grader.verdict.needs import Needs
from grader.verdict.outcomes import Ending
from grader.verdict.result import Outcome

Units = frozenset[str]
Trial = tuple[str, Units, Units]  # a test, and what is the student's and the skeleton's in a graft


@dataclass
class Failure:
    """A test that did not pass, and what the grafts show."""

    item: pytest.Item
    test: str  # its name in the result
    about: Units
    ending: Ending
    slow: bool
    carried: bool = False
    blame: Units = frozenset()  # units, or files whose given code was changed
    together: bool = False  # `blame` passes alone, and fails in company


@dataclass
class Blamer:
    """Tries a submission's units on the tests that fail."""

    grafts: Grafts
    load_needs: Callable[[], Needs] = Needs
    run: Callable[[pytest.Item, Student], Ending] = field(init=False)  # set by the suite's run
    failures: list[Failure] = field(default_factory=list)
    deadline: float = float("inf")  # of time.monotonic, for all trials
    trials: dict[Trial, Ending] = field(default_factory=dict)
    impossible: dict[Units, str] = field(default_factory=dict)  # why a graft cannot be made
    _hung: dict[tuple[Units, Units], Ending] = field(default_factory=dict)  # by graft

    @cached_property
    def needs(self) -> Needs:
        """What is known of the suite; read at the first need."""
        return self.load_needs()

    @cached_property
    def survey(self) -> Survey:
        """What the submission's text shows; read at the first failure."""
        return self.grafts.survey()

    def alone(self, test: str, units: Units) -> Ending | None:
        """How a test ended with these units in the reference; None if that was not tried."""
        return self.trials.get((test, units, frozenset()))

    def note(self, item: pytest.Item, test: str, about: Iterable[str], ending: Ending) -> None:
        """Notes how a test ended; grafts are tried after the last, so that they cost it no time."""
        if ending.outcome.is_fault and about:
            slow = item.get_closest_marker("slow") is not None
            self.failures.append(Failure(item, test, frozenset(about), ending, slow))

    def hopes(self) -> set[str]:
        """The failed tests that may be carried: their own units are right alone."""
        return {failure.test for failure in self._rightful()}

    def find(self) -> None:
        """Fills in which failures are carried, and who is to blame for each."""
        if not self.failures:
            return
        others = self._rightful()
        own = [f for f in self.failures if not f.slow and f not in others]
        for failure in own:
            self._blame_own(failure)
        known = self.survey.unwritten.union(*(failure.blame for failure in own))
        known |= frozenset().union(*(f.about for f in own if f.blame - self.grafts.units.keys()))
        for unit in sorted(known & self.grafts.units.keys()):  # one student at a time
            for failure in others:
                self._needs(failure, unit)
        known = self._all_known([failure for failure in others if not failure.slow], known)
        for failure in others:
            self._blame_others(failure, known)
        self.needs.save()

    def _all_known(self, others: list[Failure], known: Units) -> Units:
        """Adds the units of tests that fail whichever of the other tests' units are wrong."""
        while True:
            lost = [f for f in others if not self._passes_but_for(f, self._wrong(f, known))]
            suspects = known.union(*(f.about for f in lost))
            lost = [f for f in lost if not self._passes_but_for(f, self._wrong(f, suspects))]
            if known >= (more := known.union(*(f.about for f in lost))):
                return known
            known = more

    def _rightful(self) -> list[Failure]:
        quick = [failure for failure in self.failures if not failure.slow]
        own = (failure.about for failure in quick if not self._right_alone(failure))
        wrong = self.survey.unwritten.union(*own)
        tried = [f for f in self.failures if not f.slow or wrong - f.about]
        return [failure for failure in tried if self._right_alone(failure)]

    def _right_alone(self, failure: Failure) -> bool:
        if failure.about & self.survey.unwritten:
            return False
        return self._try(failure, failure.about).outcome is Outcome.PASSED

    def _blame_own(self, failure: Failure) -> None:
        unwritten = failure.about & self.survey.unwritten
        failure.blame = unwritten or self._failing(failure, failure.about)
        if not failure.blame:
            failure.together = all(self._passes(failure, unit) for unit in failure.about)
            failure.blame = failure.about if failure.together else frozenset()
        elif not unwritten:
            failure.blame = self._or_given(failure)

    def _or_given(self, failure: Failure) -> Units:
        """The blame, with changed given code in place of the units that only suffer from it."""
        units = self.grafts.units
        files = {n: self.grafts.file_of(n) if n in units else n for n in failure.blame}
        changed = frozenset(files.values()) & self.survey.changed
        wrong = {file for file in changed if self._fails(failure, frozenset({file}))}
        return frozenset(file if file in wrong else unit for unit, file in files.items())

    def _blame_others(self, failure: Failure, known: Units) -> None:
        """Carries a test if all that is not known to be wrong may stay the student's.

        Only a wrong unit without which the reference fails too may be the reference's. So a unit
        gains nothing by calling another one that happens to compute the same.
        """
        wrong = self._wrong(failure, known)
        failure.carried = self._passes_but_for(failure, wrong)
        if not failure.carried:
            others = self.grafts.units.keys() - known - failure.about
            self._blame_in_company(failure, wrong, others)
        elif failure.ending.todo in wrong & self.survey.unwritten:
            failure.blame = frozenset({failure.ending.todo})
        else:
            failure.blame = wrong if failure.slow else self._failing(failure, wrong)
            failure.blame = self._or_given(failure)

    def _blame_in_company(self, failure: Failure, wrong: Units, others: Iterable[str]) -> None:
        """Blames units that no other test shows to be wrong, or else the test's own."""
        quick = [] if failure.slow else others
        found = frozenset(unit for unit in quick if self._needs(failure, unit))
        found = self._failing(failure, found)
        explained = self._passes_but_for(failure, wrong | found)
        failure.together = not explained and time.monotonic() <= self.deadline
        if explained or failure.together:
            failure.blame = wrong | found if explained else failure.about
            failure.blame = self._or_given(failure)

    def _passes_but_for(self, failure: Failure, wrong: Units) -> bool:
        """Whether a test passes if only these units, or files, are the reference's.

        Of a file, the units that the test does not need are nobody's.
        """
        files = {unit: self.grafts.file_of(unit) for unit in self.grafts.units}
        replaced = frozenset(unit for unit, file in files.items() if {unit, file} & wrong)
        blank = frozenset(unit for unit in replaced - wrong if not self._needs(failure, unit))
        rest = frozenset(files) - replaced
        return bool(wrong) and self._try(failure, rest, blank).outcome is Outcome.PASSED

    def _wrong(self, failure: Failure, known: Units) -> Units:
        """The known wrong units that a test needs, and is not about, and files without those."""
        own = failure.about | {self.grafts.file_of(unit) for unit in failure.about}
        files = known - self.grafts.units.keys()
        return frozenset(n for n in known - own if n in files or self._needs(failure, n))

    def _needs(self, failure: Failure, unit: str) -> bool:
        """Whether the reference itself fails a test without a unit."""
        if unit in failure.about:
            return False
        run = partial(self._ending, failure.item, partial(self.grafts.without, unit))
        return self.needs.needs(failure.test, unit, run)

    def _failing(self, failure: Failure, units: Iterable[str]) -> Units:
        """Those units that make a test fail alone; of unwritten ones, those that it needs."""
        return frozenset(
            unit
            for unit in units
            if (
                self._needs(failure, unit)
                if unit in self.survey.unwritten
                else self._fails(failure, frozenset({unit}))
            )
        )

    def _passes(self, failure: Failure, unit: str) -> bool:
        return self._try(failure, frozenset({unit})).outcome is Outcome.PASSED

    def _fails(self, failure: Failure, units: Units) -> bool:
        return self._try(failure, units).outcome.is_fault

    def _try(self, failure: Failure, units: Units, blank: Units = frozenset()) -> Ending:
        """How a test ends on a graft; where one test has timed out, the others are not run."""
        key = (failure.test, units, blank)
        if key not in self.trials:
            try:
                student = partial(self.grafts.student, units, blank)
                ending = self._hung.get((units, blank)) or self._ending(failure.item, student)
            except GraftFailed as error:
                self.impossible[units] = str(error)
                ending = Ending(Outcome.ERROR, str(error))
            if ending.outcome is Outcome.TIMEOUT:
                self._hung[units, blank] = ending
            self.trials[key] = ending
        return self.trials[key]

    def _ending(self, item: pytest.Item, student: Callable[[], Student]) -> Ending:
        if time.monotonic() > self.deadline:
            return Ending(Outcome.NOT_RUN)
        return self.run(item, student())
