"""One cell trained by itself, with checkpoints, for run.py's train; and what it then writes."""

from __future__ import annotations

import importlib
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import corpora
import torch
from cells import Setting, fresh
from torch import Tensor, nn

from course import checkpoints
from course.errors import UserError
from course.progress import Progress
from course.runs import open_run

LOG_EVERY = 50  # steps
SAVE_EVERY = 20.0  # seconds


def train(
    cell: Any, setting: Setting, corpus: corpora.Corpus, folder: Path, assignment: str,
    solution: bool,
) -> nn.Module:  # fmt: skip
    """The cell's model, trained to the end, from the folder's checkpoint where there is one.

    Raises UserError where the folder holds another run.
    """
    grid = importlib.import_module("grid")
    model = fresh(cell, setting, corpus.vocab_size)
    optimizer = torch.optim.AdamW(model.parameters(), lr=cell.learning_rate)
    generator = torch.Generator().manual_seed(setting.seed)
    identity = asdict(setting) | asdict(cell) | {"solution": solution}
    path = folder / "checkpoint.pt"
    done = _restore(path, identity, model, optimizer, generator)
    saved, losses = time.monotonic(), []
    with (
        open_run(folder, assignment, folder.name, identity, setting.seed,
                 resumed_step=done or None) as run,
        Progress(setting.steps, f"train {cell.model}", initial=done) as bar,
    ):  # fmt: skip
        for step in range(done + 1, setting.steps + 1):
            batch = grid.get_batch(
                corpus.splits["train"], cell.block_size, setting.batch_size, generator
            )
            losses.append(_step(model, optimizer, batch))
            bar.update(losses[-1], batch[0].numel())
            last = step == setting.steps
            if step % LOG_EVERY == 0 or last:
                run.log(step, loss=sum(losses) / len(losses))
                losses = []
            if last or (time.monotonic() - saved >= SAVE_EVERY and not losses):
                _save(path, identity, step, model, optimizer, generator)
                saved = time.monotonic()
    return model


def _step(model: nn.Module, optimizer: torch.optim.Optimizer, batch: tuple) -> float:
    _, loss = model(*batch)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def _save(path, identity, step, model, optimizer, generator) -> None:
    state = {"identity": identity, "step": step, "model": model.state_dict(),
             "optimizer": optimizer.state_dict(), "generator": generator.get_state()}  # fmt: skip
    checkpoints.save(path, state)


def _restore(path: Path, identity: dict[str, Any], model, optimizer, generator) -> int:
    """The step of the checkpoint, put into everything; 0 where there is none."""
    if not path.exists():
        return 0
    state = checkpoints.load(path)
    found = state.get("identity", {})
    for name, value in identity.items():
        if found.get(name) != value:
            raise UserError(
                f"{path.parent} holds a run with {name} {found.get(name)!r}, this one has "
                f"{value!r}: name another folder with --out, or remove that one"
            )
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    generator.set_state(state["generator"])
    return state["step"]


@torch.no_grad()
def write_on(
    model: nn.Module, idx: Tensor, length: int, block_size: int, generator: torch.Generator
) -> Tensor:
    """idx (T,) and `length` characters more, each drawn from what the model says of the last."""
    for _ in range(length):
        logits = model(idx[None, -block_size:])[0][0, -1]  # (V,)
        drawn = torch.multinomial(logits.softmax(dim=-1), 1, generator=generator)
        idx = torch.cat((idx, drawn))
    return idx
