"""Small mutants of a solution, and the audit that grades them."""

from __future__ import annotations

import ast
import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from grader import assignment as assignments
from grader import cli
from grader.assignment import Assignment, all_assignments
from grader.authoring import skeleton
from grader.errors import BadAssignment
from grader.verdict import pool
from grader.verdict.mutants import Mutant, mutants
from grader.verdict.mutation import Finding, mutation, read_equivalents

TOML = """
id = "b3_toy"
title = "A toy"
student_files = ["src/work.py"]
[[parts]]
id = "a"
title = "Work"
points = 2
[limits]
threads = 1
"""
WORK = '''\
"""Work."""

LIMIT = 1 + 1


def plus(x, y):
    """The sum."""
    # TODO(a): return the sum
    ### BEGIN SOLUTION
    return x + y
    ### END SOLUTION


def clamp(x):
    """At most LIMIT."""
    # TODO(a): return x, or LIMIT if x is larger
    ### BEGIN SOLUTION
    return LIMIT if x > LIMIT else x
    ### END SOLUTION
'''
SUITE = '''\
import pytest

from grader import expect


@pytest.mark.part("a")
@pytest.mark.points(1)
@pytest.mark.about("plus")
def test_plus(student):
    """Adds."""
    assert expect.number(student.work.plus(3, 2)) == 5, "the sum is wrong"


@pytest.mark.part("a")
@pytest.mark.points(1)
@pytest.mark.about("clamp")
def test_clamp(student):
    """Limits."""
    assert [student.work.clamp(x) for x in (-1, 7)] == [-1, 2], "the limit is wrong"
'''
ALL = [("plus", "x + y -> x - y"), ("clamp", "x > LIMIT -> x >= LIMIT")]
MINE = [*ALL, ("clamp", "LIMIT if x > LIMIT else x -> LIMIT if not x > LIMIT else x")]
SURVIVOR = "clamp: x > LIMIT -> x >= LIMIT"


def make(folder: Path, *equivalent: tuple[str, str], work: str = WORK) -> Assignment:
    """The toy, whose equivalent.toml has these units and changes."""
    listed = "".join(
        f'[[mutant]]\nunit = "{unit}"\nchange = "{change}"\nreason = "It is."\n'
        for unit, change in equivalent
    )
    root, suite = folder / "b3_toy", folder / "grader" / "suites" / "b3_toy"
    texts = {root / "assignment.toml": TOML, root / "solution" / "work.py": work}
    texts |= {suite / "test_work.py": SUITE}
    texts |= {suite / "equivalent.toml": listed} if listed else {}
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return assignments.read(root, folder)


def audited(toy: Assignment, count: int | None = None, seed: int = 0) -> tuple[bool, list[str]]:
    printed = io.StringIO()
    sound = mutation(toy, count, seed, jobs=1, console=Console(file=printed, width=300))
    return sound, printed.getvalue().splitlines()


