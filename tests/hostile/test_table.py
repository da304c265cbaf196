"""docs/security.md tells what the corpus tells."""

from __future__ import annotations

import re

from tests.hostile.corpus import HERE, archives, attacks, grafted
from tests.hostile.table import BEGIN, DOCUMENT, END, filled

ROOT = HERE.parents[1]


def test_the_table_is_current() -> None:
    """`python -m tests.hostile.table` writes it."""
    text = DOCUMENT.read_text(encoding="utf-8")
    for name in ("cheaters", "attacks"):
        assert text.count(BEGIN.format(name)) == text.count(END.format(name)) == 1
    assert filled(text) == text


def test_every_attack_has_a_name_of_its_own() -> None:
    names = [attack.name for attack in (*attacks(), *grafted(), *archives())]
    assert len(names) == len(set(names)) >= 160


def test_the_tests_that_the_document_names_are_there() -> None:
    text = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN.format("attacks"))[0]
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", text)
    assert named
    for file, function in named:
        source = (ROOT / file).read_text(encoding="utf-8")
        assert not function or f"def {function}(" in source, f"{file}::{function}"
