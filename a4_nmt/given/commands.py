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
import importlib
from collections.abc import Sequence

import corpora
import options

from course import cli, devices
from course.launch import code_digest

# {command: (module, what it does)}. Each module has add_arguments(parser) and run(args). None is
# called attention: that is a module of yours.
COMMANDS = {
    "train": ("fit", "train a model, and keep the one that was best on dev"),
    "decode": ("translate", "translate a file, or standard input"),
    "evaluate": ("evaluate", "score a model on a data set: perplexity, BLEU and chrF"),
    "attention": ("alignment", "draw where a model looks while it translates a sentence"),
}


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = cli.new_parser(__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    form = argparse.RawDescriptionHelpFormatter
    for name, (module_name, words) in COMMANDS.items():
        module = importlib.import_module(module_name)
        own = commands.add_parser(
            name, help=words, description=module.__doc__, formatter_class=form
        )
        module.add_arguments(own)
        cli.add_common_flags(own, corpora.DATASETS)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    args = parse(argv)
    cli.check(args, options.RULES)
    devices.pick_device(args.device)
    devices.set_threads(args.threads)
    devices.keep_memory()
    devices.seed_everything(args.seed)
    args.code = code_digest(options.ROOT, args.solution)
    importlib.import_module(COMMANDS[args.command][0]).run(args)
    return 0
