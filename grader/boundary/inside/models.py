"""Models of ours that student code cannot recognise, for probes that test what uses a model."""

from __future__ import annotations

import os
from typing import Any


def undisclosed(base: type, members: dict[str, Any]) -> Any:
    """An object of a class whose name is random.

    Give it no attribute that shows what it computes, so that it looks like a student's own model.
    """
    return type(f"Model{os.urandom(4).hex()}", (base,), {"__module__": "__main__", **members})()
