"""Submissions go into the ledger each once, with owner and time, and none is lost."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import Any

import filelock
import pytest

from grader.boundary.sandbox import Sandbox
from grader.classroom import course_file
from grader.classroom.ledger import Ledger
from grader.classroom.store import Store
from grader.errors import UserError
from tests.grader.classroom.classes import TIME, Class, Files, write, zipped


def test_a_group_hands_in_together(klass: Class, tmp_path: Path) -> None:
    text = (klass.folder / "course.toml").read_text().replace("# groups", "groups")
    (klass.folder / "course.toml").write_text(text)
    klass.course = course_file.read(klass.folder)
    klass.collect(write(tmp_path / "in", {"red/model.py": "red = 1\n", "cyd/model.py": "1\n"}))
    assert {owner: each.members for owner, each in klass.attempts.items()} == {
        "group:red": ("ada", "bob"),
        "group:blue": ("cyd",),
    }


def test_work_that_intake_refuses_is_recorded_with_its_reason(
    klass: Class, tmp_path: Path, sandbox: Sandbox
) -> None:
    """Read in the sandbox. A student's zip of zips is that student's; the others are collected."""
    inner = zipped({"model.py": "1\n"})
    files: Files = {
        "ada.zip": zipped({"work.zip": inner, "more.zip": inner}),
        "bob.zip": b"not a zip",
        "cyd/model.py": "cyd = 1\n",
    }
    source = write(tmp_path / "in", files)
    summary = klass.collect(source, sandbox=sandbox)
    assert (summary.new, len(summary.refused)) == (3, 2)
    assert "contains no file of b1_toy" in klass.attempts["ada"].refusal
    assert "is not a valid zip" in klass.attempts["bob"].refusal
    assert klass.text("cyd") == "cyd = 1\n"
    assert klass.collect(source, sandbox=sandbox).known == 3


def test_a_zip_of_zips_that_are_nobody_s_is_one_line(klass: Class, tmp_path: Path) -> None:
    source = tmp_path / "all.zip"
    source.write_bytes(zipped({"monday.zip": zipped({"ada.zip": b"x"}), "tuesday.zip": b"x"}))
    message = r"'monday.zip', 'tuesday.zip' are not in the roster.*zip of zips, unpack it"
    with pytest.raises(UserError, match=message):
        klass.collect(source)
    assert klass.attempts == {}


def test_work_without_an_owner_stops_all_unless_it_is_to_be_skipped(
    klass: Class, tmp_path: Path
) -> None:
    source = write(tmp_path / "in", {"ada/model.py": "1\n", "mallory/model.py": "2\n"})
    with pytest.raises(UserError, match="'mallory' is not in the roster; name each by"):
        klass.collect(source)
    assert klass.attempts == {}
    summary = klass.collect(source, skip=True)
    assert (summary.new, summary.strangers, list(klass.attempts)) == (1, ["mallory"], ["ada"])


def test_a_time_is_never_guessed(klass: Class, tmp_path: Path) -> None:
    source = write(tmp_path / "in", {"ada/model.py": "1\n"})
    with pytest.raises(UserError, match="nothing says when ada was submitted: give --at TIME"):
        klass.collect(source, at="")
    with pytest.raises(UserError, match=r"--at = 'noon' is not a time .*, and not due, now or mod"):
        klass.collect(source, at="noon")
    os.utime(source / "ada" / "model.py", (TIME.timestamp(), TIME.timestamp()))
    klass.collect(source, at="modified")
    assert klass.attempts["ada"].submitted_at == TIME
    late = write(tmp_path / "canvas", {"charissecyd_LATE_13_503_model.py": "1\n"})
    with pytest.raises(UserError, match="charissecyd_13_503 is marked as late: give its time"):
        klass.collect(late)
    assert list(klass.attempts) == ["ada"]


def test_a_link_in_a_student_s_folder_leads_nowhere(klass: Class, tmp_path: Path) -> None:
    """It could name another student's work on the staff's disk."""
    source = write(tmp_path / "in", {"ada/model.py": "1\n", "bob/readme.txt": "x"})
    secret = tmp_path / "secret.zip"
    secret.write_bytes(zipped({"model.py": "secret\n"}))
    (source / "bob" / "readme.txt").unlink()
    (source / "bob" / "work.zip").symlink_to(secret)
    klass.collect(source)
    assert klass.attempts["bob"].sha256 == ""
    assert "contains no file of b1_toy" in klass.attempts["bob"].refusal


def test_a_link_in_place_of_a_student_s_work_is_refused(klass: Class, tmp_path: Path) -> None:
    """`bob -> ada` had ada's grade, and a link to the solution had all points."""
    source = write(tmp_path / "in", {"ada/model.py": "1\n"})
    (source / "bob").symlink_to("ada")
    (source / "cyd.zip").symlink_to(source / "ada" / "model.py")
    klass.collect(source)
    assert klass.attempts["ada"].sha256
    for name in ("bob", "cyd"):
        assert klass.attempts[name].sha256 == ""
        assert "is a link" in klass.attempts[name].refusal


def test_a_full_disk_is_one_line_and_the_next_run_goes_on(
    klass: Class, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write(tmp_path / "in", {"ada/model.py": "1\n", "bob/model.py": "2\n"})
    put, calls = Store.put, []

    def full_the_second_time(store: Store, tree: Any) -> str:
        calls.append(tree)
        with monkeypatch.context() as patch:
            if len(calls) == 2:
                patch.setattr(zipfile.ZipFile, "writestr", _no_space)
            return put(store, tree)

    with monkeypatch.context() as patch:
        patch.setattr(Store, "put", full_the_second_time)
        with pytest.raises(UserError, match="cannot be written: No space left on device"):
            klass.collect(source)
    assert list(klass.attempts) == ["ada"]
    assert not list(klass.folder.rglob("*.partial"))
    assert klass.collect(source).new == 1
    assert klass.text("bob") == "2\n"


def test_a_stopped_run_is_gone_on_with(
    klass: Class, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By Ctrl-C, or killed, when it leaves its scratch folder behind."""
    source = write(tmp_path / "in", {"ada/model.py": "1\n", "bob/model.py": "2\n"})
    add, calls = Ledger.add_attempt, []

    def stopped_the_second_time(ledger: Ledger, *arguments: Any) -> bool:
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return add(ledger, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "add_attempt", stopped_the_second_time)
        with pytest.raises(KeyboardInterrupt):
            klass.collect(source)
    write(klass.folder / ".collecting", {"left.txt": "by a killed process"})
    summary = klass.collect(source)
    assert (summary.new, summary.known) == (1, 1)


def test_two_processes_do_not_collect_at_once(klass: Class, tmp_path: Path) -> None:
    source = write(tmp_path / "in", {"ada/model.py": "1\n"})
    with (
        filelock.FileLock(klass.folder / ".collecting.lock"),
        pytest.raises(UserError, match="another process collects into"),
    ):
        klass.collect(source)
    assert klass.attempts == {}


def _no_space(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")


def test_a_damaged_submission_is_never_graded(klass: Class, tmp_path: Path) -> None:
    klass.collect(write(tmp_path / "in", {"ada/model.py": "1\n"}))
    path = Store(klass.course.store_path).path(klass.attempts["ada"].sha256)
    for damaged in (path.read_bytes()[:-30], zipped({"src/model.py": "2\n"})):
        path.write_bytes(damaged)
        with pytest.raises(UserError, match="is damaged: remove it, and collect"):
            klass.text("ada")
    path.unlink()
    with pytest.raises(UserError, match="does not exist: collect that submission again"):
        klass.text("ada")
