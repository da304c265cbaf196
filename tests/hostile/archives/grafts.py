"""Attacks on grafting whose text is too long to be kept: sources that are hard to take apart."""

from __future__ import annotations

import shutil
from pathlib import Path

WRONG = Path(__file__).resolve().parents[1] / "chain" / "wrong"


def _write(folder: Path, more: str) -> Path:
    """The wrong work, with more at the end of both of its files."""
    for path in WRONG.glob("*.py"):
        shutil.copy(path, folder)
        text = path.read_text(encoding="utf-8")
        (folder / path.name).write_text(f"{text}\n\n{more}", encoding="utf-8")
    return folder


def many_definitions(folder: Path) -> Path:
    """400 functions and 10,000 numbers, which every graft takes over as text.

    layer: intake
    outcome: as without it
    plain: not run
    """
    functions = "\n".join(f"def f{n}(a): return a + {n}" for n in range(400))
    numbers = "\n".join("7, " * 500 for _ in range(20))
    return _write(folder, f"{functions}\nNUMBERS = [\n{numbers}\n]\n")


def deep_when_grafted(folder: Path) -> Path:
    """Expressions that compile, and are too deep to be written out again as text.

    layer: intake
    outcome: failed
    plain: not run
    """
    return _write(
        folder, f"def deep(a):\n    return a{'.b' * 700}\n\nalso = lambda a: {'+a' * 500}\n"
    )
