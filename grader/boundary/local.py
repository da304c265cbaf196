"""Modules imported into this process: the reference solution, and work graded without a worker.

A submission and the solution both call their modules `model`, `dataset`, ...; each `LocalStudent`
keeps its own, and puts them in place while one of them is imported or a probe runs.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from grader.boundary.inside.lookup import Probes

AT_IMPORT = "raised while a module of the submission was imported"  # a note on the exception


class LocalStudent:
    """The modules of a folder, and of the `given` next to it, imported here.

    The same namespace as a RemoteStudent's.
    """

    def __init__(self, folder: Path, probes: bytes = b"") -> None:
        """`probes`: the text of the suite's own."""
        self.folder = folder
        self._folders = (folder, folder.parent / "given")
        self.probe = _LocalProbes(self, Probes(probes))
        self.output: list[bytes] = []  # nobody's: what code prints here goes to the terminal
        self.answered = False  # here, an exception in a test counts as our own fault
        self._names = {path.stem for each in self._folders for path in each.glob("*.py")}
        self._modules: dict[str, ModuleType] = {}

    def begin(self, seed: int, seconds: float | None = None, part: str | None = None) -> None:
        """Starts a test: seeds it; in this process there is no time limit and no file swap."""
        self.probe.seed(seed)

    def wrote(self, name: str) -> bool:
        """In this process every name may be shown."""
        return True

    def close(self) -> None:
        """Forgets the modules."""
        self._modules.clear()

    def __getattr__(self, name: str) -> ModuleType:
        if name.startswith("_"):
            raise AttributeError(name)
        with self._in_place():
            try:
                return importlib.import_module(name)
            except Exception as error:
                error.add_note(AT_IMPORT)
                raise

    @contextlib.contextmanager
    def _in_place(self) -> Iterator[None]:
        """Within it, the folder's flat names mean this folder's modules."""
        others = {name: sys.modules.pop(name) for name in self._names if name in sys.modules}
        sys.modules.update(self._modules)
        before = list(sys.path)
        sys.path[:0] = map(str, self._folders)
        importlib.invalidate_caches()
        try:
            yield
        finally:
            sys.path[:] = before
            for name in self._names & sys.modules.keys():
                self._modules[name] = sys.modules.pop(name)
            sys.modules.update(others)


class _LocalProbes:
    def __init__(self, student: LocalStudent, probes: Probes) -> None:
        self._student, self._probes = student, probes

    def __getattr__(self, name: str) -> Callable[..., Any]:
        function = getattr(self._probes, name)

        def probe(*args: Any, **kwargs: Any) -> Any:
            with self._student._in_place():
                return function(*args, **kwargs)

        return probe
