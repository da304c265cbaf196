"""What a student is called on a page, and the name of the student's own page."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from urllib.parse import quote

Shown = Callable[[str], str]  # a student's id -> what the page shows


def pseudonym(salt: str, student: str) -> str:
    """The same for a student as long as the ledger lives, and not to be guessed without it."""
    digest = hashlib.sha256(f"{salt} {student}".encode()).hexdigest()
    return f"p-{digest[:10]}"


def shown(salt: str, hidden: bool) -> Shown:
    """How ids are shown: as they are, or as pseudonyms while marking is anonymous."""
    return (lambda student: pseudonym(salt, student)) if hidden else (lambda student: student)


def file(student: str) -> str:
    """The file's name of a student's page; an id may hold any character."""
    return f"{quote(student, safe='@ ')}.html"


def link(student: str) -> str:
    """The address of a student's page, as seen from a staff page."""
    return f"../students/{quote(file(student))}"
