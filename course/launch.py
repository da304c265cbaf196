"""How run.py starts: it puts its folders on the path, then calls the commands in given/.

    from course.launch import launch
    launch(__file__)

Modules are imported flat (`from model import GPT`), as in the published skeletons: first from the
student's `src/`, or with --solution from `solution/`, then from `given/`. So a submission with
its own trainer.py in src/ runs with that.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from course.errors import UserError, run_main


def launch(script: str) -> NoReturn:
    """Run the commands of the assignment whose run.py is `script`, and exit with their code."""
    root = Path(script).resolve().parent

    def main(argv: Sequence[str] | None) -> int:
        put_on_path(root, _solution_asked(argv))
        code: int = importlib.import_module("commands").main(argv)
        return code

    sys.exit(run_main(main, sys.argv[1:]))


def put_on_path(root: Path, solution: bool = False) -> None:
    """Put `src/` or `solution/`, then `given/`, first on the module search path.

    Raises UserError if the assignment in `root` lacks one of them.
    """
    folders = [source_folder(root, solution), root / "given"]
    for folder in folders:
        if not folder.is_dir():
            raise UserError(f"{folder} is not a folder: it must hold the modules to run")
    entries = list(map(str, folders))
    sys.path[:] = entries + [entry for entry in sys.path if entry not in entries]


def source_folder(root: Path, solution: bool) -> Path:
    """The folder of the modules that students edit, or of the reference's."""
    return root.resolve() / ("solution" if solution else "src")


def code_digest(root: Path, solution: bool) -> str:
    """A digest of the code that runs, so that runs of different code are never mixed."""
    total = hashlib.sha256()
    for folder in (source_folder(root, solution), root / "given"):
        for path in sorted(folder.glob("*.py")):
            total.update(path.name.encode() + b"\0" + path.read_bytes())
    return total.hexdigest()[:12]


def _solution_asked(argv: Sequence[str] | None) -> bool:
    """Whether --solution is among the flags; the commands' own parser is imported later."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--solution", action="store_true")
    return bool(parser.parse_known_args(argv)[0].solution)