def _only(chosen: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on, the audit knows only these mutants, whatever else there is to change."""
    monkeypatch.setattr(
        "grader.verdict.mutation.mutants",
        lambda toy: [each for each in mutants(toy) if (each.unit, each.change) in chosen],
    )


def rest(text: str, assignment: Assignment, file: str, unit: str) -> list[str]:
    """All statements of a file but for the body of one unit."""
    tree = ast.parse(text)
    places = [(tree, "")]
    places += [(node, f"{node.name}.") for node in tree.body if isinstance(node, ast.ClassDef)]
    for parent, prefix in places:
        for node in parent.body:
            if isinstance(node, ast.FunctionDef) and prefix + node.name == unit:
                node.body = []
    return [ast.dump(node) for node in tree.body]


def changes(found: list[Mutant]) -> list[tuple[str, str]]:
    return [(mutant.unit, mutant.change) for mutant in found]


@pytest.mark.parametrize("assignment", all_assignments(), ids=lambda each: each.id)
def test_every_mutant_changes_its_unit_and_nothing_else(assignment: Assignment) -> None:
    """It parses, reads otherwise than the solution in one function only, and has its own name."""
    sources = skeleton.marked(assignment)
    names = {unit.name: file for file, (_, units) in sources.items() for unit in units}
    right = {name: ast.dump(ast.parse(text)) for name, (text, _) in sources.items()}
    around = {unit: rest(sources[file][0], assignment, file, unit) for unit, file in names.items()}
    found = mutants(assignment)
    counts = Counter(changes(found))
    assert [label for label, count in counts.items() if count > 1] == []
    assert not any("\n" in change for _, change in counts)
    assert found and {mutant.unit for mutant in found} <= names.keys()
    for mutant in found:
        for name, data in mutant.files.items():
            differs = ast.dump(ast.parse(data)) != right[name]
            assert differs == (name == names[mutant.unit]), (mutant.unit, mutant.change)
        text = mutant.files[names[mutant.unit]].decode()
        assert rest(text, assignment, names[mutant.unit], mutant.unit) == around[mutant.unit]


def test_mutants_of_the_toy(tmp_path: Path) -> None:
    """A change of each kind is there; what is not in a region, such as 1 + 1, is not changed."""
    found = changes(mutants(make(tmp_path)))
    assert set(MINE) <= set(found)
    assert not any("1" in change for _, change in found)


def test_equal_changes_are_numbered_in_order(tmp_path: Path) -> None:
    work = WORK.replace("return x + y", "y = max(x, 1 + x) - x + y - (1 + x) + 1\n    return y")
    found = mutants(make(tmp_path, work=work))
    found = [mutant for mutant in found if mutant.change.startswith("1 + x -> 1 - x")]
    assert [mutant.change for mutant in found] == ["1 + x -> 1 - x", "1 + x -> 1 - x (2)"]
    first, second = (mutant.files["src/work.py"].decode() for mutant in found)
    assert first.count("1 - x") == second.count("1 - x") == 1
    assert first != second


def test_a_change_that_changes_nothing_is_no_mutant(tmp_path: Path) -> None:
    """Two equal arguments were swapped, and the survivor had to be listed as equivalent."""
    work = WORK.replace("return x + y", "return pow(x, x)")
    labels = [change for unit, change in changes(mutants(make(tmp_path, work=work)))]
    assert "pow(x, x) -> pow(x)" in labels
    assert "pow(x, x) -> pow(x, x)" not in labels


def test_a_survivor_is_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _only(MINE, monkeypatch)
    sound, printed = audited(make(tmp_path))
    assert not sound
    assert printed[0] == f"{SURVIVOR}: survives"
    assert printed[1].startswith(
        "mutants b3_toy: 2 of 3 (all) lose points, 66.7 %; 0 are equivalent, "
        "66.7 % of the others; 2 blamed; "
    )
    assert len(printed) == 2


def test_an_equivalent_one_is_no_survivor(tmp_path: Path) -> None:
    sound, printed = audited(make(tmp_path, ALL[1]))
    assert sound
    assert len(printed) == 1
    assert "1 are equivalent, 100.0 % of the others; " in printed[0]


def test_a_wrong_list_of_equivalent_ones_is_reported(tmp_path: Path) -> None:
    """An entry that loses points, and one that names no mutant."""
    sound, printed = audited(make(tmp_path, *ALL, ("plus", "x * y -> x / y"), ("minus", "a -> b")))
    assert not sound
    assert printed[:-1] == [
        "plus: x + y -> x - y: loses points, though equivalent.toml lists it",
        "equivalent.toml: minus: a -> b: no such mutant",
        "equivalent.toml: plus: x * y -> x / y: no such mutant",
    ]


def test_a_few_are_drawn_by_the_seed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same seed draws the same, another one others; no entry is missed for those not drawn."""
    _only(MINE, monkeypatch)
    toy, drawn = make(tmp_path, ALL[1]), []

    def over(assignment: Assignment, chosen: list[Mutant], *rest: object) -> list[Finding]:
        drawn.append(changes(chosen))
        killed = [change != ALL[1] for change in drawn[-1]]
        return [Finding(each, dead, dead) for each, dead in zip(chosen, killed, strict=True)]

    monkeypatch.setattr(pool, "over", over)
    for seed in (0, 0, *range(1, 8)):
        sound, (line,) = audited(toy, 1, seed)
        assert sound and f"of 1 (seed {seed}) lose points" in line
    assert drawn[0] == drawn[1]
    assert len({tuple(each) for each in drawn}) == 3
    assert audited(toy, 99)[1][0].startswith("mutants b3_toy: 2 of 3 (all) lose points")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[mutant]]\nunit = "plus"\nchange = "a -> b"\n', "reason"),
        ('[[mutants]]\nunit = "plus"\n', "mutants"),
        ("[[mutant", "equivalent.toml"),
    ],
)
def test_a_list_that_cannot_be_read_names_its_file(tmp_path: Path, text: str, said: str) -> None:
    toy = make(tmp_path)
    (toy.suite / "equivalent.toml").write_text(text, encoding="utf-8")
    with pytest.raises(BadAssignment, match=said) as caught:
        read_equivalents(toy)
    assert str(caught.value).startswith(str(toy.suite / "equivalent.toml"))


@pytest.fixture(name="named")
def _named(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Assignment]]:
    """What the command line finds under any name."""
    chosen: list[Assignment] = []
    monkeypatch.setattr(assignments, "find", lambda name: chosen[0])
    yield chosen


@pytest.mark.parametrize(("equivalent", "code"), [([], 1), ([ALL[1]], 0)])
def test_exit_codes(
    tmp_path: Path, named: list[Assignment], equivalent: list[tuple[str, str]], code: int
) -> None:
    named.append(make(tmp_path, *equivalent))
    assert cli.run(["audit", "b3", "--jobs", "1", "--mutants"]) == code


def test_a_number_of_mutants_and_a_seed(
    tmp_path: Path, named: list[Assignment], capsys: pytest.CaptureFixture[str]
) -> None:
    named.append(make(tmp_path, ALL[1]))
    assert cli.run(["audit", "b3", "--jobs", "1", "--mutants", "1", "--seed", "3"]) == 0
    assert "of 1 (seed 3) lose points" in capsys.readouterr().out
    assert cli.run(["audit", "b3", "--mutants", "0"]) == 2
    assert "0 is not in the range" in capsys.readouterr().err
