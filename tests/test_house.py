"""The house rules: which folder may import which, how long a module is, what is pinned."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from grader.assignment import Assignment, all_assignments

ROOT = Path(__file__).resolve().parents[1]
ASSIGNMENTS = sorted(path.parent.name for path in ROOT.glob("*/assignment.toml"))
PACKAGES = ["course", "grader", *ASSIGNMENTS]


def _files(folder: Path) -> list[Path]:
    hidden = {"mistakes", "alternatives"}  # submissions, not modules of ours
    return sorted(p for p in folder.rglob("*.py") if not hidden & set(p.relative_to(ROOT).parts))


def _module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def _imports(path: Path) -> set[str]:
    """Every dotted name that a file imports, at its top or in a function."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            found |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    return found


def _ours(path: Path) -> set[str]:
    return {name for name in _imports(path) if name.split(".")[0] in PACKAGES}


MODULES = {_module(p): p for package in ("course", "grader") for p in _files(ROOT / package)}
GRAPH = {
    name: {target for target in _ours(path) if target in MODULES and target != name}
    for name, path in MODULES.items()
}


def _offenders(files: list[Path], forbidden: tuple[str, ...]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in files
        for name in sorted(_imports(path))
        if name.split(".")[0] in forbidden
    ]


def test_there_is_something_to_read() -> None:
    """The tests below would pass on an empty project."""
    assert "grader.boundary.inside.worker" in MODULES
    assert "grader.boundary.wire" in GRAPH["grader.boundary.inside.worker"]
    assert ASSIGNMENTS


def test_course_never_imports_the_grader_or_an_assignment() -> None:
    assert _offenders(_files(ROOT / "course"), ("grader", *ASSIGNMENTS)) == []


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_an_assignment_imports_neither_another_nor_the_grader(assignment: str) -> None:
    others = tuple(name for name in ASSIGNMENTS if name != assignment)
    files = [p for p in _files(ROOT / assignment) if "tests" not in p.parts]
    assert _offenders(files, ("grader", *others)) == []


@pytest.mark.parametrize("assignment", all_assignments(), ids=lambda each: each.id)
def test_src_and_solution_hold_only_what_students_edit(assignment: Assignment) -> None:
    """A newcomer could not tell the student's files from the given ones, which stood twice."""
    for folder in (assignment.src, assignment.solution):
        files = {f"src/{path.relative_to(folder).as_posix()}" for path in folder.rglob("*.py")}
        assert files == set(assignment.student_files)


INSIDE = sorted(path.stem for path in (ROOT / "grader" / "boundary" / "inside").glob("*.py"))
SUITE_PROBES = sorted((ROOT / "grader" / "suites").glob("*/probes.py"))
PARSERS = ["contents", "archive", "tar", "notebook", "sources", "graft"]


@pytest.mark.parametrize("name", INSIDE)
def test_what_runs_inside_imports_only_the_wire_and_torch(name: str) -> None:
    path = ROOT / "grader" / "boundary" / "inside" / f"{name}.py"
    inside = {"grader.boundary", "grader.boundary.inside", "grader.boundary.wire"}
    inside |= {"grader.boundary.channel"}
    inside |= {f"grader.boundary.inside.{each}" for each in INSIDE}
    assert {each for each in _ours(path) if each in MODULES} <= inside
    assert _third_party(path) <= {"torch", "numpy"}


@pytest.mark.parametrize("path", SUITE_PROBES, ids=_module)
def test_a_suites_probes_import_only_what_runs_inside(path: Path) -> None:
    """They run in the worker, next to student code, and none of the suite is there."""
    inside = ("grader.boundary.inside",)
    assert [name for name in _ours(path) if not name.startswith(inside)] == []
    assert _third_party(path) <= {"torch", "numpy"}


def test_the_wire_imports_nothing_of_ours() -> None:
    path = ROOT / "grader" / "boundary" / "wire.py"
    assert _ours(path) == set()
    assert _third_party(path) <= {"torch", "msgpack", "numpy"}


@pytest.mark.parametrize("path", _files(ROOT / "grader" / "boundary"), ids=_module)
def test_the_boundary_imports_nothing_of_ours_from_outside_it(path: Path) -> None:
    assert all(name.startswith("grader.boundary") for name in _ours(path))


