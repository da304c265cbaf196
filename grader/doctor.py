"""What this machine has for the course, and one line of advice for each thing that it lacks."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from course import data
from course.errors import UserError, one_line
from course.registry import DATASETS, DataSet

OLDEST_PYTHON = (3, 11)
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


class State(StrEnum):
    """How much a finding matters."""

    GOOD = "ok"
    LACKING = "lacking"  # the course works without it, with less
    BROKEN = "broken"  # the course does not work without it


@dataclass(frozen=True)
class Finding:
    """One thing that was looked for."""

    name: str
    state: State
    found: str
    advice: str = ""


STYLES = {State.GOOD: "green", State.LACKING: "yellow", State.BROKEN: "bold red"}


def examine() -> list[Finding]:
    """All findings, in the order in which a newcomer needs them."""
    looks: tuple[Callable[[], Finding], ...] = (python, torch_version, threads, bfloat16, gpu)
    boundary = (bubblewrap, namespaces, seccomp, landlock)
    return [look() for look in (*looks, *boundary, browser)] + data_sets()


def show(findings: list[Finding], console: Console) -> None:
    """Prints a table of the findings, with advice for what is missing."""
    table = Table(show_lines=False)
    words = [word for each in findings for word in f"{each.found} {each.advice}".split()]
    for name in ("", "what"):
        table.add_column(name, no_wrap=True)
    table.add_column("found here", min_width=max(map(len, words), default=0))
    for finding in findings:
        cell = Text(finding.found)
        if finding.advice:
            cell.append(f"\n{finding.advice}", style="italic")
        table.add_row(Text(finding.state, style=STYLES[finding.state]), finding.name, cell)
    unlimited = console.options.update(max_width=10**4)
    needed = console.measure(table, options=unlimited).minimum  # so that no path is broken
    table.width = needed if needed > console.width else None
    console.print(table, crop=False)


def python() -> Finding:
    """The interpreter that runs this."""
    if sys.version_info[:2] >= OLDEST_PYTHON:
        return Finding("Python", State.GOOD, f"{platform.python_version()}, {sys.executable}")
    oldest = ".".join(map(str, OLDEST_PYTHON))
    return Finding("Python", State.BROKEN, platform.python_version(), f"install {oldest}+")


def torch_version() -> Finding:
    """Whether torch can be imported, and its version."""
    try:
        import torch
    except (ImportError, OSError) as error:  # OSError: a library of the wheel's is missing
        return Finding("torch", State.BROKEN, one_line(error), "`make grade` installs it")
    return Finding("torch", State.GOOD, torch.__version__)


def threads() -> Finding:
    """The cores that this process may use."""
    try:
        from course.devices import available_cores, cpu_model, memory_gib
    except (ImportError, OSError) as error:
        return Finding("processor", State.BROKEN, one_line(error), "torch is needed")
    text = f"{available_cores()} cores, {memory_gib() or '?'} GiB of memory, {cpu_model()}"
    return Finding("processor", State.GOOD, text)


def bfloat16() -> Finding:
    """Whether the processor is faster in bfloat16 than in float32."""
    try:
        from course.devices import bfloat16_instructions
    except (ImportError, OSError) as error:
        return Finding("bfloat16", State.BROKEN, one_line(error), "torch is needed")
    if found := bfloat16_instructions():
        return Finding("bfloat16", State.GOOD, found)
    return Finding("bfloat16", State.LACKING, "not faster here", "training here uses float32")


def gpu() -> Finding:
    """Whether torch sees a CUDA device."""
    try:
        import torch
    except (ImportError, OSError) as error:
        return Finding("GPU", State.LACKING, one_line(error), "torch is needed")
    if torch.cuda.is_available():
        return Finding("GPU", State.GOOD, torch.cuda.get_device_name(0))
    return Finding("GPU", State.LACKING, "torch sees none", "everything works without one")


def bubblewrap() -> Finding:
    """Whether bwrap is installed."""
    path = shutil.which("bwrap")
    if path is None:
        return Finding(
            "bubblewrap",
            State.LACKING,
            "not installed",
            "to grade others' work, install the package bubblewrap (Debian: apt install it)",
        )
    return Finding("bubblewrap", State.GOOD, f"{_first_line([path, '--version'])}, {path}")


def namespaces() -> Finding:
    """Whether a sandbox really starts: many containers and some systems forbid user namespaces."""
    from grader.boundary.sandbox import why_no_sandbox

    problem = why_no_sandbox()
    if problem is None:
        return Finding("sandbox", State.GOOD, "user namespaces work")
    return Finding(
        "sandbox",
        State.LACKING,
        problem,
        "without it others' work is graded by Landlock, and without that only with "
        "--isolation process; on Ubuntu, see the setting "
        "kernel.apparmor_restrict_unprivileged_userns; in a container, allow user namespaces",
    )


def landlock() -> Finding:
    """Whether others' work can be graded where there is no sandbox."""
    from grader.boundary.container import why_no_container

    problem = why_no_container()
    if problem is None:
        return Finding("Landlock", State.GOOD, "takes the sandbox's place where there is none")
    return Finding("Landlock", State.LACKING, problem, "not needed if the sandbox works")


def seccomp() -> Finding:
    """Whether the kernel filters system calls, from the status of this process."""
    try:
        has = "\nSeccomp:" in Path("/proc/self/status").read_text(encoding="utf-8")
    except OSError:  # not Linux
        has = False
    if has:
        return Finding("seccomp", State.GOOD, "the kernel has it")
    return Finding(
        "seccomp", State.LACKING, "not in this kernel", "the sandbox works, with one layer fewer"
    )


def browser() -> Finding:
    """Whether there is a browser for the test that renders a report."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path:
        return Finding("chromium", State.GOOD, _first_line([path, "--version"]))
    return Finding("chromium", State.LACKING, "not installed", "one test of the reports is skipped")


def data_sets() -> list[Finding]:
    """Where each real data set lies; nothing is downloaded and nothing is verified."""
    try:
        folders = data.search_path()
    except UserError as error:
        return [Finding("data", State.LACKING, one_line(error), "correct or unset $COURSE_DATA")]
    return [_data_set(dataset, folders) for dataset in DATASETS.values()]


def _data_set(dataset: DataSet, folders: list[Path]) -> Finding:
    name = f"data: {dataset.name}"
    for folder in folders:
        files = [folder / dataset.folder / file.name for file in dataset.files]
        if all(path.is_file() for path in files):
            return Finding(name, State.GOOD, str(folder / dataset.folder))
    if all(file.url for file in dataset.files):
        advice = f"it is downloaded on first use, or put it in {folders[0] / dataset.folder}"
    else:
        advice = f"get it from {_origin(dataset)} and put it in {folders[0] / dataset.folder}"
    return Finding(name, State.LACKING, "not here; the embedded data needs no file", advice)


def _origin(dataset: DataSet) -> str:
    return next((file.origin for file in dataset.files if file.origin), "its origin")


def _first_line(command: list[str]) -> str:
    try:
        process = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return "does not answer"
    return (process.stdout.strip().splitlines() or ["does not answer"])[0]
