"""The benchmarks run, and their last line is one JSON object that holds what they promise."""

import ast
import importlib
import json
import random
import sys
from pathlib import Path

import nbformat
import pytest

from grader.assignment import find
from grader.intake.submission import take
from tests.programs import ROOT, error_of, python

SMALL_NMT = {
    **{"embed_size": 16, "hidden_size": 16, "vocab_size": 200, "max_steps": 20},
    # What an untrained model finds is tied but for rounding, which depends on the batch.
    **{"rounds": 1, "steps": 1, "sentences": 4, "train_steps": 60},
}

SMALL_CLM = {
    **{"embed_size": 8, "hidden_size": 16, "mixtures": 2, "batch_size": 8},
    **{"rounds": 1, "turn": 1, "train_steps": 2, "dev_lines": 8},
}


@pytest.mark.parametrize(
    ("name", "options", "promised"),
    [
        (
            "training",
            ["--rounds", "1", "--batch-sizes", "4", "--loss-steps", "10"],
            {"dense_ratio", "real_ratio", "loss", "plain_loss", "loss_difference", "hardware"},
        ),
        (
            "step",
            ["--rounds", "1", "--batch-size", "4"],
            {"float32_gflops", "bfloat16_gflops", "steps", "kinds of plain", "kinds of trainer"},
        ),
        ("evaluation", ["--names", "9"], {"names", "ratio", "same", "hardware"}),
        ("makemore", ["--steps", "100"], {"ratio", "plain_ratio", "clock", "hardware"}),
        (
            "nmt",
            [f"--{name}={value}" for name, value in SMALL_NMT.items()],
            {"training", "decoding", "clock", "hardware"},
        ),
        (
            "clm",
            [f"--{name}={value}" for name, value in SMALL_CLM.items()],
            {"training", "loss", "plain_loss", "clock", "hardware"},
        ),
        (  # batches of 64 are those in which it reads, too
            "minbert",
            ["--rounds=1", "--steps=1", "--batch_size=64", "--int8"],
            {"training", "reading", "int8", "clock", "hardware"},
        ),
        (
            "similarity",
            ["--assignment=a2", "--submissions=8", "--copies=2"],
            {"submissions", "copies", "ours_found", "ours_auc", "ours_seconds", "hardware"},
        ),
        (
            "ledger",
            ["--students=20", "--assignments", "a2"],
            {"students", "assignments", "submissions", "commands", "hardware"},
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_benchmark_ends_with_its_figures(name, options, promised):
    threads = [] if name in ("similarity", "ledger") else ["--threads", "1"]
    result = python(f"benchmarks/{name}.py", *options, *threads, cwd=ROOT)
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout.splitlines()[-1])
    assert promised <= set(found)
    if name == "evaluation":
        assert found["names"] == found["same"] == 9
    if name == "training":  # after so few steps even bfloat16 has not led away
        assert abs(found["loss_difference"]) < 0.01
    if name == "similarity":
        assert (found["submissions"], found["copies"]) == (10, 2)  # copies are handed in too
        assert 0 <= found["ours_found"] <= 1
    if name == "ledger":
        assert (found["students"], found["assignments"]) == (20, 1)
        assert found["submissions"] > 0
        assert len(found["commands"]) == 5
        assert all(each["mib"] > 10 for each in found["commands"].values())
    if name == "nmt":  # both search with the same weights
        assert found["decoding"]["same"] == 1


@pytest.fixture(name="others")
def _others(monkeypatch):
    """benchmarks/other_graders.py, without the other graders."""
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    yield importlib.import_module("other_graders")
    for name in ("other_graders", "class"):
        sys.modules.pop(name, None)


def test_other_graders_need_their_environment(tmp_path):
    result = python("benchmarks/other_graders.py", "--venv", tmp_path, cwd=ROOT)
    assert error_of(result).startswith(f"--venv {tmp_path} has no otter: name one that has")
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "others"  # it was a traceback, after "installing ..."
    result = python("benchmarks/other_graders.py", "--venv", folder, cwd=ROOT)
    told = result.stderr.splitlines()
    assert told[0].startswith("installing otter-grader==")
    assert told[1:] == [f"error: --venv {folder} cannot be made: Not a directory"]
    assert result.returncode == 2


def test_forgeries_are_the_skeleton_and_its_attack(others):
    assignment = find("a1")
    trees = others.made(assignment, 10, random.Random(0))
    assert len(trees) == 10
    forged = [tree for tree in trees if tree.name in others.FORGERIES]
    assert len(forged) == 2
    skeleton = take(assignment.src, assignment)
    (name,) = assignment.student_files
    for tree in forged:
        assert tree.files[name].startswith(skeleton.files[name])
        ast.parse(tree.files[name])
        book = others.as_notebook(tree)
        assert book.cells[-1].source == others.FORGERIES[tree.name]
    honest = [tree for tree in trees if tree not in forged]
    assert not any(tree.name.startswith(tuple(others.classes.HOSTILE)) for tree in honest)


def test_each_public_test_is_a_cell_and_a_file_of_the_others(others):
    assignment = find("a1")
    tests = others.public_tests(assignment)
    assert len({name for _, name, _ in tests}) == len(tests) > 5
    assert sum(points for *_, points in tests) > 0
    cells = [others.nbgrader_cell(*test) for test in tests]
    book = others.as_notebook(take(assignment.src, assignment))
    whole = others.with_cells(book, cells)
    nbformat.validate(whole)
    assert len(whole.cells) == len(book.cells) + len(tests)
    assert [cell.metadata.nbgrader["points"] for cell in cells] == [p for *_, p in tests]
    for test in tests:
        ast.parse(others.otter_test(*test))


# As in a notebook: in a process of its own, in which our names of marks mean nothing to pytest.
NOTEBOOK = """
import pathlib, sys
import notebook_tests
module, test, path = sys.argv[1:]
names = {"__name__": "makemore"}
exec(compile(pathlib.Path(path).read_bytes(), path, "exec"), names)
notebook_tests.run(module, test, names)
"""


def test_the_solution_passes_and_the_skeleton_does_not(others, monkeypatch):
    """What stands in the others' notebooks runs our tests on the notebook's names."""
    assignment = find("a1")
    monkeypatch.setenv("A1_TESTS", str(assignment.tests))
    module, test, _ = others.public_tests(assignment)[0]
    (name,) = (Path(name).name for name in assignment.student_files)
    done = [
        python("-c", NOTEBOOK, module, test, folder / name, cwd=ROOT / "benchmarks")
        for folder in (assignment.solution, assignment.src)
    ]
    assert done[0].returncode == 0, done[0].stderr
    assert "NotImplementedError" in done[1].stderr


def test_only_forgeries_with_every_point_have_full_marks(others):
    trees = others.made(find("a1"), 10, random.Random(0))
    numbers = [n for n, tree in enumerate(trees) if tree.name in others.FORGERIES]
    shares = dict.fromkeys(range(10), 1.0) | {numbers[0]: 0.5}
    told = others.summary(trees, 20.0, shares)
    assert told["per_second"] == 0.5
    assert told["full marks"] == [trees[numbers[1]].name]
