"""Score a trained model on the dev set, the test set, or files of your own.

python run.py evaluate --model runs/a4_nmt/train/model
python run.py evaluate --model FOLDER --data multi30k --split test_2017 --output english.txt
python run.py evaluate --model FOLDER --test source.txt reference.txt more_references.txt

BLEU is cased and tokenized as in WMT (13a), by sacrebleu, whose signature is printed. The BLEU of
your bleu.py on the same tokens stands beside it. A translation is an exact match if it is the first
reference.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import bleu
import corpora
import options
from batches import encode
from embedded import Example
from saved import Saved
from trainer import loss_function, perplexity
from translate import add_model_flags, load, translate, write
from vocab import UNKNOWN

from course import cli
from course.errors import UserError
from course.files import must_be_writable

UNKNOWN_SHARE = 0.5  # of the pieces: a model that does not know more was trained on other data


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `run.py evaluate`, without those that all commands share."""
    add_model_flags(parser)
    cli.add_flag(parser, "split", "test", "of --data: dev or test; of multi30k test_2017 too")
    words = "in place of --data: a file with TABs, or one of sources and others of references"
    parser.add_argument("--test", nargs="+", type=Path, metavar="FILE", help=words)
    cli.add_flag(parser, "output", None, "where the translations go, one a line", Path)
    options.add_search_flags(parser)


def run(args: argparse.Namespace) -> None:
    """Print the scores, and write the translations if that was asked for."""
    model = load(args)
    examples = find(args)
    check_fits(model, examples)
    if args.output:
        must_be_writable(args.output)
    sources = [example.source for example in examples]
    hypotheses = translate(model, sources, args)
    if args.output:
        write(args.output, hypotheses)
    print(report(model, examples, hypotheses))


def find(args: argparse.Namespace) -> Sequence[Example]:
    """The examples to score. Raises UserError for a split that the data do not have."""
    if args.test:
        return corpora.read(args.test)
    held_out = corpora.find(args.data, args.data_dir).held_out
    if args.split not in held_out:
        raise UserError(f"--split {args.split!r}: {args.data} has {', '.join(held_out)}")
    return held_out[args.split]


def check_fits(model: Saved, examples: Sequence[Example]) -> None:
    """Raise UserError if the model knows so little of the sources that it was not made for them."""
    pieces = model.source.encode_batch([example.source for example in examples])
    total = sum(map(len, pieces))
    known = sum(piece in model.model.vocab.src and piece != UNKNOWN for p in pieces for piece in p)
    if total - known > UNKNOWN_SHARE * total:
        raise UserError(
            f"of the {total} pieces of the sources the model knows {known}: it was trained on "
            "other data; name those with --data"
        )


def report(model: Saved, examples: Sequence[Example], hypotheses: Sequence[str]) -> str:
    """All scores, a line each."""
    data = encode(pairs(model, examples), model.model.vocab)
    loss = loss_function(model.model, data)
    lines = [f"perplexity {perplexity(model.model, data, loss):.3f} a target piece"]
    lines += [f"exact match {matches(examples, hypotheses)}"]
    for name in ("BLEU", "CHRF"):
        score, signature = sacrebleu_score(name, hypotheses, examples)
        lines.append(f"{score.name} {score.score:.2f} ({signature})")
    lines.append(f"bleu.py {own_bleu(hypotheses, examples)}")
    return "\n".join(lines)


def pairs(model: Saved, examples: Sequence[Example]) -> list[tuple[list[str], list[str]]]:
    """Each source with its first reference, in pieces."""
    sources = model.source.encode_batch([example.source for example in examples])
    targets = model.target.encode_batch([example.references[0] for example in examples])
    return list(zip(sources, targets, strict=True))


def matches(examples: Sequence[Example], hypotheses: Sequence[str]) -> str:
    """The share of exact matches, and that of each kind if there are several."""
    right: dict[str, list[bool]] = {}
    for example, hypothesis in zip(examples, hypotheses, strict=True):
        right.setdefault(example.kind, []).append(hypothesis == example.references[0])
    every = [each for own in right.values() for each in own]
    words = f"{sum(every) / len(every):.1%}"
    if len(right) > 1:
        parts = [f"{kind} {sum(own) / len(own):.1%}" for kind, own in sorted(right.items())]
        words += f" ({', '.join(parts)})"
    return words


def columns(examples: Sequence[Example]) -> list[list[str | None]]:
    """The first reference of each, the second of each, and so on; None for one that has fewer."""
    most = max(len(example.references) for example in examples)
    padded = [(*each.references, *[None] * (most - len(each.references))) for each in examples]
    return [list(column) for column in zip(*padded, strict=True)]


def sacrebleu_score(
    name: str, hypotheses: Sequence[str], examples: Sequence[Example]
) -> tuple[Any, str]:
    """sacrebleu's score with all references, and its signature. name: BLEU or CHRF."""
    from sacrebleu import metrics

    metric = getattr(metrics, name)()
    score = metric.corpus_score(list(hypotheses), columns(examples))
    return score, str(metric.get_signature())


def own_bleu(hypotheses: Sequence[str], examples: Sequence[Example]) -> str:
    """The BLEU of bleu.py, on the tokens that sacrebleu's tokenizer makes."""
    from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a

    tokenizer = Tokenizer13a()
    references = [[tokenizer(each).split() for each in e.references] for e in examples]
    try:
        return f"{bleu.bleu([tokenizer(each).split() for each in hypotheses], references):.2f}"
    except NotImplementedError as error:
        return f"- ({error})"
