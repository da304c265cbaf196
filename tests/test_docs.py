"""The documents are read: commands parse, links lead somewhere, tables and examples are true.

Covered: README.md, CONTRIBUTING.md, CHANGELOG.md, docs/*.md and each assignment's README.md.
"""

from __future__ import annotations

import importlib
import os
import re
import shlex
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

from grader import cli
from grader.assignment import CHECKOUT, Assignment, all_assignments
from grader.authoring import skeleton
from tests.flat import flat_imports

PATTERNS = ("*.md", "docs/*.md", "*/README.md", "*/results/README.md")
DOCUMENTS = sorted({path for pattern in PATTERNS for path in CHECKOUT.glob(pattern)})
HANDOUTS = [each for each in all_assignments() if (each.root / "README.md").exists()]

FENCE = re.compile(r"^(```+|~~~+) *(\w*)[^\n]*\n(.*?)^\1 *$", re.MULTILINE | re.DOTALL)
SHELLS = {"sh", "bash", "shell", "console"}
# Programs that are not ours: that they are spelt right is all that can be said here.
OTHERS = {"git", "source", "export", "mkdir", "pip", "sudo", "apt-get", "docker", "curl", "unzip"}
OTHERS |= {"tensorboard", "jupyter", "ls", "cat", "sh", "nice"}
OURS = re.compile(r"(\w+=\S+ +)*((\.venv/bin/)?(grader|python3?|pytest)|make)\b")
LINK = re.compile(r"!?\[[^\]]*\]\(<?([^)\s>]+)>?[^)]*\)|(?:src|srcset|href)=\"([^\"]+)\"")
TASK = re.compile(r"^\| \((\w+)\) \| (.*?) \| ([\d.]+) \|", re.MULTILINE)
TODO = re.compile(r'NotImplementedError\("TODO\((\w+)\): ([\w.]+)"\)')


@dataclass(frozen=True)
class Command:
    """One command line of a document, and the folder in which a reader types it."""

    document: str
    line: str
    folder: Path


def name(path: Path) -> str:
    return path.relative_to(CHECKOUT).as_posix()


def blocks(text: str) -> Iterator[tuple[str, str]]:
    """Each code block as (language, code); one that is indented has the language ""."""
    for fence in FENCE.finditer(text):
        yield fence[2], fence[3]
    indented = re.findall(r"(?:^ {4}.*\n)+", FENCE.sub("", text), flags=re.MULTILINE)
    yield from (("", re.sub(r"^ {4}", "", block, flags=re.MULTILINE)) for block in indented)


def commands(path: Path) -> list[Command]:
    """The command lines of a document's shell blocks, and those of ours in the others."""
    found = []
    for language, code in blocks(path.read_text(encoding="utf-8")):
        folder = path.parent if (path.parent / "run.py").exists() else CHECKOUT
        for line in code.replace("\\\n", " ").splitlines():
            line = line.removeprefix("$ ").strip()
            if line.startswith("cd "):
                folder = folder / line.split()[1]
            elif (language in SHELLS and line and line[0] != "#") or OURS.match(line):
                found.append(Command(name(path), line, folder))
    return found


