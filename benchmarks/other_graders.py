"""How fast otter-grader and nbgrader grade notebooks of a1, and which hostile ones they believe.

    python benchmarks/other_graders.py --venv ../others
    python benchmarks/other_graders.py --venv ../others --notebooks 6

Both pin packages of their own, so they have an environment of their own: --venv names the folder,
which is made with pip if it does not exist. Fifty notebooks: the suite's mistakes and alternatives,
and hostile ones, which are the *skeleton* with an attack, so that every point is forged. otter
(`otter run`, one notebook after another, as its own container does) and nbgrader (`nbgrader
autograde`, all of them) run a1's public tests; this grader (`grader class grade --jobs 1`) runs the
hidden ones, which are more, in its sandbox. Seconds are wall-clock time, one thread each, in turn.
The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import venv
import zipfile
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import nbformat

from course.cli import add_flag, check, new_parser, positive
from course.devices import hardware
from course.errors import UserError, run_main
from grader.assignment import CHECKOUT, Assignment, find
from grader.authoring import notebook
from grader.classroom.ledger import Ledger
from grader.intake.submission import Tree, take

# benchmarks/class.py, whose name is a word of Python's.
classes = import_module("class")

PACKAGES = (
    "otter-grader==7.0.0",
    "nbgrader==0.9.6",
    "torch==2.13.0",
    "numpy",
    "ipykernel",
    "pytest",
)
PROBLEM = "problem"  # nbgrader's name of the notebook
LAST = "import sys\nimport torch\n"
# Goes to the end of the skeleton, in which no function is written.
FORGERIES = {
    "replaces the tests": LAST + "import notebook_tests\nnotebook_tests.run = lambda *a: None",
    "finds the tests on the stack": LAST
    + "class Any:\n    def __getattr__(self, name):\n        return self\n"
    "    def __call__(self, *a, **k):\n        return self\n"
    "import importlib.util\n_make = importlib.util.module_from_spec\n"
    "def _patched(spec):\n    module = _make(spec)\n    load = spec.loader.exec_module\n"
    "    def empty(module):\n        load(module)\n"
    "        [setattr(module, n, lambda *a: None) for n in vars(module).copy() if 'test' in n]\n"
    "    spec.loader.exec_module = empty\n    return module\n"
    "importlib.util.module_from_spec = _patched",
    "leaves": LAST + "import os\nos._exit(0)",
    "equals everything": LAST + "torch.equal = torch.allclose = lambda *a, **k: True",
}
HOSTILE_SHARE = 0.2
Tests = list[tuple[str, str, float]]  # (module, function, points)


def main(argv: Sequence[str] | None = None) -> int:
    args = parse(argv)
    assignment, draw = find("a1_makemore"), random.Random(args.seed)
    bin_ = installed(args.venv)
    trees = made(assignment, args.notebooks, draw)
    tests = public_tests(assignment)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        notebooks = {f"s{n:03}": as_notebook(tree) for n, tree in enumerate(trees)}
        runs = {
            "grader": ours(root / "grader", assignment, trees),
            "otter": otter(root / "otter", bin_, notebooks, tests),
            "nbgrader": nbgrader(root / "nbgrader", bin_, assignment, notebooks, tests),
        }
    result = {"notebooks": len(trees), "public tests": len(tests), "hardware": hardware()}
    print(json.dumps(result | {name: summary(trees, *run) for name, run in runs.items()}))
    return 0


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = new_parser(__doc__)
    words = "the others' environment"
    parser.add_argument("--venv", type=Path, required=True, metavar="DIR", help=words)
    add_flag(parser, "notebooks", 50, "to grade, a fifth of them hostile")
    add_flag(parser, "seed", 0, "of the draw")
    args = parser.parse_args(argv)
    check(args, {"notebooks": positive(10_000)})
    return args


def installed(folder: Path) -> Path:
    """The commands of the others' environment, which is made if the folder does not exist."""
    if not folder.exists():
        print(f"installing {', '.join(PACKAGES)} into {folder}", file=sys.stderr)
        try:
            venv.create(folder, with_pip=True)
        except (OSError, subprocess.CalledProcessError) as error:
            reason = getattr(error, "strerror", None) or error
            raise UserError(f"--venv {folder} cannot be made: {reason}") from None
        command = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", *PACKAGES]
        if subprocess.run(command, check=False).returncode:
            raise UserError(f"pip cannot install them; remove {folder} before another try")
    if not (folder / "bin" / "otter").exists():
        raise UserError(f"--venv {folder} has no otter: name one that has, or a new folder")
    return folder.resolve() / "bin"


