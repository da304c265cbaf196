"""The corpus of attacks: reads attacks/ and archives/, and builds submissions of them.

An attack is a small file whose docstring says what it tries and what becomes of it:

    \"\"\"Leaves with exit code 0 while it is imported.

    layer: own process
    outcome: crash
    plain: forges
    \"\"\"

`layer` is what stops it. `outcome` is how a test ends that ended otherwise without the attack, or
"as without it". `plain` is what it does to the plain harness (plain/harness.py): "forges" a grade,
does "nothing", or is "not run" there. The code goes to the end of the wrong solution's work.py;
what follows a line `# file: NAME` goes to that file of the submission instead. An attack that
reaches what it must not reach prints ESCAPED.

Attacks on grafting (grafts/) are on another toy, chain/, whose functions rest on one another; their
code goes to the end of the wrong work's chain.py.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

from grader.assignment import Assignment, Part
from grader.boundary.limits import Limits

HERE = Path(__file__).resolve().parent
COURSE = HERE / "course"
CHAIN_COURSE = HERE / "chain"
AS_WITHOUT = "as without it"
BASELINE = 3.0  # points of the wrong solution, of 10, on either toy
ESCAPED = b"ESCAPED"
# What hidden inputs bear (suite/test_toy.py); no result may show it.
MARKS = ("CANARY", "867530912")
# What only an attack hands in: modules that would stand before others on the path.
EXTRA = ("conftest", "grader", "json", "msgpack", "numpy", "pytest", "reference", "sitecustomize")

TOY = Assignment(
    id="toy",
    title="A toy course",
    root=COURSE,
    student_files=("src/work.py",),
    optional_files=(*(f"src/{name}.py" for name in (*EXTRA, "torch", "usercustomize")), "*.txt"),
    parts=(Part("a", "Functions", 3), Part("b", "A model", 6), Part("c", "Labels", 1)),
    limits=Limits(memory_mb=512, call_seconds=3.0, total_seconds=9.0, threads=1, disk_mb=16),
    given=("src/given.py",),
    suite=COURSE / "suite",
)
CHAIN = Assignment(
    id="chain",
    title="A toy of functions that rest on one another",
    root=CHAIN_COURSE,
    student_files=("src/chain.py", "src/head.py"),
    optional_files=TOY.optional_files,
    parts=(Part("a", "Scale", 2), Part("b", "Mix", 5), Part("c", "Head", 3)),
    limits=replace(TOY.limits, call_seconds=1.0, total_seconds=6.0),
    suite=CHAIN_COURSE / "suite",
)
REFERENCE_MARK = "orchid"  # a name in each function of the chain's solution, and nowhere else
# What is handed in to the toy may be a notebook too, although its solution is not written as one.
HANDED_IN = replace(TOY, notebook_file="src/work.py")


@dataclass(frozen=True)
class Attack:
    """One attack and what is known of it."""

    name: str
    summary: str
    layer: str
    outcome: str
    plain: str
    source: str = ""  # of an attack by code
    build: Callable[[Path], Path] | None = None  # of an attack by archive: writes it to a folder
    course: Path = COURSE

    @property
    def files(self) -> dict[str, str]:
        """{name: text} of the submission of an attack by code."""
        first, others = _split(self.source)
        wrong = sorted((self.course / "wrong").glob("*.py"))
        files = {f"src/{path.name}": path.read_text(encoding="utf-8") for path in wrong}
        name = next(iter(files))
        return files | {name: f"{files[name]}\n\n{first}"} | others

    def write(self, folder: Path) -> Path:
        """Writes the submission below `folder`; where it lies."""
        if self.build is not None:
            return self.build(folder)
        for name, text in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return folder


@dataclass(frozen=True)
class Cheater:
    """The most points for the least work, on one assignment, by code that computes nothing."""

    assignment: str
    summary: str
    points: float  # that it gets, and no more
    files: dict[str, str]


def cheaters() -> list[Cheater]:
    """The cheaters/*.py, each named as its assignment.

    Its docstring says what earns the points and has a line `points: 3`; the submission's files
    follow, each after a line `# file: NAME`.
    """
    return [_cheater(path) for path in sorted((HERE / "cheaters").glob("*.py"))]


def _cheater(path: Path) -> Cheater:
    first, files = _split(path.read_text(encoding="utf-8"))
    summary, _, rest = (ast.get_docstring(ast.parse(first)) or "").partition("\n\n")
    points = float(rest.removeprefix("points: "))
    return Cheater(path.stem, summary, points, files)


def _split(source: str) -> tuple[str, dict[str, str]]:
    """What stands before the first line `# file: NAME`, and {NAME: text} of what follows each."""
    first, *others = source.split("\n# file: ")
    named = (other.partition("\n") for other in others)
    return first, {name: text for name, _, text in named}


def attacks() -> list[Attack]:
    """All attacks by code on the first toy, by name."""
    return [_read(path) for path in sorted((HERE / "attacks").glob("*.py"))]


def grafted() -> list[Attack]:
    """All attacks on grafting, by name; then those whose text is made."""
    from tests.hostile.archives import grafts

    paths = sorted((HERE / "grafts").glob("*.py"))
    return [replace(each, course=CHAIN_COURSE) for each in (*map(_read, paths), *_built(grafts))]


def archives() -> list[Attack]:
    """All attacks by archive, in the order of the modules in archives/."""
    from tests.hostile.archives import folders, notebooks, sources, tars, zips

    return [each for module in (zips, tars, folders, sources, notebooks) for each in _built(module)]


def _built(module: ModuleType) -> list[Attack]:
    return [
        Attack(name, **_header(inspect.getdoc(function) or ""), build=function)
        for name, function in vars(module).items()
        if inspect.isfunction(function) and function.__module__ == module.__name__
        if not name.startswith("_")
    ]


def _read(path: Path) -> Attack:
    source = path.read_text(encoding="utf-8")
    return Attack(path.stem, **_header(ast.get_docstring(ast.parse(source)) or ""), source=source)


def _header(docstring: str) -> dict[str, str]:
    """The fields of an attack's docstring; ValueError where one is missing or unknown."""
    summary, _, rest = docstring.partition("\n\n")
    fields = dict(line.split(": ", 1) for line in rest.splitlines() if line)
    if set(fields) != {"layer", "outcome", "plain"} or "\n" in summary:
        raise ValueError(f"{summary!r} has the fields {sorted(fields)}")
    if fields["plain"] not in ("forges", "nothing", "not run"):
        raise ValueError(f"{summary!r}: plain is {fields['plain']!r}")
    return {"summary": summary, **fields}
