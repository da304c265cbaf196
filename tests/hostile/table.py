"""Writes the tables of attacks and of cheaters into docs/security.md, each between two marks.

    python -m tests.hostile.table

The tables are made of the headers of both, and the tests hold every field of them.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from tests.hostile.corpus import HERE, Attack, archives, attacks, cheaters, grafted

DOCUMENT = HERE.parents[1] / "docs" / "security.md"
BEGIN, END = "<!-- {}: begin -->", "<!-- {}: end -->"


def table() -> str:
    """The counts and the table, as Markdown."""
    by_code = [*attacks(), *grafted()]
    rows = [*by_code, *archives()]
    plain = Counter(row.plain for row in rows)
    lines = [
        f"{len(rows)} attacks, {len(by_code)} by code and {len(archives())} by the submission "
        f"itself; {plain['forges']} of the {plain['forges'] + plain['nothing']} that are run "
        "against the plain harness forge a grade there, none does here.",
        "",
        "| attack | what it tries | what stops it | outcome here | plain harness |",
        "|---|---|---|---|---|",
        *map(_row, rows),
    ]
    return "\n".join(lines)


def _row(attack: Attack) -> str:
    summary = attack.summary.rstrip(".").replace("|", "\\|").replace("__", "\\_\\_")
    plain = "**forges**" if attack.plain == "forges" else attack.plain
    return f"| `{attack.name}` | {summary} | {attack.layer} | {attack.outcome} | {plain} |"


def cheaters_table() -> str:
    """What code that computes nothing earns, as Markdown."""
    rows = [f"| {each.assignment} | {each.summary} | {each.points:g} |" for each in cheaters()]
    return "\n".join(["| assignment | what it does | points of 100 |", "|---|---|---|", *rows])


def filled(text: str) -> str:
    """The document's text with the tables of today."""
    for name, made in (("cheaters", cheaters_table()), ("attacks", table())):
        begin, end = BEGIN.format(name), END.format(name)
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        text = f"{before}{begin}\n{made}\n{end}{after}"
    return text


def main(document: Path = DOCUMENT) -> int:
    """Writes the document."""
    document.write_text(filled(document.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
