"""A checkout of the project whose only assignment is the toy of tests/test_seventh.py."""

from __future__ import annotations

import shutil
from pathlib import Path

from grader import assignment as assignments
from grader.assignment import Assignment
from grader.authoring import skeleton
from grader.authoring.release import COPIED
from tests.programs import ROOT
from tests.test_seventh import FILES, NAME, SUITE

README = "# A toy\n\n![a picture](../docs/images/toy.svg)\n"
MORE = {
    f"{NAME}/README.md": README,
    f"{NAME}/results/README.md": "measured\n",
    f"{NAME}/results/predictions/dev.txt": "London\n",
    f"{NAME}/given/__pycache__/commands.pyc": "cached\n",
    "docs/images/toy.svg": "<svg/>\n",
    "docs/security.md": "not linked\n",
}


def make(root: Path) -> Assignment:
    """Lays it in `root`, its skeleton made."""
    for package in ("course", "grader"):
        ignored = shutil.ignore_patterns("__pycache__", "suites")
        shutil.copytree(ROOT / package, root / package, ignore=ignored)
    for name in COPIED:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    texts = {f"{NAME}/{name}": text for name, text in FILES.items()} | MORE
    texts |= {f"grader/suites/{NAME}/{name}": text for name, text in SUITE.items()}
    for name, text in texts.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    assignment = assignments.find("a7", root)
    skeleton.write(assignment)
    return assignment
