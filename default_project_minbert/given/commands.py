"""minBERT from the command line.

python run.py sentiment                         # one task, on invented sentences: a minute
python run.py multitask                         # sentiment, paraphrase and similarity at once
python run.py predict --model runs/default_project_minbert/multitask/model
python run.py compare                           # the choices side by side, several seeds
python run.py probe                             # without any training of BERT
python run.py pretrain                          # masked words, next sentences

With the real data and pretrained weights: --data minbert --weights minilm. A stopped training
resumes where it was when you give the same command again. `python run.py COMMAND --help` lists a
command's flags.
"""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Sequence

import corpora
from options import ROOT, SEED

from course import cli, devices
from course.launch import code_digest

# {command: what it does}. Each is a module with add_arguments(parser) and run(args).
COMMANDS = {
    "sentiment": "finetune a classifier on SST or CFIMDB",
    "multitask": "finetune one BERT on three tasks",
    "predict": "write a trained model's answers to files, or print those to sentences",
    "compare": "train under one budget with each choice and several seeds",
    "probe": "score frozen features, a linear probe and a bag of words",
    "pretrain": "train on text without labels",
}


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = cli.new_parser(__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, words in COMMANDS.items():
        module = importlib.import_module(name)
        form = argparse.RawDescriptionHelpFormatter
        own = commands.add_parser(
            name, help=words, description=module.__doc__, formatter_class=form
        )
        module.add_arguments(own)
        cli.add_common_flags(own, corpora.DATASETS, seed=SEED)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    args = parse(argv)
    devices.pick_device(args.device)
    devices.set_threads(getattr(args, "threads", None))
    devices.keep_memory()
    devices.seed_everything(args.seed)
    args.code = code_digest(ROOT, args.solution)
    importlib.import_module(args.command).run(args)
    return 0
