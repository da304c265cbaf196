"""The audit on a toy assignment: what it holds, and what it says where a suite is not sound."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from grader import assignment as assignments
from grader import cli
from grader.assignment import Assignment
from grader.verdict import patches
from grader.verdict.audit import Report, audit
from grader.verdict.patches import BadPatch

TOML = """
id = "a9_toy"
title = "Toy"
student_files = ["src/work.py"]
[[parts]]
id = "a"
title = "Double"
points = 3
[[parts]]
id = "b"
title = "Negate"
points = 1
"""
WORK = '''
def double(x):
    """2 x."""
    # TODO(a): return 2 x.
    ### BEGIN SOLUTION
    y = 2 * x
    return y
    ### END SOLUTION


def negate(x):
    """-x."""
    # TODO(b): return -x.
    ### BEGIN SOLUTION
    return -x
    ### END SOLUTION
'''
SUITE = '''
import pytest


@pytest.mark.part("a")
@pytest.mark.points(2)
@pytest.mark.about("double")
def test_double(student):
    """Doubles."""
    assert student.work.double(3) == 6


@pytest.mark.slow
@pytest.mark.part("a")
@pytest.mark.points(1)
@pytest.mark.about("double")
def test_double_large(student):
    """Doubles large numbers."""
    assert student.work.double(10**9) == 2 * 10**9


@pytest.mark.part("b")
@pytest.mark.points(1)
@pytest.mark.about("negate")
def test_negate(student):
    """Negates."""
    assert student.work.negate(3) == -3
'''
MISTAKE = """
sentence = "It squares."
parts = ["a"]
[[change]]
file = "src/work.py"
function = "double"
replace = "2 * x"
by = "x * x"
"""
ONLY_LARGE = MISTAKE.replace("x * x", "2 * min(x, 100)") + "\n"
ALTERNATIVE = """
sentence = "It adds."
[[change]]
file = "src/work.py"
function = "double"
by = '''
return x + x
'''
"""


def make(folder: Path, **files: str) -> Assignment:
    """The toy assignment with these patches: {"mistakes/name": text}."""
    root = folder / "a9_toy"
    suite = folder / "grader" / "suites" / "a9_toy"
    for name, text in {"assignment.toml": TOML, "solution/work.py": WORK}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    for name, text in ({"test_work.py": SUITE} | files).items():
        (suite / name).parent.mkdir(parents=True, exist_ok=True)
        (suite / name).write_text(text)
    return assignments.read(root, folder)


def run(assignment: Assignment, **options) -> tuple[Report, list[str]]:
    printed = io.StringIO()
    console = Console(file=printed, width=300)
    report = audit(assignment, console=console, **({"jobs": 1} | options))
    return report, printed.getvalue().splitlines()


def test_a_sound_suite(tmp_path: Path) -> None:
    toy = make(
        tmp_path,
        **{
            "mistakes/square.toml": MISTAKE,
            "mistakes/large.toml": "slow = true\n" + ONLY_LARGE,
            "alternatives/add.toml": ALTERNATIVE,
        },
    )
    report, printed = run(toy, jobs=2)
    assert report.ok and bool(report)
    assert len(printed) == 1
    assert printed[0].startswith(
        "audit a9_toy: solution 4/4, skeleton 0, 2 of 2 mistakes caught, 1 of 1 alternatives full, "
    )


def test_what_is_not_caught_is_named(tmp_path: Path) -> None:
    toy = make(
        tmp_path,
        **{
            # only the slow test sees it, and the patch does not ask for that one
            "mistakes/large.toml": ONLY_LARGE,
            "mistakes/elsewhere.toml": MISTAKE.replace('["a"]', '["a", "b"]'),
            "alternatives/wrong.toml": ALTERNATIVE.replace("x + x", "x + 1"),
        },
    )
    report, printed = run(toy)
    assert not report.ok and not report
    assert printed[0] == "mistake elsewhere: not caught in part b: It squares."
    assert printed[1] == "mistake large: not caught in part a: It squares."
    assert printed[2].startswith("alternative wrong: no full marks: test_work.py::test_double")
    assert "0 of 2 mistakes caught, 0 of 1 alternatives full" in printed[3]


BOTH = """

@pytest.mark.part("a")
@pytest.mark.points(0.5)
@pytest.mark.about("negate")
def test_both(student):
    assert student.work.negate(student.work.double(7)) == -14
