"""How the templates of all pages are filled in: what they show is not trusted."""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from grader.report.words import clean


def environment(package: str, folder: str) -> Environment:
    """That of the templates in a folder of a package: every {{ value }} is cleaned and escaped."""
    return Environment(
        loader=PackageLoader(package, folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_cleaned,
    )


def _cleaned(value: Any) -> Any:
    """Every {{ value }}, before it is escaped: names and messages are not trusted."""
    if type(value) is not str or value.isprintable():  # most are, and this takes far less time
        return value
    return clean(value)
