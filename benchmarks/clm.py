"""How fast a3's character GRU trains, compared with the obvious way to write it, on this machine.

    python benchmarks/clm.py                                   # embedded data
    python benchmarks/clm.py --data multi30k

Characters per second in training (forward, backward, clipping, Adam) of two: `ours`, as the command
trains DLM100, on batches of texts of similar length; and `plain`, the same network by its own
forward, nn.GRU in float32, on random batches, each text padded to 100 places. Both have the same
sizes, first weights, batch size and optimiser.

The two take turns, so that a busy machine is unfair to neither, and the ratio is one of medians.
Seconds are this process's CPU time, so other processes do not count; `--wall` uses the wall clock,
as several threads need. With --train_steps both then train from the start for that many steps more,
and `loss` and `plain_loss` are their NLPPS on dev in nats. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from nmt import FOREVER, ROOT, race

from course.cli import add_flag, check, new_parser, positive
from course.devices import hardware, keep_memory, seed_everything, set_threads
from course.errors import UserError, run_main
from course.launch import put_on_path

FLAGS = {
    "rounds": (5, 1000, "timed turns of each"),
    "turn": (4, 1000, "batches in a turn"),
    "train_steps": (200, 100_000, "steps before the two losses are compared"),
    "batch_size": (64, 4096, "texts in a batch"),
    "dev_lines": (200, 100_000, "texts of dev that are scored"),
    "threads": (1, 64, "threads of torch; several need --wall"),
}
SIZES = ("embed_size", "hidden_size", "mixtures")  # by default the model's own


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = new_parser(__doc__)
    parser.add_argument("--data", choices=("embedded", "multi30k"), default="embedded")
    parser.add_argument("--data-dir", type=Path)
    for name, (default, _, words) in FLAGS.items():
        add_flag(parser, name, default, words)
    for name in SIZES:
        add_flag(parser, name, None, "of the model (default: DLM100's)", int)
    parser.add_argument("--wall", action="store_true", help="measure wall-clock time")
    args = parser.parse_args(argv)
    check(args, {name: positive(most) for name, (_, most, _) in FLAGS.items()})
    check(args, dict.fromkeys(SIZES, positive(8192)))
    if args.threads > 1 and not args.wall:
        raise UserError(f"--threads {args.threads}: CPU time adds up all threads; use --wall")
    return args


def main(argv: Sequence[str] | None = None) -> int:
    args = parse(argv)
    set_threads(args.threads)
    keep_memory()  # for the whole process, so for everything timed in it
    put_on_path(ROOT / "a3_vae_clm", solution=True)
    racers: dict[str, Any] = {"ours": Ours(args), "plain": Plain(args)}
    speeds = race({name: each.turn for name, each in racers.items()}, args)
    losses = {name: each.loss(args.train_steps) for name, each in racers.items()}
    found = {"training": speeds, "loss": losses["ours"], "plain_loss": losses["plain"]}
    print(json.dumps(settings(args, racers["ours"]) | found))
    return 0


def settings(args: argparse.Namespace, ours: Ours) -> dict[str, Any]:
    own = {name: getattr(args, name) for name in ("data", *FLAGS)}
    own |= {name: getattr(ours.sizes, name) for name in SIZES}
    return own | {"clock": "wall" if args.wall else "process", "hardware": hardware()}


class Ours:
    """DLM100 as the command trains it."""

    def __init__(self, args: argparse.Namespace) -> None:
        import corpora
        import trainer
        from alphabet import Alphabet
        from family import FAMILY

        self.args = args
        corpus = corpora.find(args.data, args.data_dir)
        self.alphabet = Alphabet("".join(corpus.train))
        self.data, self.dev = (
            [self.alphabet.encode(text)[:99] for text in side]
            for side in (corpus.train, corpus.dev[: args.dev_lines])
        )
        chosen = {name: getattr(args, name) for name in SIZES if getattr(args, name)}
        self.sizes = replaced(FAMILY["DLM100"].sizes, chosen)
        seed_everything(1)
        self.model = self.build()
        own = trainer.Settings(FOREVER, FOREVER, args.batch_size, seed=1, device="cpu")
        self.trainer = trainer.Trainer(self.model, self.alphabet, self.data, self.dev, own)
        self.batches = self.order()

    def build(self) -> Any:
        from character import CharacterModel

        return CharacterModel(self.alphabet, self.sizes)

    def order(self) -> Iterator[list[int]]:
        """Endlessly the rows of each batch."""
        import batches

        lengths = [len(each) for each in self.data]
        for number in range(FOREVER):
            yield from batches.epoch(lengths, self.args.batch_size, 1, number)

    def turn(self) -> tuple[float, float]:
        """How many characters were trained on, and in how many seconds."""
        return self.train(self.args.turn)

    def train(self, steps: int) -> tuple[float, float]:
        from alphabet import collate

        started, characters = self.now(), 0
        for rows in islice(self.batches, steps):
            self.trainer._update(collate([self.data[row] for row in rows], self.alphabet))
            self.trainer.step += 1
            characters += self.trainer.real_tokens
        return characters, self.now() - started

    def loss(self, steps: int) -> float:
        """NLPPS on dev after more steps."""
        import trainer

        self.train(steps)
        return round(trainer.nlpps_of(self.model, self.alphabet, self.dev), 3)

    def now(self) -> float:
        return time.perf_counter() if self.args.wall else time.process_time()


class Plain(Ours):
    """The same network by its own forward, on random batches, padded to 100 places."""

    def build(self) -> Any:
        model = super().build()
        model.loss = lambda batch: padded_loss(model, batch)
        return model

    def order(self) -> Iterator[list[int]]:
        generator = torch.Generator().manual_seed(1)
        while True:
            shuffled = torch.randperm(len(self.data), generator=generator)
            for rows in shuffled.split(self.args.batch_size):
                yield rows.tolist()


def padded_loss(model: Any, batch: Any) -> torch.Tensor:
    """Minus the mean log-likelihood of a text, from 100 places of each."""
    from torch.nn import functional as F

    alphabet, missing = model.alphabet, 99 - batch.codes.size(1)
    x = F.pad(batch.shifted(alphabet), (0, missing), value=alphabet.pad)  # (B, 100)
    y = F.pad(batch.with_end(alphabet), (0, missing), value=alphabet.pad)
    own = {"ignore_index": alphabet.pad, "reduction": "sum"}
    return F.nll_loss(model.net(x).flatten(0, 1), y.flatten(), **own) / len(batch)


def replaced(sizes: Any, chosen: dict[str, int]) -> Any:
    from dataclasses import replace

    return replace(sizes, **chosen)


if __name__ == "__main__":
    sys.exit(run_main(main))
