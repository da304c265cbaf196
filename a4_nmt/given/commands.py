"""Translation from the command line.

python run.py train                              # on the embedded data: minutes
python run.py decode --model runs/a4_nmt/train/model < chinese.txt
python run.py evaluate --model runs/a4_nmt/train/model
python run.py attention --model runs/a4_nmt/train/model 下午三点一刻

With real sentences: --data tatoeba_zh_en, --data multi30k, or your own files. A stopped training
resumes where it was when you give the same command again. `python run.py COMMAND --help` lists a
command's flags.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import corpora
import options

from course import commands

# {command: (module, what it does)}. Each module has add_arguments(parser) and run(args). None is
# called attention: that is a module of yours.
COMMANDS = {
    "train": ("fit", "train a model, and keep the one that was best on dev"),
    "decode": ("translate", "translate a file, or standard input"),
    "evaluate": ("evaluate", "score a model on a data set: perplexity, BLEU and chrF"),
    "attention": ("alignment", "draw where a model looks while it translates a sentence"),
}


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    return commands.parse(argv, __doc__, COMMANDS, corpora.DATASETS)


def main(argv: Sequence[str] | None = None) -> int:
    return commands.run(parse(argv), COMMANDS, options.ROOT, options.RULES)
