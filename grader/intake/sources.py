"""One file of a submission as text: UTF-8 that Python and every reader of ours read alike.

A byte order mark is removed, so that nobody trips over it later. Python would also read a source
in the encoding that its first lines declare; a submission's must declare UTF-8 or nothing.
"""

from __future__ import annotations

import codecs
import io
import re
import tokenize

from grader.errors import Refused
from grader.intake.archive import shown

MAX_LINE = 20_000  # characters; a report may quote a line, and nobody reads a longer one
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_NEW_LINE = re.compile(r"\r\n?|\n")  # Python's own; str.splitlines knows more


def source(name: str, data: bytes) -> bytes:
    """`data` without its byte order mark; raises Refused if it is not text in short lines.

    `name` is what messages call it.
    """
    if data.startswith(UTF_16):
        raise Refused(f"{shown(name)} is UTF-16 text: save it as UTF-8")
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        where = f"byte {error.start}"
        raise Refused(f"{shown(name)} is not UTF-8 text ({where}): save it as UTF-8") from None
    if text.startswith("\ufeff"):
        raise Refused(f"{shown(name)} begins with two byte order marks: save it without any")
    if "\0" in text:
        raise Refused(f"{shown(name)} has a NUL byte at {text.index(chr(0))}: it is not text")
    lines = _NEW_LINE.split(text)
    _check_encoding(name, lines)
    _check_lines(name, lines)
    return data


def _check_encoding(name: str, lines: list[str]) -> None:
    """Raises Refused if the first two lines declare an encoding other than UTF-8."""
    head = io.BytesIO("\n".join(lines[:2]).encode())
    try:
        encoding, _ = tokenize.detect_encoding(head.readline)
    except SyntaxError as error:
        raise Refused(f"{shown(name)}: {error}: save it as UTF-8 and delete that line") from None
    if codecs.lookup(encoding).name != "utf-8":
        raise Refused(
            f"{shown(name)} declares the encoding {encoding}: save it as UTF-8 and delete that line"
        )


def _check_lines(name: str, lines: list[str]) -> None:
    for number, line in enumerate(lines, start=1):
        if len(line) > MAX_LINE:
            raise Refused(
                f"{shown(name)} has {len(line):,} characters in line {number}: at most "
                f"{MAX_LINE:,} are allowed"
            )
