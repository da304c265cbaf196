"""Train a model, and keep the one that was best on dev.

python run.py train                                   # embedded data, a small model
python run.py train --data multi30k --attention additive --max_epochs 15
python run.py train --train train.zh train.en --dev dev.zh dev.en --src_pieces character

The pieces of both languages are learned from the training side alone. The run folder, by default
runs/a4_nmt/train, has the model in model/.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from pathlib import Path

import corpora
import evaluate
import options
import saved
from batches import encode
from corpora import Corpus
from embedded import Example
from nmt_model import NMT
from saved import Saved
from subwords import Subwords
from trainer import Scores, Trainer, initialise
from translate import translate
from vocab import Vocab, VocabEntry

from course import cli
from course.errors import UserError
from course.runs import Run, run_folder
from course.watch import watched


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `run.py train`, without those that all commands share."""
    words = "in place of --data: a file with TABs, or one of sources and one of translations"
    for name in ("--train", "--dev"):
        parser.add_argument(name, nargs="+", type=Path, metavar="FILE", help=words)
    cli.add_flag(parser, "name", "train", "name of the run")
    options.add_training_flags(parser)
    options.add_search_flags(parser.add_argument_group("the search, for BLEU on dev"), beam_size=1)


def run(args: argparse.Namespace) -> None:
    """Train to the end, from the run folder's checkpoint if there is one, and save the model."""
    options.fill_in(args)
    corpus = find(args)
    model = fresh(args, corpus)
    trainer = make_trainer(args, corpus, model)
    identity = {"data": corpus.sha256} | options.identity(args)
    folder = run_folder(args.out, options.ASSIGNMENT, args.name)
    own = {"title": f"train on {corpus.name}", "seconds": args.checkpoint_seconds}
    with watched(trainer, folder, options.ASSIGNMENT, args.name, identity, **own) as log:
        trainer.on_score = reporter(log)
        trainer.train()
    step, scores = trainer.best["step"], trainer.take_best()
    saved.save(folder / "model", trainer.model, model.source, model.target)
    print(f"step {trainer.step}: loss {trainer.loss:.6f}")
    print(f"best at step {step}: {words(scores)}; the model is in {folder / 'model'}")


def make_trainer(args: argparse.Namespace, corpus: Corpus, model: Saved) -> Trainer:
    """A trainer of the model on the corpus, which scores perplexity and BLEU on dev."""
    train, dev = (
        encode(evaluate.pairs(model, side), model.model.vocab)
        for side in (corpus.train, corpus.dev)
    )
    settings = options.settings(args, len(train))
    return Trainer(model.model, train, dev, settings, bleu_on(corpus.dev, model, args))


def find(args: argparse.Namespace) -> Corpus:
    """The corpus of --train and --dev, or of --data. Raises UserError for bad files."""
    if not args.train and not args.dev:
        return corpora.find(args.data, args.data_dir)
    if not (args.train and args.dev):
        raise UserError("--train and --dev belong together: give both, or neither and --data")
    train, dev = corpora.read(args.train), corpora.read(args.dev)
    return Corpus("files", train, dev, ())


def fresh(args: argparse.Namespace, corpus: Corpus) -> Saved:
    """A model before its training, and its pieces, learned from the training side."""
    sources = [example.source for example in corpus.train]
    targets = [example.references[0] for example in corpus.train]
    source = Subwords.train(sources, args.src_pieces, args.vocab_size)
    target = Subwords.train(targets, args.tgt_pieces, args.vocab_size)
    vocab = Vocab(VocabEntry(source.words), VocabEntry(target.words))
    model = NMT(args.embed_size, args.hidden_size, vocab, args.dropout, args.attention)
    initialise(model, args.seed, args.init_scale)
    return Saved(model, source, target)


def bleu_on(
    examples: tuple[Example, ...], model: Saved, args: argparse.Namespace
) -> Callable[[NMT], float]:
    """A function from a model, in training, to its BLEU on examples."""
    sources = [example.source for example in examples]

    def bleu(trained: NMT) -> float:
        found = translate(Saved(trained, model.source, model.target), sources, args)
        score, _ = evaluate.sacrebleu_score("BLEU", found, examples)
        return float(score.score)

    return bleu


def reporter(log: Run) -> Callable[[int, Scores], None]:
    """A function that logs the scores on dev; the curve that is drawn is that of the loss."""

    def report(step: int, scores: Scores) -> None:
        values = {"loss": math.log(scores["perplexity"]), **scores}
        log.log(step, **{f"dev_{name}": value for name, value in values.items()})

    return report


def words(scores: Scores) -> str:
    return ", ".join(f"dev {name} {value:.3f}" for name, value in scores.items())
