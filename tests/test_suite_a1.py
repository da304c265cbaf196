"""What a1's hidden suite alone has: a threshold on a training, and no torch.nn."""

from __future__ import annotations

import pytest
import torch

from grader.assignment import find
from grader.boundary.local import LocalStudent
from grader.suites.a1_makemore import training
from grader.suites.a1_makemore.purity import uses_torch_nn

A1 = find("a1")


@pytest.mark.slow
@pytest.mark.parametrize("seed", [100, 101, 102])
def test_short_training_lies_far_from_both_sides(seed: int) -> None:
    """The suite's threshold, 2.3, is far from what training and what counting reach."""
    names = LocalStudent(A1.root).embedded.build(3600, seed)
    solution = LocalStudent(A1.solution)
    stoi, _ = solution.makemore.build_vocabulary(names)
    _, y = training.rows(names[:2600], stoi)
    shares = torch.bincount(y) / len(y)
    assert -(shares * shares.log()).sum() > 2.7  # guessing by frequency
    solution.begin(seed)
    for steps, low, high in ((0, 3.0, 3.3), (training.STEPS, 1.9, 2.2)):
        model = training.learn(solution, names[:2600], stoi, seed, steps)
        assert low < training.hidden_loss(solution, model, names[2600:], stoi, seed) < high


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import torch\nclass Linear:\n    def f(self, x): return x @ self.nn", False),
        ("from torch import nn\nclass Linear: pass\nprint(nn.Linear(1, 1))", False),
        ("class Linear: pass\nif __name__ == '__main__':\n    f = torch.nn.Tanh", False),
        ("class Linear:\n    def f(self): return getattr(self, 'bias', None)", False),
        ("class Linear:\n    def f(self): return [getattr(self, n) for n in 'ab']", False),
        ("def helper(): return 1\nclass Linear:\n    def f(self): return helper()", False),
        ("from torch import nn\nl = nn.Tanh()\nclass Linear:\n    def f(self, l): return l", False),
        ("from torch import nn\nl = nn.Tanh()\ndef Linear(x):\n    l, vars = x", False),
        ("import torch\nF = torch.nn\ndef Linear(x, F=F): return F.Linear(1, 1)", True),
        ("import torch\nF = torch.nn\nclass Linear:\n    F = F", True),
        ("import torch\nF = torch.nn\ndef Linear(x):\n    def g(): return F\n    return g()", True),
        ("import torch\ndef Linear(x): return torch.batch_norm(x)", True),
        ("from torch import native_batch_norm as n\ndef Linear(x): return n(x)", True),
        ("import torch\nclass Linear:\n    def f(self, x): return torch.nn.Tanh()(x)", True),
        ("from torch import nn\nclass Linear(nn.Module): pass", True),
        ("import torch.nn.functional as F\nclass Linear:\n    def f(self): return F.tanh", True),
        ("import torch as t\nn = t.nn\nm = n\nclass Linear:\n    def f(self): return m", True),
        ("try:\n    from torch.nn import Tanh as T\nfinally: pass\nclass Linear(T): pass", True),
        ("class Linear: pass\nimport torch\nLinear.__call__ = torch.nn.functional.linear", True),
        ("class Linear: pass\nimport torch\nsetattr(Linear, 'f', torch.nn.Linear)", True),
        ("def g():\n    import torch.nn\nclass Linear:\n    def f(self): return g()", True),
        ("import importlib\nclass Linear:\n    f = importlib.import_module('torch.' + 'nn')", True),
        ("class Linear:\n    f = __import__('torch').tensor", True),
        ("import torch\nclass Linear:\n    f = getattr(torch, 'n' * 2)", True),
        ("from engine import _Linear\nclass Linear(_Linear): pass", True),
        ("import torch\nclass Linear:\n    def f(self, x): return torch.ops.aten.tanh(x)", True),
    ],
)  # fmt: skip
def test_torch_nn_is_seen_where_it_is_used_and_only_there(source: str, found: bool) -> None:
    assert uses_torch_nn(source, ["Linear"]) is found


def test_the_solution_is_written_by_hand() -> None:
    source = (A1.solution / "makemore.py").read_text(encoding="utf-8")
    names = ["Linear", "BatchNorm1d", "wavenet", "train", "evaluate", "sample"]
    assert not uses_torch_nn(source, names)
