"""The pool of processes: every task is answered once, and a lost process is never a zero."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.classroom.engine import LocalEngine
from tests.grader.classroom.works import task, work


def engine(**options: object) -> LocalEngine:
    return LocalEngine(jobs=2, work=work, **options)  # type: ignore[arg-type]


def test_each_task_is_answered_once() -> None:
    answers = list(engine().run(task(str(n)) for n in range(7)))
    assert sorted(each.result["score"] for each in answers) == list(range(7))
    assert not any(each.is_fault for each in answers)


def test_no_task_needs_no_process() -> None:
    assert list(engine().run([])) == []


def test_a_lost_process_costs_no_points(tmp_path: Path) -> None:
    """A task is tried again in a new process, then it is a fault; the others go on."""
    tasks = [task(f"once {tmp_path / 'died'}"), task("die"), task("1"), task("2")]
    answers = {each.key: each for each in engine().run(tasks)}
    assert (tmp_path / "died").exists()
    lost = answers.pop("key of die")
    assert lost.is_fault
    assert lost.result["faults"] == ("the process that graded it was lost 2 times: exit code -9",)
    assert len(answers) == 3
    assert not any(each.is_fault for each in answers.values())


def test_a_process_that_hangs_is_ended() -> None:
    answers = {each.key: each for each in engine(seconds=3.0, tries=1).run([task("hang")])}
    assert answers["key of hang"].result["faults"] == (
        "the process that graded it was lost once: it took too long",
    )


def test_a_run_that_is_stopped_leaves_no_process() -> None:
    pool = engine()
    answers = pool.run(task(str(n)) for n in range(100))
    next(answers)
    processes = [slot.process for slot in pool._slots]
    answers.close()
    assert processes
    assert not any(process.is_alive() for process in processes)


def test_a_task_that_cannot_be_read_stops_the_run_and_its_processes() -> None:
    def tasks() -> object:
        yield task("1")
        raise OSError("the store is gone")

    pool = engine()
    with pytest.raises(OSError, match="the store is gone"):
        list(pool.run(tasks()))  # type: ignore[arg-type]
    assert pool._slots == []
