"""How long the commands take that look at a whole class, and how much memory.

    python benchmarks/ledger.py                                      # 10,000 students, minutes
    python benchmarks/ledger.py --students 500 --assignments a1 a5
    python benchmarks/ledger.py --folder large                       # the class stays in there

The class is a made one (made_ledger.py). Each command is a process of its own, its start included:
`wall_seconds` on the clock, `processor_seconds` of its own work, which other work on the machine
hardly changes, and the most memory that its largest process had. The pages are written into an
empty folder. A class that is in --folder already is measured again. The last line is one JSON
object.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from made_ledger import make

from course.cli import add_flag, check, new_parser, positive
from course.devices import hardware
from course.errors import UserError, run_main
from grader.assignment import CHECKOUT, find, names
from grader.classroom import course_file
from grader.classroom.course_file import Course
from grader.classroom.ledger import Ledger
from grader.report.words import points

# Runs a command from a small process: a child begins with its parent's peak of memory.
MEASURED = """
import json, resource, subprocess, sys, time
started = time.monotonic()
code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL)
wall, used = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([code, wall, used.ru_utime + used.ru_stime, used.ru_maxrss]))
"""
MIB = 2**20


def main(argv: Sequence[str] | None = None) -> int:
    args = parse(argv)
    with tempfile.TemporaryDirectory() as scratch:
        folder = args.folder or Path(scratch) / "large"
        course = opened(folder, args)
        figures: dict[str, object] = size(course)
        print(", ".join(f"{name} {value}" for name, value in figures.items()), flush=True)
        print(f"{'command':<22}{'wall s':>8}{'processor s':>13}{'MiB':>7}")
        commands = {}
        for name, arguments in commands_of(course, Path(scratch)).items():
            commands[name] = measured([*arguments, "--class", str(course.folder)])
            wall, processor, memory = commands[name].values()
            print(f"{name:<22}{wall:>8.1f}{processor:>13.1f}{memory:>7}", flush=True)
        pages = sorted((course.folder / "pages" / "staff").glob("*.html"))
        figures["largest_page_mib"] = round(max(p.stat().st_size for p in pages) / MIB, 2)
    print(json.dumps(figures | {"commands": commands, "hardware": hardware()}))
    return 0


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = new_parser(__doc__)
    add_flag(parser, "students", 10_000, "in the roster")
    add_flag(parser, "seed", 0, "of the draw")
    parser.add_argument("--assignments", nargs="+", default=names(), metavar="NAME")
    parser.add_argument("--folder", type=Path, metavar="DIR", help="where the class stays")
    args = parser.parse_args(argv)
    check(args, {"students": positive(100_000)})
    args.assignments = [find(name).id for name in args.assignments]
    return args


def opened(folder: Path, args: argparse.Namespace) -> Course:
    """The class in a folder, which is made if there is none."""
    if not (folder / course_file.FILE).is_file():
        if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
            raise UserError(f"--folder {folder} is no class: name a class's folder, or a new one")
        make(folder, args.assignments, args.students, args.seed)
    return course_file.read(folder)


def size(course: Course) -> dict[str, object]:
    """How large a class is."""
    with Ledger.open(course.ledger_path) as ledger:
        return {
            "students": len(ledger.students()),
            "assignments": len(course.assignments),
            "submissions": ledger.count(),
            "ledger_mib": round(course.ledger_path.stat().st_size / MIB, 1),
        }


def commands_of(course: Course, scratch: Path) -> dict[str, list[str]]:
    """The commands' arguments; what they need is made, and what they wrote before is removed."""
    first, pages = course.assignments[0].id, course.folder / "pages"
    shutil.rmtree(pages, ignore_errors=True)
    fill, out = str(canvas(course, scratch)), str(scratch / "canvas.csv")
    return {
        "status": ["status"],
        "export csv": ["export", "csv", str(scratch / "grades.csv")],
        "export canvas": ["export", "canvas", out, "--assignment", first, "--fill", fill],
        "report": ["report", "--out", str(pages)],
        "report --students": ["report", "--out", str(pages), "--students"],
    }


def canvas(course: Course, scratch: Path) -> Path:
    """A gradebook that Canvas could have exported, with no grade in it."""
    rules = course.assignments[0]
    with Ledger.open(course.ledger_path) as ledger:
        students = ledger.students()
    rows = [
        f"Student,ID,SIS User ID,SIS Login ID,Section,{rules.id} (1234)",
        f"    Points Possible,,,,,{points(rules.assignment.points)}",
        *(f"{s.name},{n},{s.id},{s.email},{s.section}," for n, s in enumerate(students, 10**6)),
    ]
    path = scratch / "template.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def measured(arguments: list[str]) -> dict[str, float]:
    """What a `grader class` command takes; UserError if it fails."""
    command = [sys.executable, "-m", "grader", "class", *arguments]
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", MEASURED, *command],
        env=os.environ | {"PYTHONPATH": str(CHECKOUT)},
        stdout=subprocess.PIPE,
        check=True,
    )
    code, wall, processor, memory = json.loads(done.stdout)
    if code:
        raise UserError(f"grader class {' '.join(arguments)} ended with exit code {code}")
    seconds = {"wall_seconds": round(wall, 2), "processor_seconds": round(processor, 2)}
    return {**seconds, "mib": round(memory * 1024 / MIB)}


if __name__ == "__main__":
    sys.exit(run_main(main))