def parse(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Raises where a program would refuse the line."""
    for part in re.split(r"\s(?:&&|\||;)\s", command.line):
        words = shlex.split(part, comments=True)
        while words and re.fullmatch(r"\w+=.*", words[0]):
            words.pop(0)
        program, arguments = words[0].removeprefix(".venv/bin/"), words[1:]
        if program == "grader":
            parse_grader(arguments)
        elif program == "make":
            parse_make(arguments)
        elif program in ("python", "python3"):
            parse_python(arguments, command.folder)
        elif program == "pytest":
            parse_pytest(arguments, command.folder)
        else:
            assert program in OTHERS, f"{program!r} is no program that the documents may name"


def parse_grader(arguments: list[str]) -> None:
    """By the command line's own parser; nothing is run."""
    if not arguments or arguments[0] in ("-h", "--help"):
        return
    verbs = cli.app.commands
    assert arguments[0] in verbs, f"{arguments[0]!r} is no verb: {', '.join(verbs)}"
    if not {"-h", "--help"} & set(arguments):
        verbs[arguments[0]].make_context(arguments[0], arguments[1:])


def parse_make(arguments: list[str]) -> None:
    makefile = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
    for word in arguments:
        variable = re.match(r"(\w+)=", word)
        if variable:
            assert re.search(rf"\$\({variable[1]}\)", makefile), f"the Makefile has no {word}"
        else:
            assert re.search(rf"^{re.escape(word)}:", makefile, re.MULTILINE), f"no target {word}"


def parse_python(arguments: list[str], folder: Path) -> None:
    if arguments[0] == "-m":
        assert importlib.util.find_spec(arguments[1]), f"there is no module {arguments[1]}"
        if arguments[1] == "pytest":
            parse_pytest(arguments[2:], folder)
        elif arguments[1] == "grader":
            parse_grader(arguments[2:])
    elif arguments[0] == "-c":
        compile(arguments[1], "-c", "exec")
    else:
        script = folder / arguments[0]
        assert script.is_file(), f"there is no file {script}"
        if script.name == "run.py" and not {"-h", "--help"} & set(arguments):
            parse_run(script, arguments[1:])


def parse_run(script: Path, arguments: list[str]) -> None:
    """By the parser of an assignment's run.py, whose flat imports leave no trace here."""
    with flat_imports(script.parent / "solution", script.parent / "given"):
        importlib.import_module("commands").parse(arguments)


def parse_pytest(arguments: list[str], folder: Path) -> None:
    for word in arguments:
        if "/" in word and not word.startswith("-"):
            assert (folder / word.split("::")[0]).exists(), f"there is no {word}"


COMMANDS = [command for path in DOCUMENTS for command in commands(path)]


def test_there_is_something_to_read() -> None:
    """The top README and a5's handout are among the documents, and have commands."""
    read = {command.document for command in COMMANDS}
    assert {"README.md", "a5_mingpt_perceiver/README.md"} <= read


@pytest.mark.parametrize("command", COMMANDS, ids=lambda each: f"{each.document}: {each.line}")
def test_every_command_line_parses(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a reader copies into a shell is accepted by the program's own parser."""
    try:
        parse(command, monkeypatch)
    except SystemExit as error:
        raise AssertionError(f"its parser refuses: {command.line}") from error


@pytest.mark.parametrize(
    "line",
    [
        "grader chek a5",
        "grader check a5 --parts e",
        "make greade",
        "make grade B=a5",
        "pytset",
        "python a5_mingpt_perceiver/run.py pretrain vanila",
        "python a5_mingpt_perceiver/run.py pretrain vanilla --pretrain_rate 1",
        "python a5_mingpt_perceiver/ruin.py",
    ],
)
def test_a_wrong_command_line_is_seen(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test above can fail: a slip in the verb, the flag, the target or the file is found."""
    with pytest.raises((AssertionError, SystemExit, click.UsageError)):
        parse(Command("here", line, CHECKOUT), monkeypatch)


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_every_link_leads_somewhere(path: Path) -> None:
    """Files, pictures and headings that a document points at are there."""
    dead = []
    for target in links(path):
        file, _, anchor = target.partition("#")
        place = (path.parent / file).resolve() if file else path
        found = place.exists() and place.is_relative_to(CHECKOUT)
        if found and anchor and place.suffix == ".md":
            found = anchor in headings(place)
        if not found:
            dead.append(target)
    assert not dead, f"{name(path)} points at what is not there: {', '.join(dead)}"


def links(path: Path) -> list[str]:
    """The relative targets of a document's links, outside its code."""
    text = FENCE.sub("", path.read_text(encoding="utf-8"))
    text = re.sub(r"`[^`\n]*`", "`code`", text)
    targets = [match[1] or match[2] for match in LINK.finditer(text)]
    return [target for target in targets if not re.match(r"[a-z]+:", target)]


def headings(path: Path) -> set[str]:
    """The anchors that GitHub makes of a document's headings."""
    text = FENCE.sub("", path.read_text(encoding="utf-8"))
    titles = re.findall(r"^#+ +(.*?) *$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("assignment", all_assignments(), ids=lambda each: each.id)
def test_every_assignment_has_a_handout(assignment: Assignment) -> None:
    """An assignment's folder has the README.md that its students read."""
    assert assignment in HANDOUTS


@pytest.mark.parametrize("assignment", HANDOUTS, ids=lambda each: each.id)
def test_the_table_of_tasks_is_that_of_the_grader(assignment: Assignment) -> None:
    """Ids and points in the handout's table are those of assignment.toml, in its order."""
    text = (assignment.root / "README.md").read_text(encoding="utf-8")
    rows = [(id, float(points)) for id, _, points in TASK.findall(text)]
    assert rows == [(part.id, part.points) for part in assignment.parts]


@pytest.mark.parametrize("assignment", HANDOUTS, ids=lambda each: each.id)
def test_the_table_of_tasks_names_what_is_to_be_written(assignment: Assignment) -> None:
    """Its files and functions are exactly those whose TODO stands in the skeleton."""
    text = (assignment.root / "README.md").read_text(encoding="utf-8")
    told = set()
    for task, cell, _ in TASK.findall(text):
        for line in cell.split("<br>"):
            file, *functions = re.findall(r"`([^`]+)`", line)
            told |= {(task, f"src/{file}", function) for function in functions}
    files = skeleton.build(assignment).items()
    assert told == {(task, file, what) for file, code in files for task, what in TODO.findall(code)}


@pytest.mark.parametrize("assignment", HANDOUTS, ids=lambda each: each.id)
def test_the_handouts_examples_are_what_the_solution_prints(assignment: Assignment) -> None:
    """Its `>>>` lines, run with the reference solution, give the lines below them."""
    handout = assignment.root / "README.md"
    if ">>> " not in handout.read_text(encoding="utf-8"):
        pytest.skip("it has no examples")
    paths = os.pathsep.join(map(str, (assignment.solution, assignment.given_folder, CHECKOUT)))
    done = subprocess.run(
        [sys.executable, "-m", "doctest", str(handout)],
        env=os.environ | {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "PYTHONUTF8": "1"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_no_document_has_stray_marks(path: Path) -> None:
    """No placeholder was left standing, every fence is closed, and no character is invisible."""
    text = path.read_text(encoding="utf-8")
    left = re.findall(r"\b(?:TBD|FIXME|XXX|LOREM|[A-Z]+-TABLE)\b", text)
    assert not left, f"{name(path)} still says {', '.join(left)}"
    assert len(re.findall(r"^(?:```|~~~)", text, flags=re.MULTILINE)) % 2 == 0
    odd = {char for char in text if unicodedata.category(char) in ("Cf", "Co", "Cn")}
    assert not odd, f"{name(path)} has {', '.join(map(repr, sorted(odd)))}"
