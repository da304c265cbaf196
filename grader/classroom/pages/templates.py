"""The pages' templates: everything is escaped, and only the one script of ours may run."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from grader.classroom.words import agreeing
from grader.report.templates import environment
from grader.report.words import points


def render(page: str, **values: Any) -> str:
    """The text of a page with these values."""
    return _templates().get_template(f"{page}.html.jinja").render(**values)


@cache
def _templates() -> Environment:
    templates = environment("grader.classroom.pages", "templates")
    templates.filters.update(points=points, share=_share, agreeing=agreeing)
    script = _text("table.js")
    templates.globals.update(
        script=Markup(script), style=Markup(_text("style.css")), script_hash=_hash(script)
    )
    return templates


def _text(name: str) -> str:
    return (resources.files("grader.classroom.pages") / "templates" / name).read_text("utf-8")


def _hash(script: str) -> str:
    """What a Content-Security-Policy names a script by."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _share(value: float) -> str:
    """0.25 -> "25 %"."""
    return f"{100 * value:.0f} %"
