"""Our finetuning of each task and transformers' own under one budget, with several seeds.

    python benchmarks/finetuning.py --weights minilm --seeds 1 2 3           # all tasks, real data
    python benchmarks/finetuning.py --weights minilm --tasks sts --rivals vectors transformers

Each training is one task, the same examples as often, the same batch size, learning rate, warm-up,
weight decay and clipping, and dropout of 0.1 everywhere. A score is the last step's on dev, so
nothing is selected there. The rivals:

ours            sentiment: the classifier of part (d); a pair: [CLS] a [SEP] b [SEP] (cross)
vectors         MultitaskBERT on the means of the last states; of a pair their cosine. It has five
                classes, of which CFIMDB uses two
calibrated      vectors, and where a paraphrase begins is found without dropout, on pairs of train
transformers    BertForSequenceClassification on the same input as ours, in the loop that users of
                it write: random padded batches, torch's AdamW, a linear warm-up and decay

A finished training is a row of finetuning.csv in --out and is never run again. The last line is one
JSON object: mean and standard deviation of each.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course import cli, devices
from course.errors import run_main
from course.launch import put_on_path
from course.sweep import run as run_jobs
from course.table import Row, Table, only_one
from course.training import slope

ROOT = Path(__file__).resolve().parent.parent
TASKS = ("sst", "cfimdb", "quora", "sts")
RIVALS = ("ours", "vectors", "calibrated", "transformers")
DROPOUT, WARMUP, WEIGHT_DECAY, CLIP = 0.1, 0.1, 0.01, 1.0
COLUMNS = {"task": str, "rival": str, "seed": int, "steps": int, "score": float, "minutes": float}
RULES = {
    "epochs": cli.positive(1000),
    "batch_size": cli.positive(4096),
    "lr": cli.positive(1),
    "processes": cli.positive(1024),
}


@dataclass(frozen=True)
class Cell:
    """One training."""

    task: str
    rival: str
    seed: int


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = cli.new_parser(__doc__)
    parser.add_argument("--data", choices=("embedded", "minbert"), default="minbert")
    parser.add_argument("--data-dir", type=Path)
    cli.add_flag(parser, "weights", "minilm", "minilm, a folder or a hub name")
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=TASKS)
    parser.add_argument("--rivals", nargs="+", choices=RIVALS, default=RIVALS)
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    cli.add_flag(parser, "epochs", 4, "times that all examples are read")
    cli.add_flag(parser, "batch_size", 32, "examples a step")
    cli.add_flag(parser, "lr", 5e-5, "highest learning rate")
    cli.add_flag(parser, "processes", 1, "trainings at once")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    parser.add_argument("--out", type=Path, default=Path("runs/finetuning"))
    args = parser.parse_args(argv)
    cli.check(args, RULES)
    return args


def main(argv: Sequence[str] | None = None) -> int:
    args = parse(argv)
    devices.pick_device(args.device)
    table = Table(args.out / "finetuning.csv", COLUMNS, of="trainings")
    with only_one(args.out):
        rows = table.read()
        done = {(row["task"], row["rival"], row["seed"]) for row in rows}
        cells = [cell for cell in cells_of(args) if (cell.task, cell.rival, cell.seed) not in done]
        rows = run_jobs(table, rows, cells, partial(run_cell, args), args.processes)
    print(json.dumps(summary(rows) | {"hardware": devices.hardware()}))
    return 0


def cells_of(args: argparse.Namespace) -> list[Cell]:
    return [
        Cell(task, rival, seed)
        for seed in args.seeds
        for task in args.tasks
        for rival in args.rivals
        if rival != "calibrated" or task == "quora"  # only a paraphrase has a threshold
    ]


def summary(rows: Sequence[Row]) -> dict[str, Any]:
    """{task: {rival: [mean, standard deviation, trainings]}}."""
    found: dict[str, dict[str, Any]] = {}
    for task, rival in sorted({(row["task"], row["rival"]) for row in rows}):
        own = [row["score"] for row in rows if (row["task"], row["rival"]) == (task, rival)]
        spread = statistics.stdev(own) if len(own) > 1 else 0.0
        found.setdefault(task, {})[rival] = [
            round(statistics.mean(own), 4),
            round(spread, 4),
            len(own),
        ]
    return found


def run_cell(args: argparse.Namespace, cell: Cell) -> list[Row]:
    """One training and its score on dev."""
    put_on_path(ROOT / "default_project_minbert", solution=True)
    devices.keep_memory()
    import corpora
    import session
    import weights
    from tokenizer import BertTokenizer

    started = time.monotonic()
    config, _ = weights.load(args.weights)
    config = config.replace(pretrained=args.weights, hidden_dropout_prob=DROPOUT)
    tokenizer = BertTokenizer.from_pretrained(args.weights)
    data = session.prepare({cell.task: corpora.find(cell.task, args)}, tokenizer, config)
    train, dev = data.train[cell.task], data.dev[cell.task]
    devices.seed_everything(cell.seed)
    steps = args.epochs * -(-len(train) // args.batch_size)
    finetune = their_score if cell.rival == "transformers" else our_score
    found = finetune(args, cell, config, train, dev, steps)
    minutes = round((time.monotonic() - started) / 60, 2)
    own = {"task": cell.task, "rival": cell.rival, "seed": cell.seed, "steps": steps}
    return [own | {"score": round(found, 4), "minutes": minutes}]


def our_score(args: argparse.Namespace, cell: Cell, config, train, dev, steps: int) -> float:
    from finetune import Settings, Trainer

    settings = Settings(
        steps=steps,
        evaluate_every=steps,
        batch_size=args.batch_size,
        learning_rate=args.lr,  # of the heads too, as in the loop of transformers
        weight_decay=WEIGHT_DECAY,
        warmup_share=WARMUP,
        clip=CLIP,
        seed=cell.seed,
        device=args.device,
    )
    model = our_model(cell.rival, config, train.task)
    trainer = Trainer(model, {cell.task: train}, {cell.task: dev}, settings)
    trainer.train()
    return float(trainer.scores[-1][1][cell.task])


def our_model(rival: str, config, task) -> nn.Module:
    import heads
    from classifier import BertSentimentClassifier

    config = config.replace(option="finetune", num_labels=task.num_labels, pooling="mean")
    if rival == "ours" and not task.is_pair:
        return BertSentimentClassifier(config)
    pair_head, calibrate = ("cross" if rival == "ours" else "cosine"), rival == "calibrated"
    return heads.build(config.replace(pair_head=pair_head, calibrate=calibrate))


def their_score(args: argparse.Namespace, cell: Cell, config, train, dev, steps: int) -> float:
    from fused import groups

    device = devices.pick_device(args.device)
    model = their_model(args.weights, train.task).to(device)
    optimizer = torch.optim.AdamW(groups(model, WEIGHT_DECAY), lr=args.lr)
    warmup = round(WARMUP * steps)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda n: slope(n, steps, warmup))
    batches = random_batches(len(train), args.batch_size)
    model.train()
    for _ in range(steps):
        inputs, labels = their_batch(train, next(batches), device)
        with autocast(device, model):
            loss = their_loss(train.task, model(**inputs).logits.float(), labels)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimizer.step()
        schedule.step()
    return their_dev_score(model, dev, device)


def their_model(weights: str, task) -> nn.Module:
    import transformers
    from weights import find

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    outputs = 1 if task.kind == "similarity" else task.num_labels
    kind = transformers.BertForSequenceClassification
    return kind.from_pretrained(find(weights), num_labels=outputs)


def random_batches(count: int, size: int) -> Iterator[list[int]]:
    while True:
        for rows in torch.randperm(count).split(size):
            yield rows.tolist()


def their_batch(data, rows: Sequence[int], device) -> tuple[dict[str, Tensor], Tensor]:
    """What the model takes, and the labels."""
    from batches import pad

    first, rest = data.ids[0], data.ids[1:]
    texts = [first[row] + [number for ids in rest for number in ids[row][1:]] for row in rows]
    ids, mask = pad(texts)
    types = torch.zeros_like(ids)
    for place, row in enumerate(rows):
        types[place, len(first[row]) : len(texts[place])] = 1
    labels = torch.tensor([data.labels[row] for row in rows])
    inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}
    return {name: x.to(device) for name, x in inputs.items()}, labels.to(device)


def their_loss(task, logits: Tensor, labels: Tensor) -> Tensor:
    if task.kind == "similarity":
        return F.mse_loss(logits.squeeze(-1), labels.float())
    return F.cross_entropy(logits, labels.long())


@torch.no_grad()
def their_dev_score(model: nn.Module, dev, device) -> float:
    from batches import by_length
    from evaluation import BATCH_SIZE, score

    model.eval()
    found = [0.0] * len(dev)
    for rows in by_length(dev.lengths, BATCH_SIZE):
        with autocast(device, model):
            logits = model(**their_batch(dev, rows, device)[0]).logits.float()
        similarity = dev.task.kind == "similarity"
        answers = logits.squeeze(-1).clamp(0, 5) if similarity else logits.argmax(dim=-1)
        for row, answer in zip(rows, answers.tolist(), strict=True):
            found[row] = answer
    return score(dev, found)


def autocast(device: torch.device, model) -> torch.autocast:
    """bfloat16 where ours multiplies in it."""
    import fast

    enabled = fast.bfloat16_is_faster(device.type, model.config.hidden_size)
    return torch.autocast(device.type, torch.bfloat16, enabled=enabled)


if __name__ == "__main__":
    sys.exit(run_main(main))
