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
from collections.abc import Sequence

import corpora
from options import ROOT, SEED

from course import commands

# {command: (module, what it does)}. Each module has add_arguments(parser) and run(args).
COMMANDS = {
    "sentiment": ("sentiment", "finetune a classifier on SST or CFIMDB"),
    "multitask": ("multitask", "finetune one BERT on three tasks"),
    "predict": ("predict", "write a trained model's answers to files, or print those to sentences"),
    "compare": ("compare", "train under one budget with each choice and several seeds"),
    "probe": ("probe", "score frozen features, a linear probe and a bag of words"),
    "pretrain": ("pretrain", "train on text without labels"),
}


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    return commands.parse(argv, __doc__, COMMANDS, corpora.DATASETS, SEED)


def main(argv: Sequence[str] | None = None) -> int:
    return commands.run(parse(argv), COMMANDS, ROOT)
