"""The commands of a run.py that has one module for each: `python run.py COMMAND ...`.

    COMMANDS = {"train": ("fit", "train a model"), "sample": ("sampling", "write texts")}

    def main(argv=None):
        args = parse(argv, __doc__, COMMANDS, DATASETS)
        return run(args, COMMANDS, ROOT, RULES)

A command is {its name: (module, what it does)}. The module has `add_arguments(parser)`, and
`run(args)`, where args.code identifies the code that runs (launch.code_digest).
"""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from course import cli, devices
from course.launch import code_digest

Commands = Mapping[str, tuple[str, str]]


def parse(
    argv: Sequence[str] | None,
    description: str | None,
    commands: Commands,
    datasets: Sequence[str],
    seed: int = 0,
) -> argparse.Namespace:
    """The flags of the command that argv names, in `command`.

    datasets, seed: see cli.add_common_flags.
    """
    parser = cli.new_parser(description)
    each = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    form = argparse.RawDescriptionHelpFormatter
    for name, (module_name, words) in commands.items():
        module = importlib.import_module(module_name)
        own = each.add_parser(name, help=words, description=module.__doc__, formatter_class=form)
        module.add_arguments(own)
        cli.add_common_flags(own, datasets, seed)
    return parser.parse_args(argv)


def run(
    args: argparse.Namespace,
    commands: Commands,
    root: Path,
    rules: Mapping[str, cli.Rules] | None = None,
) -> int:
    """Run the command of `parse`; returns the exit code.

    root: the assignment's folder. rules: of all commands' flags. Raises UserError for a flag's
    value that breaks one.
    """
    cli.check(args, rules or {})
    devices.pick_device(args.device)
    devices.set_threads(getattr(args, "threads", None))
    devices.keep_memory()
    devices.seed_everything(args.seed)
    args.code = code_digest(root, args.solution)
    importlib.import_module(commands[args.command][0]).run(args)
    return 0
