"""A text: where it comes from, and how one of its lines is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from course.errors import UserError
from course.text import Text, find, read


def test_a_broken_line_is_named_and_cut_short() -> None:
    text = Text("names.txt", "Ada\n" + "x" * 100 + "\r\n\n")
    assert text.lines == ["Ada", "x" * 100 + "\r"]
    wanted = f"names.txt, line 2: {'x' * 40!r} is not valid, each line is a name"
    assert str(text.not_valid(2, "a name")) == wanted


def test_a_file_is_named_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "wiki.txt"
    with pytest.raises(UserError, match=r"cannot read .*wiki\.txt"):
        read(path)
    path.write_text("a\n")
    assert read(path) == Text(str(path), "a\n")
    assert read(path).sha256 == Text("a copy", "a\n").sha256 != Text("a copy", "a").sha256


def test_the_embedded_text_needs_no_file() -> None:
    assert find("embedded", "wiki.txt", None, lambda: "a") == Text("embedded wiki.txt", "a")
