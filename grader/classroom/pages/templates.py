"""The pages' templates: everything is escaped, and only the one script of ours may run."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from grader.report.words import clean, points


def render(page: str, **values: Any) -> str:
    """The text of a page with these values."""
    return _environment().get_template(f"{page}.html.jinja").render(**values)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("grader.classroom.pages", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_cleaned,
    )
    environment.filters.update(points=points, share=_share)
    script = _text("table.js")
    environment.globals.update(
        script=Markup(script), style=Markup(_text("style.css")), script_hash=_hash(script)
    )
    return environment


def _cleaned(value: Any) -> Any:
    """Every {{ value }}, before it is escaped: names and messages are not trusted."""
    if type(value) is not str or value.isprintable():  # most are, and this takes far less time
        return value
    return clean(value)


def _text(name: str) -> str:
    return (resources.files("grader.classroom.pages") / "templates" / name).read_text("utf-8")


def _hash(script: str) -> str:
    """What a Content-Security-Policy names a script by."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _share(value: float) -> str:
    """0.25 -> "25 %"."""
    return f"{100 * value:.0f} %"
