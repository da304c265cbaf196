"""How fast minBERT trains and reads, compared with transformers' BERT, on this machine.

    python benchmarks/minbert.py --data minbert --weights minilm    # SST, the pretrained weights
    python benchmarks/minbert.py                                    # embedded data, a tiny BERT

Sentences per second, in training (forward, backward, clipping, AdamW) and in reading the dev set,
of three: `ours`, as the commands train and read; `stock`, BertForSequenceClassification in the loop
that users of transformers write, with random padded batches and torch's AdamW as it is by default;
and `tricks`, the same model given batches of similar length and the fused AdamW. Ours and tricks
multiply in bfloat16 if that is faster here, or as --bfloat16 says; with --int8 they read with
products of 8-bit integers. All have the same seeds, batch sizes and dropout.

The three take turns, so that a busy machine is unfair to none, and each ratio is a ratio of
medians. Batches differ in length, so real tokens are timed, and sentences are those of mean length.
Seconds are this process's CPU time, so other processes do not count; `--wall` uses the wall clock,
as several threads need. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from course.cli import add_flag, check, new_parser, one_of, positive
from course.devices import hardware, keep_memory, seed_everything, set_threads
from course.errors import UserError, run_main
from course.launch import put_on_path

ROOT = Path(__file__).resolve().parent.parent
DROPOUT, LEARNING_RATE, CLIP = 0.1, 5e-5, 1.0  # those of transformers' BERT and its Trainer
NAMES = ("ours", "stock", "tricks")
RULES = {
    "rounds": positive(1000),
    "steps": positive(1000),
    "batch_size": positive(512),
    "threads": positive(64),
    "bfloat16": one_of(("auto", "yes", "no")),
}


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = new_parser(__doc__)
    parser.add_argument("--data", choices=("embedded", "minbert"), default="embedded")
    parser.add_argument("--data-dir", type=Path)
    add_flag(parser, "weights", None, "minilm, a folder or a hub name (default: a tiny BERT)", str)
    add_flag(parser, "rounds", 5, "timed turns of each")
    add_flag(parser, "steps", 4, "batches in a turn")
    add_flag(parser, "batch_size", 32, "sentences in a batch of training")
    add_flag(parser, "threads", 1, "threads of torch; several need --wall")
    parser.add_argument("--wall", action="store_true", help="measure wall-clock time")
    add_flag(parser, "bfloat16", "auto", "ours and tricks in it: yes, no, auto (if faster)")
    words = "ours and tricks read with products of 8-bit integers"
    parser.add_argument("--int8", action="store_true", help=words)
    args = parser.parse_args(argv)
    check(args, RULES)
    if args.threads > 1 and not args.wall:
        raise UserError(f"--threads {args.threads}: CPU time adds up all threads; use --wall")
    return args


def main(argv: Sequence[str] | None = None) -> int:
    args = parse(argv)
    set_threads(args.threads)
    keep_memory()  # for the whole process, so for everything timed in it
    put_on_path(ROOT / "default_project_minbert", solution=True)
    seed_everything(1)
    tokenizer, config = tokenizer_and_config(args)
    train, dev = encoded(args, tokenizer, config)
    racers = racers_of(args, config, train)
    result: dict[str, Any] = {
        name: getattr(args, name) for name in ("data", "weights", "batch_size", "threads", "int8")
    }
    result["clock"] = "wall" if args.wall else "process"
    result["bfloat16"] = {name: racer.bfloat16 for name, racer in racers.items()}
    result |= compare_answers(racers["ours"], racers["stock"], dev)
    for kind, data in (("training", train), ("reading", dev)):
        if kind == "reading" and args.int8:
            read_in_integers(racers)
        turns = {name: getattr(racer, kind)(data, args) for name, racer in racers.items()}
        row = compare(turns, args)
        print(kind, json.dumps(row))
        result[kind] = row
    print(json.dumps(result | {"hardware": hardware()}))
    return 0


def compare(turns: dict[str, Iterator[float]], args: argparse.Namespace) -> dict[str, float]:
    """Median sentences per second of each, and ours divided by the others'."""
    speeds: dict[str, list[float]] = {name: [] for name in turns}
    for round_number in range(args.rounds + 1):
        for name, turn in turns.items():
            speed = next(turn)
            if round_number:  # the first warms up
                speeds[name].append(speed)
    medians = {name: statistics.median(values) for name, values in speeds.items()}
    ratios = {f"to_{name}": round(medians["ours"] / medians[name], 3) for name in NAMES[1:]}
    return {**{name: round(value, 1) for name, value in medians.items()}, **ratios}


