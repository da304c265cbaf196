"""a1's public tests on a notebook's names, for other graders: see other_graders.py.

    run("test_c_norm", "test_training", globals())

It stands beside the notebook, in its own process, as tests do in those graders. A1_TESTS names the
folder of the tests.
"""

import importlib.util
import os
from pathlib import Path
from types import SimpleNamespace


def run(module, test, names):
    """Run one test of a1; raises what the test raises."""
    path = Path(os.environ["A1_TESTS"], f"{module}.py")
    spec = importlib.util.spec_from_file_location(module, path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    student = SimpleNamespace(makemore=SimpleNamespace(**names))
    getattr(loaded, test)(student)
