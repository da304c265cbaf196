"""From the plain values of a TOML or JSON file to our dataclasses: a misspelt key is an error.

msgspec checks types and constraints, but refuses unknown keys only in its own Structs.
"""

from __future__ import annotations

import tomllib
from collections.abc import Container
from pathlib import Path
from typing import Any, TypeVar

from msgspec import ValidationError, convert, inspect

T = TypeVar("T")


def read_toml(path: Path, kind: type[T], **given: Any) -> T:
    """The dataclass `kind` from a file's keys, and from the fields `given` that are not keys.

    Raises OSError, and ValueError with one line that names the key and what is valid.
    """
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    _check_keys(table, inspect.type_info(kind), given)
    return convert(table | given, kind)


def from_json(value: Any, kind: type[T]) -> T:
    """The dataclass `kind` from the values of a JSON file; raises ValidationError."""
    _check_keys(value, inspect.type_info(kind))
    return convert(value, kind)


def _check_keys(value: Any, kind: inspect.Type, given: Container[str] = ()) -> None:
    """Raises ValidationError for a key at any depth that is not a field of its dataclass."""
    if isinstance(value, list) and isinstance(kind, inspect.VarTupleType):
        for each in value:
            _check_keys(each, kind.item_type)
    elif isinstance(value, dict) and isinstance(kind, inspect.DataclassType):
        fields = {field.name: field.type for field in kind.fields if field.name not in given}
        for key in value:
            if key not in fields:
                raise ValidationError(f"{key!r} is not a key: choose from {', '.join(fields)}")
            _check_keys(value[key], fields[key])
