"""A group of commands whose help lists each verb with its whole sentence."""

from __future__ import annotations

import click


class Verbs(click.Group):
    """Lists the verbs in the order of their file, each with its whole sentence."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, verb.help or "") for name, verb in self.commands.items()])
