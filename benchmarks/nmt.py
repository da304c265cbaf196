"""How fast a4 trains and translates, compared with a plain loop, on this machine.

    python benchmarks/nmt.py                                   # embedded data
    python benchmarks/nmt.py --data multi30k --vocab_size 8000

Target tokens per second in training (forward, backward, clipping, Adam) and sentences per second in
beam search, of two: `ours`, as the commands train and translate; and `plain`, the same model by its
own forward on random batches, and its own beam search sentence by sentence. Both have the same
sizes, seeds and batch size. Before the search `ours` trains for some more steps, and `plain` gets
its weights, so that they search for the same translations; `same` is the share that is equal.

The two take turns, so that a busy machine is unfair to neither, and each ratio is a ratio of
medians. Seconds are this process's CPU time, so other processes do not count; `--wall` uses the
wall clock, as several threads need. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch

from course.cli import add_flag, check, new_parser, positive
from course.devices import hardware, keep_memory, seed_everything, set_threads
from course.errors import UserError, run_main
from course.launch import put_on_path

ROOT = Path(__file__).resolve().parent.parent
FOREVER = 10**9  # steps: the trainer's own end never comes
FLAGS = {
    "rounds": (5, 1000, "timed turns of each"),
    "steps": (4, 1000, "batches in a turn of training"),
    "sentences": (32, 1000, "sentences in a turn of the search"),
    "train_steps": (200, 100_000, "steps of training before the search"),
    "batch_size": (64, 512, "pairs in a batch of training"),
    "embed_size": (256, 4096, "of the model"),
    "hidden_size": (256, 4096, "of the model"),
    "vocab_size": (8000, 100_000, "pieces of each language, at most"),
    "beam_size": (5, 100, "of the search"),
    "max_steps": (70, 1000, "pieces of a translation, at most"),
    "threads": (1, 64, "threads of torch; several need --wall"),
}
Turn = Callable[[], tuple[float, float]]  # returns how many, and in how many seconds


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    return checked(common_parser(__doc__).parse_args(argv))


def common_parser(description: str | None) -> argparse.ArgumentParser:
    """The flags of this benchmark and of nmt_joeynmt.py."""
    parser = new_parser(description)
    parser.add_argument("--data", choices=("embedded", "tatoeba_zh_en", "multi30k"))
    parser.add_argument("--data-dir", type=Path)
    kinds = ("dot_product", "multiplicative", "additive")
    parser.add_argument("--attention", choices=kinds, default="multiplicative")
    for name, (default, _, words) in FLAGS.items():
        add_flag(parser, name, default, words)
    parser.add_argument("--wall", action="store_true", help="measure wall-clock time")
    parser.set_defaults(data="embedded")
    return parser


def checked(args: argparse.Namespace) -> argparse.Namespace:
    check(args, {name: positive(most) for name, (_, most, _) in FLAGS.items()})
    if args.threads > 1 and not args.wall:
        raise UserError(f"--threads {args.threads}: CPU time adds up all threads; use --wall")
    return args


def main(argv: Sequence[str] | None = None) -> int:
    args = parse(argv)
    pieces = begin(args)
    ours, plain = Ours(pieces, args), Plain(pieces, args)
    racers: dict[str, Any] = {"ours": ours, "plain": plain}
    training = race({name: each.training() for name, each in racers.items()}, args)
    ours.train(args.train_steps)
    plain.model.load_state_dict(ours.model.state_dict())
    decoding = race({name: each.decoding() for name, each in racers.items()}, args)
    found = zip(*(each.translations for each in racers.values()), strict=True)
    equal = [one == other for one, other in found]
    decoding["same"] = sum(equal) / len(equal)
    print(json.dumps({**settings(args), "training": training, "decoding": decoding}))
    return 0


def begin(args: argparse.Namespace) -> Pieces:
    """Set threads and seeds, and prepare the data."""
    set_threads(args.threads)
    keep_memory()  # for the whole process, so for everything timed in it
    put_on_path(ROOT / "a4_nmt", solution=True)
    seed_everything(1)
    return Pieces.of(args)


def settings(args: argparse.Namespace) -> dict[str, Any]:
    own = {name: getattr(args, name) for name in ("data", "attention", *FLAGS)}
    return own | {"clock": "wall" if args.wall else "process", "hardware": hardware()}


def race(turns: dict[str, Turn], args: argparse.Namespace) -> dict[str, float]:
    """The median speed of each, and ours divided by the other's."""
    speeds: dict[str, list[float]] = {name: [] for name in turns}
    for number in range(args.rounds + 1):
        for name, turn in turns.items():
            count, seconds = turn()
            if number:  # the first warms up
                speeds[name].append(count / seconds)
    medians = {name: round(statistics.median(values), 1) for name, values in speeds.items()}
    other = next(name for name in medians if name != "ours")
    print(json.dumps(speeds))
    return {**medians, "ratio": round(medians["ours"] / medians[other], 2)}


