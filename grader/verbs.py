"""A group of commands whose help lists each verb with its whole sentence."""

from __future__ import annotations

from collections.abc import Sequence

import click


class Verbs(click.Group):
    """Lists the verbs in the order of their file, each with its whole sentence."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, verb.help or "") for name, verb in self.commands.items()])


def command_path(group: click.Group, argv: Sequence[str]) -> str:
    """The command that a command line names, such as "grader class init"."""
    command: click.Command = group
    names = ["grader"]
    for word in argv:
        if not isinstance(command, click.Group) or word not in command.commands:
            break
        command = command.commands[word]
        names.append(word)
    return " ".join(names)