@pytest.mark.parametrize("name", PARSERS)
def test_what_parses_a_submission_needs_only_pythons_own_library(name: str) -> None:
    """It runs in a worker, which holds these modules and no others of ours; at its top, that is."""
    path = ROOT / "grader" / "intake" / f"{name}.py"
    allowed = {"grader.intake", "grader.errors", *(f"grader.intake.{each}" for each in PARSERS)}
    assert GRAPH[f"grader.intake.{name}"] <= allowed
    assert _third_party(path) <= {"numpy"}
    top = ast.parse(path.read_text(encoding="utf-8")).body
    imports = [node for node in top if isinstance(node, ast.Import | ast.ImportFrom)]
    assert "numpy" not in re.findall(r"\w+", " ".join(map(ast.unparse, imports)))


# Which folder of grader may import which: the rows of CONTRIBUTING's table.
FOLDERS = {
    "boundary": (),
    "intake": ("boundary",),
    "authoring": (),
    "verdict": ("boundary", "intake", "authoring"),
    "report": ("verdict",),
    "classroom": ("boundary", "intake", "authoring", "verdict", "report"),
    "suites": ("boundary",),
}


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_imports_only_the_folders_below_it(folder: str) -> None:
    """Any of them may import a module at the top of grader, such as errors, but not cli."""
    imported = {
        f"{target}.".split(".")[1]
        for name, targets in GRAPH.items()
        for target in targets
        if name.startswith(f"grader.{folder}.")
    }
    limited = FOLDERS.keys() | {"cli"}
    assert imported & limited <= {folder, *FOLDERS[folder]}


def _third_party(path: Path) -> set[str]:
    import sys

    tops = {name.split(".")[0] for name in _imports(path)}
    return tops - set(sys.stdlib_module_names) - set(PACKAGES) - {"__future__", ""}


def test_reports_know_the_score_model_and_nothing_else() -> None:
    for path in _files(ROOT / "grader" / "report"):
        allowed = ("grader.verdict.result", "grader.report", "grader.verdict")
        names = {name for name in _ours(path) if not name.startswith(allowed)}
        assert names == set(), path
        assert not any(
            name.startswith("grader.verdict.") and not name.startswith("grader.verdict.result")
            for name in _ours(path)
        ), path


def test_only_the_boundary_starts_student_code() -> None:
    """Nobody else forks a worker or imports the modules that run inside."""
    inside = {
        f"grader.boundary.inside.{name}" for name in ("worker", "zygote", "lockdown", "syscalls")
    }
    outside = {name for name in GRAPH if not name.startswith("grader.boundary")}
    assert {name: GRAPH[name] & inside for name in outside if GRAPH[name] & inside} == {}


def test_no_circle() -> None:
    """A module that imports itself through others, named with its way round."""
    done: set[str] = set()

    def walk(name: str, way: tuple[str, ...]) -> None:
        assert name not in way, f"circle: {' -> '.join([*way[way.index(name) :], name])}"
        if name in done:
            return
        for target in sorted(GRAPH[name]):
            if MODULES[target].name != "__init__.py":
                walk(target, (*way, name))
        done.add(name)

    for name in sorted(GRAPH):
        walk(name, ())


# A notebook in the percent format is one file by its nature.
LONG = {f"a1_makemore/{folder}/makemore.py" for folder in ("solution", "src")}
SKIP = "# fmt" + ": skip"  # in two pieces, so that this line is not counted
OURS = [path for folder in (*PACKAGES, "benchmarks", "tests") for path in _files(ROOT / folder)]


def test_no_module_is_over_300_lines() -> None:
    """One idea a module: a longer one holds two."""
    lengths = {str(p.relative_to(ROOT)): len(p.read_text("utf-8").splitlines()) for p in OURS}
    assert {name: n for name, n in lengths.items() if n > 300 and name not in LONG} == {}


def test_the_formatter_is_switched_off_for_a_few_tables_only() -> None:
    """A statement that ruff formats badly is too long; a table may lose its columns."""
    skips = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in OURS
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if SKIP in line
    ]
    assert len(skips) <= 5, "\n".join(skips)


def test_the_constraints_pin_every_dependency() -> None:
    """A dependency without an exact tested version would make two machines differ."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["dev"]
    pinned = {
        line.split("==")[0].lower().replace("_", "-")
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if "==" in line
    }
    assert {name.split(">=")[0].lower() for name in wanted} - pinned == set()
