"""Finds a probe by its name: first among the suite's own, then among those of probes.py."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from grader.boundary.inside import probes

# Where the suite's probes say that they come from; no module of this name can be imported.
NAME = f"{__package__}.suite_probes"


class Probes:
    """The probes of one suite and the generic ones, as attributes."""

    def __init__(self, source: bytes = b"") -> None:
        """source: the text of the suite's probes.py, run here; empty if it has none.

        Make it before any student module can be imported: what the text imports is then ours.
        """
        self._suite = ModuleType(NAME)
        exec(compile(source, f"{NAME}.py", "exec"), vars(self._suite))

    def __getattr__(self, name: str) -> Callable[..., Any]:
        owner = self._suite if hasattr(self._suite, name) else probes
        probe: Callable[..., Any] = getattr(owner, name)
        return probe

    def elementary(self, function: Any, arguments: list[Any], through: str | None = None) -> Any:
        """probes.elementary, with the name of a probe of either kind."""
        probe = None if through is None else getattr(self, through)
        return probes.elementary(function, arguments, probe)
