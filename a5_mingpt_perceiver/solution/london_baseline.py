"""The simplest answer to every question: London. Yours to write: part (d).

    python london_baseline.py birth_dev.tsv

prints how often it is right, in the format of `run.py evaluate`: Correct: 1.0 out of 20.0: 5.0%
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from utils import evaluate_places

PLACE = "London"


def london_accuracy(filepath: str | Path) -> tuple[float, float]:
    """Answer every question of the file with PLACE. Returns (total, correct)."""
    # TODO(d): return (total, correct) of evaluate_places for as many PLACEs as there are questions.
    ### BEGIN SOLUTION
    questions = Path(filepath).read_text(encoding="utf-8").strip().split("\n")
    return evaluate_places(filepath, [PLACE] * len(questions))
    ### END SOLUTION


def main(argv: Sequence[str] | None = None) -> int:
    """Print the accuracy for the file named on the command line."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    if len(arguments) != 1:
        print("usage: python london_baseline.py FILE.tsv", file=sys.stderr)
        return 2
    # TODO(d): print "Correct: {correct} out of {total}: {percent}%" for the file arguments[0], and
    # return 0.
    ### BEGIN SOLUTION
    total, correct = london_accuracy(arguments[0])
    print(f"Correct: {correct} out of {total}: {correct / total * 100}%")
    return 0
    ### END SOLUTION


if __name__ == "__main__":
    sys.exit(main())