class Racer:
    """A classifier, how it is trained, and in which batches.

    bfloat16: whether it multiplies in it. autocast: whether torch sees to that, or the model.
    """

    def __init__(
        self,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        batches: Callable[[Any, int], Iterator],
        bfloat16: bool = False,
        autocast: bool = True,
    ) -> None:
        """batches: from data and a batch's size to one epoch's batches."""
        self.model, self.optimizer = model, optimizer
        self.batches, self.bfloat16, self.autocast = batches, bfloat16, autocast

    def training(self, data, args: argparse.Namespace) -> Iterator[float]:
        """Sentences per second of turn after turn."""
        self.model.train()
        return self._turns(data, args.batch_size, self.step, args)

    def reading(self, data, args: argparse.Namespace) -> Iterator[float]:
        from evaluation import BATCH_SIZE

        self.model.eval()
        return self._turns(data, BATCH_SIZE, self.read, args)

    def step(self, batch) -> None:
        self.optimizer.zero_grad()
        with self._autocast():
            loss = F.cross_entropy(self.logits(batch).float(), batch.labels)
        loss.backward()
        loss.item()
        nn.utils.clip_grad_norm_(self.model.parameters(), CLIP)
        self.optimizer.step()

    @torch.no_grad()
    def read(self, batch) -> torch.Tensor:
        with self._autocast():
            return self.logits(batch).argmax(dim=-1)

    def logits(self, batch) -> torch.Tensor:
        """(b, classes). Of transformers' model, or of ours."""
        output = self.model(*batch.inputs)
        return getattr(output, "logits", output)

    def _turns(self, data, size: int, use: Callable, args: argparse.Namespace) -> Iterator[float]:
        clock = time.perf_counter if args.wall else time.process_time
        endless = (batch for _ in iter(int, 1) for batch in self.batches(data, size))
        mean_length = sum(data.lengths) / len(data)
        while True:
            own = list(islice(endless, args.steps))
            started = clock()
            for batch in own:
                use(batch)
            yield sum(batch.tokens for batch in own) / (clock() - started) / mean_length

    def _autocast(self) -> torch.autocast:
        return torch.autocast("cpu", torch.bfloat16, enabled=self.bfloat16 and self.autocast)


def racers_of(args: argparse.Namespace, config, train) -> dict[str, Racer]:
    """The three, from the same weights. Ours and tricks get batches of similar length."""
    import fast

    faster = fast.bfloat16_is_faster("cpu", config.hidden_size)
    bfloat16 = {"yes": True, "no": False, "auto": faster}[args.bfloat16]
    model = our_model(args.weights, config)
    fast.accelerate(model, train.ids[0], bfloat16)
    steps = fast.optimizer(model, LEARNING_RATE)
    stock, tricks = their_model(args.weights, config), their_model(args.weights, config)
    plain = torch.optim.AdamW(stock.parameters(), lr=LEARNING_RATE)
    fused = torch.optim.AdamW(tricks.parameters(), lr=LEARNING_RATE, fused=True)
    return {
        "ours": Racer(model, steps, SimilarBatches(), bfloat16, autocast=False),
        "stock": Racer(stock, plain, random_batches),
        "tricks": Racer(tricks, fused, SimilarBatches(), bfloat16),
    }


def read_in_integers(racers: dict[str, Racer]) -> None:
    """Ours as `run.py predict --int8` reads; tricks gets the same layers."""
    import integers

    integers.convert(racers["ours"].model)
    integers.replace(racers["tricks"].model.bert.encoder)


def tokenizer_and_config(args: argparse.Namespace):
    import weights
    from config import BertConfig
    from tokenizer import BertTokenizer, learn_vocab

    if args.weights is not None:
        return BertTokenizer.from_pretrained(args.weights), weights.load(args.weights)[0]
    tokenizer = BertTokenizer(learn_vocab(sentences(args, "train"), 2000))
    return tokenizer, BertConfig.tiny(tokenizer.vocab_size)


def sentences(args: argparse.Namespace, split: str) -> list[str]:
    import corpora

    return [example.sentences[0] for example in getattr(corpora.find("sst", args), split)]


def encoded(args: argparse.Namespace, tokenizer, config):
    """SST's train and dev in ids."""
    import batches
    import corpora

    corpus = corpora.find("sst", args)
    most = config.max_position_embeddings
    return (batches.encode(e, corpus.task, tokenizer, most) for e in (corpus.train, corpus.dev))


class SimilarBatches:
    """Batches of similar length, as the commands make them; each racer's own, in the same order."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[int, int], Any] = {}

    def __call__(self, data, size: int) -> Iterator:
        from batches import Buckets

        key = len(data), size  # train and dev may have batches of one size
        if key not in self._buckets:
            self._buckets[key] = Buckets(data.lengths, size, seed=1)
        return (data.batch(rows) for rows in self._buckets[key])


def random_batches(data, size: int) -> Iterator:
    return (data.batch(rows.tolist()) for rows in torch.randperm(len(data)).split(size))


def our_model(weights: str | None, config) -> nn.Module:
    from classifier import BertSentimentClassifier

    own = {"pretrained": weights, "option": "finetune", "num_labels": 5}
    return BertSentimentClassifier(config.replace(**own, hidden_dropout_prob=DROPOUT))


def their_model(weights: str | None, config) -> nn.Module:
    import transformers
    from weights import find

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    kind = transformers.BertForSequenceClassification
    if weights is not None:
        return kind.from_pretrained(find(weights), num_labels=5)
    return kind(transformers.BertConfig(**config.to_dict(), num_labels=5))


def compare_answers(ours: Racer, stock: Racer, dev) -> dict[str, float]:
    """Before any training: how far the logits for some sentences are apart, with one linear layer.

    Without pretrained weights the two models differ from the start.
    """
    ours.model.classifier.load_state_dict(stock.model.classifier.state_dict())
    batch = next(random_batches(dev, 32))
    with torch.no_grad():
        one, other = (racer.logits(batch) for racer in (ours, stock) if racer.model.eval())
    return {"logits_difference": round(float((one - other).abs().max()), 7)}


if __name__ == "__main__":
    sys.exit(run_main(main))