@dataclass(frozen=True)
class Pieces:
    """The pieces of the training pairs and of the test's sources, and the vocabulary."""

    train: list[tuple[list[str], list[str]]]
    test: list[list[str]]
    vocab: Any

    @classmethod
    def of(cls, args: argparse.Namespace) -> Pieces:
        import corpora
        from subwords import Subwords
        from vocab import Vocab, VocabEntry

        corpus = corpora.find(args.data, args.data_dir)
        sources, targets = zip(
            *((each.source, each.references[0]) for each in corpus.train), strict=True
        )
        own = [Subwords.train(texts, "bpe", args.vocab_size) for texts in (sources, targets)]
        train = zip(own[0].encode_batch(sources), own[1].encode_batch(targets), strict=True)
        test = own[0].encode_batch([each.source for each in corpus.test[: args.sentences]])
        return cls(list(train), test, Vocab(*(VocabEntry(one.words) for one in own)))


class Ours:
    """The model as the commands train it, on batches of pairs of similar length."""

    def __init__(self, pieces: Pieces, args: argparse.Namespace) -> None:
        import batches
        import trainer
        from nmt_model import NMT

        sizes = (args.embed_size, args.hidden_size)
        self.model = NMT(*sizes, pieces.vocab, attention=args.attention)
        trainer.initialise(self.model, seed=1)
        self.data, self.pieces, self.args = batches.encode(pieces.train, pieces.vocab), pieces, args
        own = trainer.Settings(FOREVER, FOREVER, args.batch_size, seed=1, device="cpu")
        self.trainer = trainer.Trainer(self.model, self.data, self.data, own)
        self.batches = self.order()
        self.translations: list[list[str]] = []

    def order(self) -> Iterator[list[int]]:
        """Endlessly the indices of each batch."""
        import batches

        for number in range(FOREVER):
            yield from batches.epoch(self.data.lengths, self.args.batch_size, 1, number)

    def train(self, steps: int) -> tuple[float, float]:
        """How many target tokens were trained on, and in how many seconds."""
        started, tokens = self.now(), 0
        for indices in islice(self.batches, steps):
            self.trainer._update(self.data.batch(indices))
            tokens += self.trainer.real_tokens
        return tokens, self.now() - started

    def training(self) -> Turn:
        return lambda: self.train(self.args.steps)

    def decoding(self) -> Turn:
        self.model.eval()
        return self.decode

    def decode(self) -> tuple[float, float]:
        """How many sentences were translated, and in how many seconds."""
        started = self.now()
        self.translations = self.search(self.pieces.test)
        return len(self.pieces.test), self.now() - started

    def search(self, sources: list[list[str]]) -> list[list[str]]:
        import beam

        sizes = self.args.beam_size, self.args.max_steps
        found = beam.beam_search(self.model, sources, *sizes, n_best=1)
        return [best.value for best, *_ in found]

    def now(self) -> float:
        return time.perf_counter() if self.args.wall else time.process_time()


class Plain(Ours):
    """The same model by its own methods, on random batches, and sentence by sentence."""

    def __init__(self, pieces: Pieces, args: argparse.Namespace) -> None:
        import fast

        super().__init__(pieces, args)
        self.trainer.loss_of = fast.plain_loss

    def order(self) -> Iterator[list[int]]:
        while True:
            for indices in torch.randperm(len(self.data)).split(self.args.batch_size):
                yield indices.tolist()

    def search(self, sources: list[list[str]]) -> list[list[str]]:
        sizes = self.args.beam_size, self.args.max_steps
        return [self.model.beam_search(source, *sizes)[0].value for source in sources]


if __name__ == "__main__":
    sys.exit(run_main(main))
