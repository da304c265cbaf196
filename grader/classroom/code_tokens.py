"""Python code as tokens that renaming, comments and layout do not change.

Names become one token, and so do numbers and texts. Keywords, operators and what is looked up in
anything but `self` (`x.transpose`) keep their spelling: these are the library's words. Docstrings
and comments are no tokens.
"""

from __future__ import annotations

import io
import keyword
import re
import tokenize
from dataclasses import dataclass

WORDS = re.compile(r"[^\W\d]\w*|\d[\w.]*|[^\w\s]")
NAME, NUMBER, TEXT = "name", "0", "''"
SILENT = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
}
# From Python 3.12 on a formatted text is several tokens, of which only the expressions count.
PIECES = {
    kind
    for name in ("FSTRING_START", "FSTRING_MIDDLE", "FSTRING_END")
    if (kind := getattr(tokenize, name, None)) is not None
}


@dataclass(frozen=True)
class Code:
    """One file's tokens, and the line of each, 1-based."""

    tokens: tuple[str, ...]
    lines: tuple[int, ...]


def read(text: str) -> Code:
    """The tokens of a file; one that is not Python is split at its words and signs."""
    try:
        found = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError):
        return _plain(text)
    tokens: list[str] = []
    lines: list[int] = []
    for place, token in enumerate(found):
        if token.type in SILENT or token.type in PIECES or _is_docstring(found, place):
            continue
        tokens.append(_normalised(token, tokens[-2:]))
        lines.append(token.start[0])
    return Code(tuple(tokens), tuple(lines))


def _normalised(token: tokenize.TokenInfo, before: list[str]) -> str:
    if token.type == tokenize.STRING:
        return TEXT
    return _word(token.string, before)


def _word(word: str, before: list[str]) -> str:
    """A name, number or sign, after these two tokens."""
    if word[0].isdigit() or (word[0] == "." and len(word) > 1 and word != "..."):
        return NUMBER
    is_name = word[0].isalpha() or word[0] == "_"
    if not is_name or keyword.iskeyword(word) or word == "self":
        return word
    is_looked_up = before[-1:] == ["."] and before[:1] != ["self"]
    return word if is_looked_up else NAME


def _is_docstring(found: list[tokenize.TokenInfo], place: int) -> bool:
    """Whether a token is a text that is a statement of its own."""
    token = found[place]
    if token.type != tokenize.STRING:
        return False
    return all(
        other.type in SILENT - {tokenize.COMMENT}
        for other in (found[max(place - 1, 0)], found[place + 1])
        if other is not token
    )


def _plain(text: str) -> Code:
    tokens: list[str] = []
    lines: list[int] = []
    for number, line in enumerate(text.split("\n"), start=1):
        for word in WORDS.findall(line.partition("#")[0]):
            tokens.append(_word(word, tokens[-2:]))
            lines.append(number)
    return Code(tuple(tokens), tuple(lines))
