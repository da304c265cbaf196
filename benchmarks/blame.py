"""How often the grader blames the right function, and names the right mistake, on this machine.

    python benchmarks/blame.py              # every mistake of every assignment, 200 pairs: an hour
    python benchmarks/blame.py a2 --pairs 20 --timed 10

Every known mistake is learnt in one run and graded in another. `blamed`: the share in which the
changed function is to blame. `named`: the share in which its own sentence is said. `false`: the
share in which another sentence is said after its own entry is left out, which must be wrong.
`pairs_blamed`: of pairs of mistakes in two functions, drawn by the seed, the share in which both
are blamed. `extra_time`: of mistakes drawn by the seed, the median of the time of a quick grade
with blame over that without. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import time
from dataclasses import dataclass, replace
from itertools import combinations

from course.devices import hardware
from grader.assignment import Assignment, all_assignments, find
from grader.boundary.sandbox import Sandbox
from grader.intake.submission import take
from grader.verdict import learn, patches, pool
from grader.verdict.diagnosis import Diagnoser, Known
from grader.verdict.grade import Options, examine
from grader.verdict.patches import Patch


@dataclass(frozen=True)
class Counts:
    """What was counted over an assignment's mistakes and pairs."""

    cases: int
    blamed: int
    named: int
    false: int
    pairs: int
    pairs_blamed: int


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("assignments", nargs="*", help="such as a5; default: all")
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--timed", type=int, default=30, help="mistakes an assignment to time")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(argv)
    chosen = [find(name) for name in args.assignments] or all_assignments()
    counts, ratios = [], []
    for assignment, pairs in zip(chosen, shares(args.pairs, len(chosen)), strict=True):
        counts.append(count(assignment, pairs, args.seed))
        own = extra_times(assignment, args.timed, args.seed)
        ratios += own
        print(assignment.id, json.dumps(summary(counts[-1:], own, args.seed)), flush=True)
    print(json.dumps(summary(counts, ratios, args.seed)))
    return 0


def shares(total: int, parts: int) -> list[int]:
    """`total` in `parts` nearly equal shares."""
    return [total // parts + (place < total % parts) for place in range(parts)]


def count(assignment: Assignment, pairs: int, seed: int) -> Counts:
    """Learns, grades and counts the mistakes of one assignment."""
    mistakes = patches.read_all(assignment.suite / "mistakes")
    learnt = learn.learnt(assignment)
    seen = pool.over(assignment, mistakes, graded, "grade")
    changed = [learn.changed_units(assignment, patch) for patch in mistakes]
    report(assignment, mistakes, changed, learnt, seen)
    drawn = pairs_of(mistakes, changed, pairs, seed)
    both = pool.over(assignment, drawn, blamed_in_pair, "pairs")
    return Counts(
        cases=len(mistakes),
        blamed=sum(bool(units & k.signs.keys()) for units, k in zip(changed, seen, strict=True)),
        named=sum(said(k, learnt) == {k.sentence} for k in seen),
        false=sum(bool(said(k, without(learnt, k)) - {k.sentence}) for k in seen),
        pairs=len(drawn),
        pairs_blamed=sum(both),
    )


def graded(assignment: Assignment, patch: Patch, sandbox: Sandbox) -> Known:
    """What a mistake shows in a quick grade, with all of the suite's quick tests."""
    return learn.signs_among(assignment, patch, Options(quick=True, sandbox=sandbox))


def without(learnt: Diagnoser, case: Known) -> Diagnoser:
    """What was learnt, but for one mistake."""
    return replace(learnt, known=tuple(each for each in learnt.known if each.name != case.name))


def said(case: Known, learnt: Diagnoser) -> set[str]:
    """The sentences that are said of a graded mistake by what was learnt."""
    sentences = (learnt.sentence_of(unit, signs) for unit, signs in case.signs.items())
    return {sentence for sentence in sentences if sentence}


def report(
    assignment: Assignment,
    mistakes: list[Patch],
    changed: list[set[str]],
    learnt: Diagnoser,
    seen: list[Known],
) -> None:
    """Prints every mistake that is not blamed, not named, or taken for another."""
    for patch, units, known in zip(mistakes, changed, seen, strict=True):
        others = said(known, without(learnt, known)) - {known.sentence}
        if not units & known.signs.keys():
            print(f"{assignment.id} {patch.name}: {units} not among {set(known.signs)}")
        elif said(known, learnt) != {known.sentence}:
            print(f"{assignment.id} {patch.name}: {said(known, learnt) or 'nothing'} is said")
        if others:
            print(f"{assignment.id} {patch.name}: without its entry, {others} is said")


def pairs_of(
    mistakes: list[Patch], changed: list[set[str]], count: int, seed: int
) -> list[tuple[Patch, Patch, set[str], set[str]]]:
    """`count` pairs of mistakes in different functions, with what each changes."""
    both = list(zip(mistakes, changed, strict=True))
    apart = [(a, b, u, v) for (a, u), (b, v) in combinations(both, 2) if u and v and not u & v]
    apart = [row for row in apart if not row[0].slow and not row[1].slow]
    return random.Random(seed).sample(apart, min(count, len(apart)))


def blamed_in_pair(
    assignment: Assignment, pair: tuple[Patch, Patch, set[str], set[str]], sandbox: Sandbox
) -> bool:
    """Whether both functions are blamed if both mistakes are made."""
    one, other, units, others = pair
    tree = learn.changed(assignment, [one, other])
    result = examine(assignment, tree, Options(quick=True, sandbox=sandbox)).result
    blamed = {name for test in result.tests for name in test.blame}
    return bool(blamed & units and blamed & others)


def extra_times(assignment: Assignment, count: int, seed: int) -> list[float]:
    """The time of a quick grade with blame over that without, of some mistakes."""
    mistakes = patches.read_all(assignment.suite / "mistakes")
    drawn = random.Random(seed).sample(mistakes, min(count, len(mistakes)))
    alone = replace(assignment, limits=replace(assignment.limits, threads=1))
    take(assignment.solution, assignment)  # warm
    with Sandbox("sandbox", 1) as sandbox:
        return [
            seconds(alone, patch, sandbox, True) / seconds(alone, patch, sandbox, False)
            for patch in drawn
        ]


def seconds(assignment: Assignment, patch: Patch, sandbox: Sandbox, blame: bool) -> float:
    tree = learn.changed(assignment, [patch])
    started = time.monotonic()
    examine(assignment, tree, Options(quick=True, blame=blame, sandbox=sandbox))
    return time.monotonic() - started


def summary(counts: list[Counts], ratios: list[float], seed: int) -> dict[str, object]:
    """The last line."""

    def share(part: str, whole: str) -> float:
        total = sum(getattr(each, whole) for each in counts)
        return round(sum(getattr(each, part) for each in counts) / max(total, 1), 4)

    return {
        "cases": sum(each.cases for each in counts),
        "blamed": share("blamed", "cases"),
        "named": share("named", "cases"),
        "false": share("false", "cases"),
        "pairs": sum(each.pairs for each in counts),
        "pairs_blamed": share("pairs_blamed", "pairs"),
        "extra_time": round(statistics.median(ratios), 3) if ratios else None,
        "seed": seed,
        "hardware": hardware(),
    }


if __name__ == "__main__":
    sys.exit(main())
