"""Writes the table of attacks into docs/security.md, between its two marks.

    python -m tests.hostile.table

The table is made of the attacks' own headers, and the tests hold every field of them.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from tests.hostile.corpus import HERE, Attack, archives, attacks

DOCUMENT = HERE.parents[1] / "docs" / "security.md"
BEGIN, END = "<!-- attacks: begin -->", "<!-- attacks: end -->"


def table() -> str:
    """The counts and the table, as Markdown."""
    rows = [*attacks(), *archives()]
    plain = Counter(row.plain for row in rows)
    lines = [
        f"{len(rows)} attacks, {len(attacks())} by code and {len(archives())} by the submission "
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


def filled(text: str) -> str:
    """The document's text with the table of today."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


def main(document: Path = DOCUMENT) -> int:
    """Writes the document."""
    document.write_text(filled(document.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
