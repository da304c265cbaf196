"""Run folders: what was run, on what machine, and the results.

runs/<assignment>/<name>/
    config.json      resolved configuration, seed, command line, versions, hardware
    metrics.jsonl    one line per logged step: {"step": 100, "seconds": 3.2, "loss": 1.94}
    tb/              TensorBoard events of the same numbers
    loss.png         the losses, drawn when the run closes
"""

import dataclasses
import json
import math
import platform
import shlex
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import Any, Self

import torch

from course import plots
from course.devices import hardware
from course.errors import UserError
from course.files import make_folder, write_aside

LIBRARIES = ("bigrams-to-bert", "torch", "numpy")
Row = dict[str, Any]


def run_folder(out: Path | None, assignment: str, name: str) -> Path:
    """`out` if the user gave one, else runs/<assignment>/<name> in the working folder."""
    return Path(out) if out is not None else Path("runs") / assignment / name


def open_run(
    out: Path | None,
    assignment: str,
    name: str,
    config: Any,
    seed: int,
    *,
    resumed_step: int | None = None,
    device: torch.device | None = None,
) -> "Run":
    """Make or reopen a run folder, write config.json, and return the run.

    config: a dict or a dataclass. resumed_step: the step of the checkpoint that the run resumes
    from; later rows are dropped, so that no step appears twice. None starts over and drops all
    rows of an earlier run in the folder.
    Raises UserError if the folder cannot be written.
    """
    folder = run_folder(out, assignment, name)
    try:
        make_folder(folder)
        description = _describe(assignment, name, config, seed, device)
        description["resumed_steps"] = _resumed_steps(folder, resumed_step)
        _write_json(folder / "config.json", description)
        rows = _keep_rows(folder / "metrics.jsonl", resumed_step)
        return Run(folder, rows)
    except OSError as error:
        raise UserError(
            f"cannot write the run folder {folder}: {error.strerror or error}; "
            "name a writable one with --out"
        ) from error


class Run:
    """An open run folder. Use it as a context manager, or call `close`.

    folder: where it writes. rows: everything logged so far, oldest first.
    """

    def __init__(self, folder: Path, rows: list[Row]) -> None:
        self.folder = folder
        self.rows = rows
        # A resumed run keeps counting from the seconds it had already taken.
        elapsed = rows[-1]["seconds"] if rows else 0.0
        self._started, self._started_wall = time.monotonic() - elapsed, time.time() - elapsed
        self._metrics = (folder / "metrics.jsonl").open("a", encoding="utf-8")
        # Events are rewritten from the rows that were kept, so that the two never differ.
        self._events = _event_writer(folder / "tb")
        for row in rows:
            self._write_events(row)

    def log(self, step: int, **scalars: Any) -> None:
        """Record scalars (numbers or one-element tensors) at `step`; they are on disk on return."""
        values = {name: _number(value) for name, value in scalars.items()}
        row = {"step": step, "seconds": round(time.monotonic() - self._started, 3), **values}
        self.rows.append(row)
        self._metrics.write(json.dumps(row, allow_nan=False) + "\n")
        self._metrics.flush()
        self._write_events(row)

    def plot(self, unit: str = "nats per token") -> Path | None:
        """Draw every logged scalar with `loss` in its name; None if there is none."""
        return plots.plot_losses(self.folder / "loss.png", self.rows, unit)

    def close(self) -> None:
        """Draw the plot and close the files; a second call does nothing."""
        if self._metrics.closed:
            return
        self._metrics.close()
        self._events.close()
        self.plot()

    def _write_events(self, row: Row) -> None:
        """Send one row to TensorBoard."""
        wall = self._started_wall + row["seconds"]
        for name, value in row.items():
            if name not in ("step", "seconds"):
                value = math.nan if value is None else value
                self._events.add_scalar(name, value, row["step"], walltime=wall)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that affect a result."""
    numbers = {"python": platform.python_version()}
    for library in LIBRARIES:
        try:
            numbers[library] = metadata.version(library)
        except metadata.PackageNotFoundError:
            continue
    return numbers


def read_metrics(path: Path) -> list[Row]:
    """The rows of a metrics.jsonl; a last line cut off by a kill is skipped."""
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return rows


def _describe(
    assignment: str, name: str, config: Any, seed: int, device: torch.device | None
) -> Row:
    if dataclasses.is_dataclass(config) and not isinstance(config, type):
        config = dataclasses.asdict(config)
    return {
        "assignment": assignment,
        "name": name,
        "config": dict(config),
        "seed": seed,
        "command": shlex.join(["python", *sys.argv]),
        "versions": versions(),
        "hardware": hardware(device),
    }


def _resumed_steps(folder: Path, resumed_step: int | None) -> list[int]:
    """The steps at which the run in `folder` was resumed, including this time."""
    if resumed_step is None:
        return []
    try:
        earlier = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        earlier = {}
    return [*earlier.get("resumed_steps", []), resumed_step]


def _write_json(path: Path, value: Row) -> None:
    with write_aside(path) as file:
        file.write((json.dumps(value, indent=2, default=str) + "\n").encode())


def _keep_rows(path: Path, resumed_step: int | None) -> list[Row]:
    """Rewrite metrics.jsonl with the rows up to `resumed_step` and return them."""
    rows = []
    if resumed_step is not None and path.exists():
        rows = [row for row in read_metrics(path) if row["step"] <= resumed_step]
    with write_aside(path) as file:
        file.write("".join(json.dumps(row) + "\n" for row in rows).encode())
    return rows


def _event_writer(folder: Path) -> Any:
    """A SummaryWriter in a folder cleared of an earlier run's events."""
    # Imported here because it takes longer than the rest of this module.
    from torch.utils.tensorboard import SummaryWriter

    for old in folder.glob("events.out.tfevents.*"):
        old.unlink()
    return SummaryWriter(str(folder))


def _number(value: Any) -> int | float | None:
    """A plain number, or None if it is not finite, which JSON cannot represent."""
    number = value if isinstance(value, int) else float(value)
    return number if math.isfinite(number) else None
