"""Files are written whole or not at all, whoever else writes them, and whatever was left before."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from course.errors import UserError, one_line, printable
from course.files import must_be_writable, write_aside


def test_two_writes_at_once_do_not_mix(tmp_path: Path) -> None:
    """Both had one `.partial`: the first to end took the other's bytes, which then had no file."""
    path = tmp_path / "result.json"
    begun = threading.Barrier(2)

    def write(letter: bytes) -> None:
        with write_aside(path) as file:
            begun.wait()
            file.write(letter * 100_000)

    threads = [threading.Thread(target=write, args=(letter,)) for letter in (b"a", b"b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_bytes() in (b"a" * 100_000, b"b" * 100_000)
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_that_breaks_off_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt), write_aside(path) as file:
        file.write(b"new")
        raise KeyboardInterrupt
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_kill_left_is_removed_and_what_is_being_written_is_not(tmp_path: Path) -> None:
    """Leftovers with names of their own would pile up."""
    path = tmp_path / "model[1].pt"
    leftover, other = tmp_path / "model[1].pt.0a.partial", tmp_path / "model1.pt.0a.partial"
    leftover.touch()
    other.touch()
    with write_aside(path) as first:
        (going_on,) = set(tmp_path.iterdir()) - {other}
        with write_aside(path) as second:
            second.write(b"second")
        assert set(tmp_path.iterdir()) == {path, going_on, other}
        first.write(b"first")
    assert path.read_bytes() == b"first"
    assert set(tmp_path.iterdir()) == {path, other}


def test_a_new_file_has_the_rights_of_any_other(tmp_path: Path) -> None:
    """A teacher reads what a student's account wrote."""
    (tmp_path / "plain").touch()
    with write_aside(tmp_path / "aside") as file:
        file.write(b"x")
    assert (tmp_path / "aside").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_device_is_written_to_and_stays_one(tmp_path: Path) -> None:
    """`--json /dev/null` put a file in its place, for whoever may do that."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with write_aside(pipe) as file:
        file.write(b"x")
    assert os.read(reader, 10) == b"x"
    os.close(reader)
    assert pipe.is_fifo()


def test_a_full_disk_is_told_by_the_write(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space left"), write_aside(Path("/dev/full")) as file:
        file.write(b"x")


def test_whether_a_file_can_be_written_is_asked_without_a_trace(tmp_path: Path) -> None:
    must_be_writable(tmp_path / "new" / "report.md")
    assert list((tmp_path / "new").iterdir()) == []
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="Not a directory"):
        must_be_writable(tmp_path / "file" / "report.md")
    with pytest.raises(UserError, match="is a folder"):
        must_be_writable(tmp_path / "new")


def test_nothing_in_a_message_is_obeyed_by_a_terminal() -> None:
    """A file's name can hold escape sequences, bells and new lines."""
    assert one_line(UserError("a\x1b[2Jb\x07c\nd\x9be\udce4f\u202eg")) == (
        r"a\x1b[2Jb\x07c d\x9be\udce4f\u202eg"
    )
    assert printable("größe 42 %\t") == "größe 42 %\\t"