"""


def test_an_alternative_has_to_pass_what_calls_it_too(tmp_path: Path) -> None:
    suite = SUITE.replace("points(2)", "points(1.5)") + BOTH
    seven = ALTERNATIVE.replace("x + x", "x + x if x != 7 else 0")
    report, printed = run(make(tmp_path, **{"test_work.py": suite, "alternatives/7.toml": seven}))
    assert not report.ok and len(printed) == 2
    assert printed[0].startswith("alternative 7: no full marks: test_work.py::test_both")


def test_an_alternative_runs_the_tests_that_call_what_it_changes(tmp_path: Path) -> None:
    report, _ = run(make(tmp_path, **{"alternatives/add.toml": ALTERNATIVE}))
    solution, *_, alternative = report.findings
    names = ("test_double", "test_double_large", "test_negate")
    assert solution.passed == {f"test_work.py::{name}" for name in names}
    assert alternative.passed == {"test_work.py::test_double"}


@pytest.mark.slow
def test_a_full_audit_runs_the_slow_tests(tmp_path: Path) -> None:
    report, printed = run(make(tmp_path, **{"mistakes/large.toml": ONLY_LARGE}), full=True)
    assert report.ok
    assert "1 of 1 mistakes caught" in printed[-1]


def test_points_for_nothing_and_wrong_sums_are_named(tmp_path: Path) -> None:
    free = SUITE + (
        "\n\n@pytest.mark.part('b')\n@pytest.mark.points(2)\ndef test_there(student):\n"
        '    """Is there."""\n    student.work\n'
    )
    report, printed = run(make(tmp_path, **{"test_work.py": free}))
    assert not report.ok
    assert "part b: the suite has 3 points, but assignment.toml has 1" in printed[0]
    assert printed[-1].startswith("audit a9_toy: solution 6/4, skeleton 2")


UNMARKED = '''

@pytest.mark.part("b")
@pytest.mark.points(0.5)
@pytest.mark.about("negate")
def test_negate_twice(student):
    """Negates twice."""
    assert student.work.negate(student.work.negate(3)) == 3
'''


@pytest.mark.parametrize(
    ("suite", "said"),
    [
        (
            SUITE.replace('about("negate")', 'about("double")'),
            [
                "TODO double: points without it in tests about it: test_work.py::test_negate",
                "TODO negate: no test is about it",
            ],
        ),
        (
            SUITE.replace('points(1)\n@pytest.mark.about("negate")', "points(0.5)") + UNMARKED,
            ["TODO negate: tests that are not about it lose points: test_work.py::test_negate"],
        ),
    ],
)
def test_wrong_about_marks_are_named(tmp_path: Path, suite: str, said: list[str]) -> None:
    """Each function is left out in turn: its tests must lose their points, and no other."""
    report, printed = run(make(tmp_path, **{"test_work.py": suite}))
    assert not report.ok
    assert printed[:-1] == said


def test_a_patch_of_one_function_leaves_the_others_alone(tmp_path: Path) -> None:
    path = tmp_path / "add.toml"
    path.write_text(ALTERNATIVE)
    changed = patches.apply(patches.read(path), {"src/work.py": WORK.encode()})
    text = changed["src/work.py"].decode()
    assert "    ### BEGIN SOLUTION\n    return x + x\n    ### END SOLUTION\n" in text
    assert text.replace("    return x + x\n", "    y = 2 * x\n    return y\n") == WORK


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("2 * x", "3 * x", "p: src/work.py: '3 * x' occurs 0 times, not 1"),
        ("2 * x", "y", "p: src/work.py: 'y' occurs 2 times, not 1"),
        ('"double"', '"triple"', "p: src/work.py: there is no triple"),
        ("src/work.py", "src/other.py", "p: the solution has no src/other.py"),
        ("sentence", "sentense", "p.toml: 'sentense' is not a key: choose from"),
        ('sentence = "It squares."', "", "p.toml: Object missing required field `sentence`"),
        ('by = "x * x"', "", "p.toml: Object missing required field `by` - at `$.change[0]`"),
        ("[[change]]", "[[change", "p.toml: "),
    ],
)
def test_a_patch_that_does_not_fit(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = tmp_path / "p.toml"
    path.write_text(MISTAKE.replace(old, new))
    with pytest.raises(BadPatch) as caught:
        patches.apply(patches.read(path), {"src/work.py": WORK.encode()})
    assert str(caught.value).startswith(said)


def test_a_mistake_in_an_unknown_part(tmp_path: Path) -> None:
    toy = make(tmp_path, **{"mistakes/m.toml": MISTAKE.replace('["a"]', '["z"]')})
    with pytest.raises(assignments.UserError, match=r"mistakes/m.toml: parts \['z'\]: use a, b"):
        audit(toy)


BROKEN = (
    MISTAKE.replace("x * x", "2 *")
    + """
[[change]]
file = "src/work.py"
function = "negate"
by = "return x"
"""
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[change", "error: m.toml: "),
        (MISTAKE.replace('"x * x"', "3"), "error: m.toml: Expected `str`, got `int`"),
        (BROKEN, "error: m: src/work.py:6: invalid syntax"),
    ],
)
def test_an_unparsable_patch_is_one_line_and_code_2(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    text: str,
    message: str,
) -> None:
    """The audit once ended as the grader's own fault, with a traceback."""
    toy = make(tmp_path, **{"mistakes/m.toml": text})
    monkeypatch.setattr(assignments, "find", lambda name: toy)
    assert cli.run(["audit", "a9"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(message)
