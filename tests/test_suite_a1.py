"""a1's hidden suite and public tests: on the solution, the skeleton, and values of any kind."""

from __future__ import annotations

import textwrap
from dataclasses import replace

import pytest
import torch

from grader.assignment import find
from grader.boundary.local import LocalStudent
from grader.boundary.sandbox import why_no_sandbox
from grader.skeleton import BEGIN, END
from grader.submission import Tree, take
from grader.suites.a1_makemore import training
from grader.suites.a1_makemore.purity import uses_torch_nn
from grader.verdict.audit import Case, Kind, tree_of
from grader.verdict.check import check
from grader.verdict.grade import Options, grade
from grader.verdict.score import Outcome, Result

A1 = find("a1")
ODD = {
    "none": "None",
    "text": "'text'",
    "list": "[[], None]",
    "number": "10**400",
    "handle": "object()",
    "pair_of_handles": "(object(), object())",
    "nan": "(__import__('torch').full((2, 3), float('nan')),) * 2",
    "complex": "__import__('torch').ones(2, 3, dtype=__import__('torch').complex64)",
    "scalar": "__import__('torch').tensor(7)",
    "empty": "__import__('torch').empty(0, 5)",
    "dict": "{'a': None}",
}


def odd(expression: str) -> Tree:
    """The solution with every function that students write returning one value.

    A constructor sets every attribute to that value instead.
    """
    tree = take(A1.solution, A1)
    lines, inside, method = [], False, ""
    for line in tree.files["src/makemore.py"].decode().splitlines():
        method = line if line.lstrip().startswith("def ") else method
        inside = inside and line.strip() != END
        if not inside:
            lines.append(line)
        if line.strip() == BEGIN:
            inside = True
            indent = line[: len(line) - len(line.lstrip())]
            names = ("weight", "bias", "gamma", "beta", "running_mean", "running_var", "training")
            body = "\n".join(f"self.{name} = {expression}" for name in names)
            body = body if "__init__" in method else f"return {expression}"
            lines.append(textwrap.indent(body, indent))
    return replace(tree, files={"src/makemore.py": ("\n".join(lines) + "\n").encode()})


def faults(result: Result) -> list[str]:
    """What the grader itself did wrong."""
    broken = [test for test in result.tests if test.outcome is Outcome.GRADER_FAULT]
    return [*result.faults, *(f"{test.name}: {test.message}" for test in broken)]


def failed(result: Result) -> list[str]:
    return [test.name for test in result.tests if test.outcome is not Outcome.PASSED]


def test_public_tests_on_the_solution() -> None:
    result = check(A1, take(A1.solution, A1))
    assert not faults(result)
    assert failed(result) == []
    assert {part.id for part in result.parts if part.max_score} == set(A1.part_titles)


def test_public_tests_on_the_skeleton() -> None:
    result = check(A1, tree_of(A1, Case(Kind.SKELETON)))
    assert not faults(result)
    assert {test.outcome for test in result.tests} == {Outcome.NOT_IMPLEMENTED}


def test_hidden_suite_on_the_solution() -> None:
    result = grade(A1, take(A1.solution, A1), Options(isolation="none", quick=True))
    assert not faults(result)
    assert failed(result) == []


def test_hidden_suite_on_the_skeleton() -> None:
    """None of it passes; every test has a sentence, a hint and points, the promised ones."""
    result = grade(A1, tree_of(A1, Case(Kind.SKELETON)), Options(isolation="none"))
    assert not faults(result)
    assert (result.score, result.max_score) == (0, A1.points)
    assert {test.outcome for test in result.tests} == {Outcome.NOT_IMPLEMENTED}
    for test in result.tests:
        assert test.title.endswith("."), test.name
        assert test.hint, test.name
        assert test.max_score > 0, test.name


@pytest.mark.skipif(why_no_sandbox() is not None, reason="needs bubblewrap")
@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=[] if n in ("none", "handle") else pytest.mark.slow) for n in ODD],
)
def test_odd_values_are_no_fault_of_the_grader(name: str) -> None:
    result = grade(A1, odd(ODD[name]), Options(isolation="sandbox"))
    assert not faults(result)
    assert [test.name for test in result.tests if test.score] == []


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
        ("def helper(): return 1\nclass Linear:\n    def f(self): return helper()", False),
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
