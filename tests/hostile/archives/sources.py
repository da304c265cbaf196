"""Hostile sources: encodings, lines, depth and size."""

from __future__ import annotations

from pathlib import Path

from tests.hostile.archives.writing import WRONG, write_folder


def not_utf_8(folder: Path) -> Path:
    """A source file that is not UTF-8.

    layer: submission
    outcome: refused
    plain: not run
    """
    return write_folder(folder, b"# coding: latin-1\nx = '\xe9'\n" + WRONG)


def null_byte(folder: Path) -> Path:
    """A source file with a NUL in it.

    layer: submission
    outcome: refused
    plain: not run
    """
    return write_folder(folder, WRONG + b"\0")


def large_file(folder: Path) -> Path:
    """A source file of two megabytes.

    layer: submission
    outcome: refused
    plain: not run
    """
    return write_folder(folder, WRONG + b"#" * 2**21)


def syntax_error(folder: Path) -> Path:
    """A source file that is no Python.

    layer: own process
    outcome: error
    plain: not run
    """
    return write_folder(folder, WRONG + b"\ndef (:\n")


def huge_line(folder: Path) -> Path:
    """A source file with one line of nearly a megabyte, that raises.

    layer: submission
    outcome: refused
    plain: not run
    """
    line = b"raise ValueError(0" + b" + 0" * 1000 + b")  #" + b"x" * 1_000_000
    return write_folder(folder, WRONG + b"\n" + line + b"\n")


def deep_source(folder: Path) -> Path:
    """A source file nested so deeply that the compiler itself gives up.

    layer: own process
    outcome: error
    plain: not run
    """
    line = b"(" * 1000 + b"\n"
    return write_folder(folder, WRONG + b"\nx = " + line * 100 + line.replace(b"(", b")") * 100)


def other_encoding(folder: Path) -> Path:
    """A source file that says it is in UTF-7, in which other text is written than one reads.

    layer: submission
    outcome: refused
    plain: not run
    """
    return write_folder(folder, b"# coding: utf-7\n" + WRONG)


def escaped_encoding(folder: Path) -> Path:
    """A source file in unicode_escape, whose comments hold code that only Python sees.

    layer: submission
    outcome: refused
    plain: not run
    """
    return write_folder(
        folder, b"# coding: unicode_escape\n" + WRONG + b"# \\n\\nprint('ESCAPED')\n"
    )


def encoding_after_a_carriage_return(folder: Path) -> Path:
    """A source file whose second line is one for Python, which ends lines at \\r too.

    layer: submission
    outcome: refused
    plain: not run
    """
    return write_folder(folder, b"#\r# coding: unicode_escape\r\n" + WRONG)


def unknown_encoding(folder: Path) -> Path:
    """A source file in an encoding that there is not, with an escape sequence in its name.

    layer: submission
    outcome: refused
    plain: not run
    """
    return write_folder(folder, b"# coding: utf-42\x1b[2J\n" + WRONG)


def byte_order_mark(folder: Path) -> Path:
    """A source file that begins with UTF-8's byte order mark, and says that it is UTF-8.

    layer: submission
    outcome: as without it
    plain: nothing
    """
    return write_folder(folder, b"\xef\xbb\xbf# -*- coding: utf-8 -*-\n" + WRONG)


def byte_order_marks(folder: Path) -> Path:
    """A source file that begins with byte order marks, a hundred thousand of them.

    layer: submission
    outcome: refused
    plain: not run
    """
    return write_folder(folder, b"\xef\xbb\xbf" * 100_000 + WRONG)


def byte_order_mark_of_another(folder: Path) -> Path:
    """A source file in UTF-16, with its byte order mark.

    layer: submission
    outcome: refused
    plain: not run
    """
    return write_folder(folder, WRONG.decode().encode("utf-16"))


def long_lines(folder: Path) -> Path:
    """A source file of fifty lines as long as they may be, in functions that call one another.

    layer: messages
    outcome: error
    plain: not run
    """
    calls = (f"def f{n}(): f{n + 1}()  #" + "x" * 19_900 for n in range(49))
    return write_folder(folder, b"\n".join([WRONG, *(line.encode() for line in calls), b"f0()"]))
