"""How well copies are found among submissions that are alike anyway, here and by copydetect.

    python benchmarks/similarity.py                # 60 made submissions, 12 copies of some of them

Each made submission is the solution with some of the suite's mistakes and alternatives, drawn by
the seed: all of them share most of their code. A copy is another's with its local names changed,
and its comments and layout gone. `found`: the share of copies whose pair is among the first pairs,
as many as there are copies; `auc`: how often a copy's pair ranks above another pair. copydetect
(0.5) is compared if it is installed; it gets the skeleton as boilerplate.
The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import ast
import importlib.util
import itertools
import json
import random
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from course.devices import hardware
from course.errors import UserError
from grader.assignment import Assignment, find
from grader.classroom.similar import given_texts
from grader.classroom.similarity import Class, Work
from grader.verdict import patches
from grader.verdict.learn import changed

CHANGES = 5  # of a made submission
Scores = dict[tuple[str, str], float]


def main(argv: Sequence[str] | None = None) -> int:
    """Prints the figures of both."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--assignment", default="a5")
    parser.add_argument("--submissions", type=int, default=60)
    parser.add_argument("--copies", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(argv)
    assignment = find(options.assignment)
    works, copies = made(assignment, options.submissions, options.copies, options.seed)
    figures: dict[str, object] = {"submissions": len(works), "copies": len(copies)}
    for name, scored in (("ours", ours), ("copydetect", copydetect)):
        if name == "copydetect" and importlib.util.find_spec(name) is None:
            print("copydetect is not installed, and is left out")
            continue
        started = time.process_time()
        scores = scored(assignment, works)
        seconds = time.process_time() - started
        figures |= {f"{name}_found": found(scores, copies), f"{name}_auc": auc(scores, copies)}
        figures |= {f"{name}_seconds": round(seconds, 2)}
        print(f"{name}: {figures[f'{name}_found']:.2f} found, {seconds:.1f} s")
    print(json.dumps(figures | {"hardware": hardware("cpu")}))
    return 0


def made(
    assignment: Assignment, count: int, copies: int, seed: int
) -> tuple[list[Work], set[tuple[str, str]]]:
    """The submissions, and the pairs of a copy and what it was copied from."""
    draw = random.Random(seed)
    known = patches.read_all(assignment.suite / "mistakes")
    known += patches.read_all(assignment.suite / "alternatives")
    files = {f"s{number:03}": drawn(assignment, known, draw) for number in range(count)}
    pairs = set()
    for number, origin in enumerate(draw.sample(sorted(files), copies)):
        name = f"t{number:03}"
        files[name] = {each: disguised(text, draw) for each, text in files[origin].items()}
        pairs.add((origin, name))
    return [Work(name, texts, frozenset([name])) for name, texts in files.items()], pairs


def drawn(assignment: Assignment, known: Sequence[patches.Patch], draw: random.Random) -> dict:
    """The solution with some changes, of which those that do not go together are left out."""
    files = changed(assignment, []).files
    for patch in draw.sample(list(known), CHANGES):
        try:
            files = patches.apply(patch, files)
        except UserError:
            continue
    return {name: data.decode() for name, data in files.items()}


def disguised(text: str, draw: random.Random) -> str:
    """The same code with other local names, without comments, in the layout of `ast`."""
    tree = ast.parse(text)
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            stored = [
                node.id
                for node in ast.walk(function)
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
            ]
            names = {name: f"{draw.choice('abcdefgh')}{n}" for n, name in enumerate(stored)}
            for node in ast.walk(function):
                if isinstance(node, ast.Name):
                    node.id = names.get(node.id, node.id)
    return ast.unparse(tree) + "\n"


def ours(assignment: Assignment, works: Sequence[Work]) -> Scores:
    """`grader class similar`."""
    pairs = Class.of(works, given_texts(assignment)).pairs()
    return {tuple(sorted((each.first.owner, each.second.owner))): each.score for each in pairs}


def copydetect(assignment: Assignment, works: Sequence[Work]) -> Scores:
    """copydetect with its own defaults, all files of a submission as one; the larger share."""
    import copydetect as other

    with tempfile.TemporaryDirectory() as folder:

        def fingerprint(name: str, text: str, boilerplate: Sequence[int] = ()) -> Any:
            path = Path(folder) / f"{name}.py"
            path.write_text(text, encoding="utf-8")
            return other.CodeFingerprint(str(path), 25, 1, boilerplate=boilerplate)

        given = fingerprint("given", "\n".join(given_texts(assignment)))
        boilerplate = list(given.hashes)
        prints = {
            work.owner: fingerprint(work.owner, "\n".join(work.files.values()), boilerplate)
            for work in works
        }
        return {
            (one, two): max(other.compare_files(prints[one], prints[two])[1])
            for one, two in itertools.combinations(sorted(prints), 2)
        }


def found(scores: Scores, copies: set[tuple[str, str]]) -> float:
    """The share of copies among as many of the first pairs."""
    first = sorted(scores, key=lambda pair: -scores[pair])[: len(copies)]
    return len(copies & set(first)) / len(copies)


def auc(scores: Scores, copies: set[tuple[str, str]]) -> float:
    """How often a copy's pair has the higher score; a draw counts half."""
    names = sorted({name for pair in scores for name in pair})
    others = [
        scores.get(pair, 0.0) for pair in itertools.combinations(names, 2) if pair not in copies
    ]
    won = [
        (scores.get(copy, 0.0) > score) + (scores.get(copy, 0.0) == score) / 2
        for copy in copies
        for score in others
    ]
    return round(sum(won) / len(won), 4)


if __name__ == "__main__":
    raise SystemExit(main())
