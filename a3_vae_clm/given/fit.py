"""Train a model of the family, and keep the weights that were best on dev.

python run.py train DLM100                       # embedded data: minutes
python run.py train DLM128 --data multi30k --epochs 20
python run.py train DLM102 --train mine.txt --dev other.txt

`python run.py models` lists the models; a readable name does as well as a number. The alphabet is
that of the training texts. The run folder, by default runs/a3_vae_clm/MODEL, has the model in
model/.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import corpora
import options
import saved
from alphabet import Alphabet
from corpora import Corpus
from family import FAMILY, find
from saved import Saved
from trainer import Trainer

from course import checkpoints, cli
from course.devices import seed_everything
from course.errors import UserError
from course.runs import run_folder
from course.watch import watched

UNIT = "nats per sequence"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `run.py train`, without those that all commands share."""
    parser.add_argument("model", metavar="MODEL", help="its number or name, such as DLM100")
    cli.add_flag(parser, "name", None, "name of the run (default: the model's number)", str)
    options.add_training_flags(parser)


def run(args: argparse.Namespace) -> None:
    """Train to the end, from the run folder's checkpoint if there is one, and save the model."""
    number = find(args.model)
    options.fill_in(args, FAMILY[number])
    corpus = texts(args)
    model, trainer = make_trainer(number, args, corpus)
    name = args.name or number
    folder = run_folder(args.out, options.ASSIGNMENT, name)
    identity = {"model": number, "data": corpus.sha256, "lines": len(trainer.data)}
    identity |= options.identity(args)
    own = {"title": f"{number} on {corpus.name}", "seconds": args.checkpoint_seconds}
    with watched(trainer, folder, options.ASSIGNMENT, name, identity, **own) as log:
        trainer.on_score = lambda step, nlpps: log.log(step, dev_loss=nlpps)
        keep_snapshots(trainer, folder, args.snapshots or 0)
        trainer.train()
    log.plot(UNIT)
    nlpps = trainer.take_best()
    saved.save(folder / "model", model)
    print(f"step {trainer.step}: loss {trainer.loss:.4f}, {log.rows[-1]['seconds'] / 60:.1f} min")
    print(
        f"best at step {trainer.best['step']}: dev NLPPS {nlpps:.3f} nats with the length; "
        f"the model is in {folder / 'model'}"
    )


def texts(args: argparse.Namespace) -> Corpus:
    """The corpus of --train and --dev, or of --data. Raises UserError for bad files."""
    if args.train:
        return corpora.files(args.train, args.dev)
    if args.dev:
        raise UserError("--dev belongs to --train: name the file of the training texts too")
    return corpora.find(args.data, args.data_dir)


def make_trainer(number: str, args: argparse.Namespace, corpus: Corpus) -> tuple[Saved, Trainer]:
    """A fresh model, and its trainer. Raises UserError for a corpus that is shorter than a batch,
    and for a line of dev with no character that stands in train."""
    lines = corpus.train[: args.lines]
    if len(lines) < args.batch_size:
        raise UserError(
            f"the training texts are {len(lines)}, fewer than a batch: choose a --batch_size of "
            f"at most {len(lines)}, not {args.batch_size}, or name more texts"
        )
    alphabet = Alphabet("".join(lines))
    seed_everything(args.seed)
    model = saved.fresh(number, options.sizes(args), alphabet)
    train, dev = (
        corpora.encode(side, alphabet, name)
        for side, name in ((lines, "train"), (corpus.dev, str(args.dev or "dev")))
    )
    settings = options.settings(args, len(train))
    return model, Trainer(model.model, alphabet, train, dev, settings)


def keep_snapshots(trainer: Trainer, folder: Path, count: int) -> None:
    """Let the trainer write its weights to snapshots/STEP.safetensors, `count` times in all."""
    total, watcher = trainer.total_steps, trainer.on_step
    steps = {max(1, total * number // count) for number in range(1, count + 1)}

    def on_step(each: Trainer) -> None:
        if each.step in steps:
            checkpoints.save_weights(folder / f"snapshots/{each.step}.safetensors", each.model)
        if watcher is not None:
            watcher(each)

    trainer.on_step = on_step
