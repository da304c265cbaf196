"""The result as JSON, in the schema of docs/result.md; every other report can be made from it."""

from __future__ import annotations

import json

from msgspec import ValidationError

from grader.verdict.result import Result


def render(result: Result) -> str:
    """The JSON text: ASCII, so that lone surrogates in a student's message survive."""
    return json.dumps(result.to_json(), indent=2, allow_nan=False) + "\n"


def parse(text: str) -> Result:
    """The inverse of `render`; raises ValueError if it is not a result of this schema."""
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError(f"a result is a JSON object, not {type(value).__name__}")
    try:
        return Result.from_json(value)
    except ValidationError as error:
        raise ValueError(f"not a complete result: {error}") from None