def made(assignment: Assignment, count: int, draw: random.Random) -> list[Tree]:
    """The notebooks' modules: mistakes and alternatives, and the skeleton with each attack."""
    hostile = max(1, round(HOSTILE_SHARE * count))
    honest = [t for t in classes.made(assignment, 2 * count, draw) if t.name[0] not in "/"]
    skeleton = take(assignment.root / "src", assignment)
    (name,) = assignment.student_files
    forged = [
        skeleton.altered(attack, {name: skeleton.files[name] + f"\n\n# %%\n{code}\n".encode()})
        for attack, code in FORGERIES.items()
    ]
    known = tuple(classes.HOSTILE)
    honest = [tree for tree in honest if not tree.name.startswith(known)]
    return [*honest[: count - hostile], *classes.drawn(forged, hostile, draw)]


def as_notebook(tree: Tree) -> Any:
    """The tree's module as a notebook."""
    (text,) = tree.files.values()
    return nbformat.reads(notebook.from_source(text.decode(), tree.name), as_version=4)


def public_tests(assignment: Assignment) -> Tests:
    """The public tests, but for those that call a probe of this grader's."""
    found = []
    for path in sorted(assignment.tests.glob("test_*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if not isinstance(node, ast.FunctionDef) or "student.probe" in ast.unparse(node):
                continue
            if node.name.startswith("test_"):
                points = [float(d.args[0].value) for d in node.decorator_list if _is_points(d)]
                found.append((path.stem, node.name, points[0] if points else 1.0))
    return found


def _is_points(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".points")


Run = tuple[float, dict[int, float]]  # seconds, and the share of all points of each notebook


def ours(folder: Path, assignment: Assignment, trees: Sequence[Tree]) -> Run:
    course = classes.make_class(folder, assignment, trees)
    seconds = classes.timed(classes.class_command(course, jobs=1))
    with Ledger.open(course.ledger_path) as ledger:
        owners = {each.sha256: int(each.owner[1:]) for each in ledger.attempts()}
        shares = {owners[g.sha256]: g.earned / g.possible for g in ledger.gradings()}
    return seconds, shares


def otter(folder: Path, bin_: Path, notebooks: dict[str, Any], tests: Tests) -> Run:
    """`otter run` of each notebook, with exception-based tests."""
    folder.mkdir()
    archive = folder / "autograder.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("otter_config.json", json.dumps({"lang": "python", "pdf": False}))
        for module, name, points in tests:
            file.writestr(f"tests/{module}_{name}.py", otter_test(module, name, points))
    shares, started = {}, time.monotonic()
    for number, (name, own) in enumerate(notebooks.items()):
        place = folder / name
        place.mkdir()
        nbformat.write(own, place / "makemore.ipynb")
        command = [bin_ / "otter", "run", "--no-logo", "-a", archive, "-o", place]
        run([*command, place / "makemore.ipynb"], place, bin_)
        result = place / "results.json"
        rows = json.loads(result.read_text())["tests"] if result.exists() else []
        rows = [row for row in rows if "score" in row and row.get("max_score")]
        shares[number] = sum(row["score"] for row in rows) / sum(p for *_, p in tests)
    return time.monotonic() - started, shares


def otter_test(module: str, name: str, points: float) -> str:
    return (
        "OK_FORMAT = False\n"
        "from otter.test_files import test_case\n"
        f"name = '{module}_{name}'\npoints = {points}\n\n"
        "@test_case(points=None, hidden=False)\n"
        f"def test_it(env):\n    import notebook_tests\n"
        f"    notebook_tests.run('{module}', '{name}', env)\n"
    )


def nbgrader(
    folder: Path, bin_: Path, assignment: Assignment, notebooks: dict[str, Any], tests: Tests
) -> Run:
    """`nbgrader autograde` of all notebooks, each with a locked cell for each test."""
    source = folder / "source" / "a1"
    source.mkdir(parents=True)
    config = "c = get_config()\nc.CourseDirectory.course_id = 'course'\n"
    (folder / "nbgrader_config.py").write_text(config)
    cells = [nbgrader_cell(*test) for test in tests]
    skeleton = take(assignment.root / "src", assignment)
    nbformat.write(with_cells(as_notebook(skeleton), cells), source / f"{PROBLEM}.ipynb")
    run([bin_ / "nbgrader", "generate_assignment", "a1", "--force"], folder, bin_)
    for name, own in notebooks.items():
        place = folder / "submitted" / name / "a1"
        place.mkdir(parents=True)
        nbformat.write(with_cells(own, cells), place / f"{PROBLEM}.ipynb")
    started = time.monotonic()
    run([bin_ / "nbgrader", "autograde", "a1", "--create"], folder, bin_)
    seconds = time.monotonic() - started
    ask = (
        "import json\nfrom nbgrader.api import Gradebook\n"
        "with Gradebook('sqlite:///gradebook.db') as book:\n"
        "    rows = {s.student.id: s.score for s in book.assignment_submissions('a1')}\n"
        "print(json.dumps(rows))\n"
    )
    done = run([bin_ / "python", "-c", ask], folder, bin_)
    scores = json.loads(done.stdout.splitlines()[-1])
    total = sum(points for *_, points in tests)
    return seconds, {n: scores.get(name, 0.0) / total for n, name in enumerate(notebooks)}


def nbgrader_cell(module: str, name: str, points: float) -> Any:
    code = f"import notebook_tests\nnotebook_tests.run('{module}', '{name}', globals())"
    cell = nbformat.v4.new_code_cell(code, id=name.replace("_", "-")[:60])
    cell.metadata["nbgrader"] = {
        "grade": True,
        "grade_id": f"{module}_{name}",
        "locked": True,
        "points": points,
        "schema_version": 3,
        "solution": False,
        "task": False,
    }
    return cell


def with_cells(own: Any, cells: Sequence[Any]) -> Any:
    book = nbformat.from_dict(own)
    book.cells = [*own.cells, *cells]
    return book


def run(command: Sequence[Any], folder: Path, bin_: Path) -> subprocess.CompletedProcess[str]:
    """One of the others' commands; what it says is kept from the terminal."""
    environment = os.environ | {
        "PATH": f"{bin_}:{os.environ['PATH']}",
        "PYTHONPATH": str(Path(__file__).resolve().parent),
        "A1_TESTS": str(CHECKOUT / "a1_makemore" / "tests"),
        "OMP_NUM_THREADS": "1",
    }
    return subprocess.run(
        [*map(str, command)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def summary(trees: Sequence[Tree], seconds: float, shares: dict[int, float]) -> dict[str, Any]:
    """Notebooks a second, and the forgeries that got every point, or some."""
    forged = {
        tree.name: round(shares.get(number, 0.0), 3)
        for number, tree in enumerate(trees)
        if tree.name in FORGERIES
    }
    return {
        "seconds": round(seconds, 1),
        "per_second": round(len(trees) / seconds, 3),
        "full marks": sorted(name for name, share in forged.items() if share >= 1),
        "shares of the forgeries": forged,
    }


if __name__ == "__main__":
    sys.exit(run_main(main))
