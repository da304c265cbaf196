"""Translate sentences, one a line, from a file or from standard input.

python run.py decode --model runs/a4_nmt/train/model --input chinese.txt --output english.txt
echo 下午三点一刻 | python run.py decode --model runs/a4_nmt/train/model
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import beam
import corpora
import options
import saved
from nmt_model import NMT
from saved import Saved

from course import cli, devices
from course.errors import UserError
from course.files import must_be_writable, write_aside
from course.text import Text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `run.py decode`, without those that all commands share."""
    add_model_flags(parser)
    cli.add_flag(parser, "input", None, "sentences, one a line (default: standard input)", Path)
    cli.add_flag(parser, "output", None, "where they go (default: standard output)", Path)
    options.add_search_flags(parser)


def add_model_flags(parser: argparse.ArgumentParser) -> None:
    """The flags of all commands that work with a trained model."""
    words = "the model folder of a finished run"
    parser.add_argument("--model", type=Path, metavar="DIR", help=words)
    words = "read characters that are not in the model's vocabulary as <unk>, do not refuse them"
    spellings = ("--allow-unknown", "--allow_unknown")
    parser.add_argument(*spellings, dest="allow_unknown", action="store_true", help=words)
    cli.add_threads_flag(parser)


def run(args: argparse.Namespace) -> None:
    """Translate everything, then write it: no half of a file is left behind."""
    model = load(args)
    text = read_input(args.input)
    sources = corpora.sentences(text)
    if not args.allow_unknown:
        check_known(model, text, sources)
    if args.output:
        must_be_writable(args.output)
    found = translate(model, sources, args)
    if args.output is None:
        sys.stdout.write(joined(found))
        return
    write(args.output, found)
    print(f"{len(found)} translations in {args.output}")


def load(args: argparse.Namespace) -> Saved:
    """The model of --model, on its device. Raises UserError if there is none."""
    if args.model is None:
        raise UserError(f"{args.command} needs --model: the model folder of a finished run")
    model = saved.load(args.model)
    if model.source is None or model.target is None:
        missing = saved.SOURCE if model.source is None else saved.TARGET
        raise UserError(f"{args.model} has no {missing}: name the model folder of a finished run")
    model.model.to(devices.pick_device(args.device)).eval()
    return model


def translate(model: Saved, sources: Sequence[str], args: argparse.Namespace) -> list[str]:
    """A translation of each sentence. args: the flags of the search."""
    pieces = model.source.encode_batch(sources)
    return [model.target.decode(each) for each in search(model.model, pieces, args)]


def search(
    model: NMT, sources: Sequence[Sequence[str]], args: argparse.Namespace
) -> list[list[str]]:
    """The pieces of the best translation of each sentence, given as pieces."""
    size, limit = args.beam_size, args.max_decoding_time_step
    if not args.plain:
        found = beam.beam_search(model, sources, size, limit, args.length_penalty, n_best=1)
        return [best.value for best, *_ in found]
    if size == 1:
        return [model.greedy(source, limit).value for source in sources]
    return [model.beam_search(source, size, limit)[0].value for source in sources]


def joined(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def write(path: Path, lines: Sequence[str]) -> None:
    """Write lines to a file, whole or not at all."""
    with write_aside(path) as file:
        file.write(joined(lines).encode())


def read_input(path: Path | None) -> Text:
    """The text of a file or of standard input. Raises UserError if it is not UTF-8."""
    if path is not None:
        return corpora.read_text(path)
    try:
        return Text("standard input", sys.stdin.buffer.read().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise UserError(
            f"standard input is not UTF-8: byte {error.start} cannot be read"
        ) from error


def check_known(model: Saved, text: Text, sources: Sequence[str]) -> None:
    """Raise UserError for a line that is not made of the source's pieces."""
    for number, source in enumerate(sources, 1):
        unknown = model.source.unknown(source)
        if unknown:
            raise UserError(
                f"{text.place(number)}: {unknown[0]!r} is not in the model's vocabulary; "
                "with --allow_unknown it is read as <unk>"
            )
