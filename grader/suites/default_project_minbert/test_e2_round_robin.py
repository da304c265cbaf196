"""Part e: round_robin."""

import itertools
from typing import Any

import pytest
import torch

from grader import expect
from grader.random_inputs import indices

pytestmark = [pytest.mark.part("e"), pytest.mark.about("round_robin")]
NAMES = ["sentiment", "paraphrase", "similarity"]


def taken(student: Any, loaders: dict[str, Any], steps: int) -> list[tuple[str, Any]]:
    """What round_robin yields: at most one pair more than `steps`."""
    pairs = student.probe.take(student.multitask_classifier.round_robin, loaders, steps)
    pairs = [expect.items(pair, 2, "what round_robin yields") for pair in expect.plain(pairs)]
    return [(expect.text(name, "the task's name"), batch) for name, batch in pairs]


def batches(generator: torch.Generator, lengths: list[int]) -> dict[str, list[int]]:
    """{task: its batches}, as many as `lengths` says; a batch is a number here."""
    numbers = iter(torch.randperm(1000, generator=generator).tolist())
    return {n: list(itertools.islice(numbers, k)) for n, k in zip(NAMES, lengths, strict=False)}


@pytest.mark.points(1)
@pytest.mark.hint("step number i takes task number i % len(loaders)")
def test_in_turn(student: Any, generator: torch.Generator) -> None:
    """The tasks come in turn, `steps` batches in all, each task's in its loader's order."""
    for lengths, steps in (([4, 4, 4], 12), ([5, 6, 7], 8), ([3, 9], 5), ([9], 4), ([2, 2, 2], 1)):
        loaders = batches(generator, lengths)
        pairs = taken(student, loaders, steps)
        names = list(loaders)
        assert len(pairs) == steps, f"{len(pairs)} batches in place of {steps}"
        expected = [(names[i % len(names)], i // len(names)) for i in range(steps)]
        assert [name for name, _ in pairs] == [name for name, _ in expected], (
            "the tasks do not come in turn, in the order of the loaders"
        )
        assert [batch for _, batch in pairs] == [loaders[name][i] for name, i in expected], (
            "a task's batches are not its loader's, in order"
        )


@pytest.mark.points(1)
@pytest.mark.hint("on StopIteration make a new iterator of this one loader, and go on")
def test_starts_again(student: Any, generator: torch.Generator) -> None:
    """A loader that runs out starts again, and the others go on where they are."""
    for lengths, steps in (([2, 5, 3], 45), ([1, 7], 31), ([6, 1, 2], 40)):
        loaders = batches(generator, lengths)
        pairs = taken(student, loaders, steps)
        assert len(pairs) == steps, f"{len(pairs)} batches in place of {steps}"
        for name, own in loaders.items():
            seen = [batch for task, batch in pairs if task == name]
            assert seen, f"a task has no turn in {steps} steps"
            expected = [own[i % len(own)] for i in range(len(seen))]
            assert seen == expected, f"of {len(own)} batches, others come than the next in order"
        counts = [sum(task == name for task, _ in pairs) for name in loaders]
        assert max(counts) - min(counts) <= 1, "some tasks have more turns than others"


@pytest.mark.points(1)
@pytest.mark.hint("iter(loader) once more: itertools.cycle and list keep the first round's batches")
def test_iterates_anew(student: Any) -> None:
    """A loader that starts again is iterated anew, so that its batches may be other ones."""
    lengths = dict(zip(NAMES, (2, 5, 3), strict=True))
    call = student.multitask_classifier.round_robin
    pairs = expect.plain(student.probe.take_epochs(call, lengths, 45))
    pairs = [expect.items(pair, 2, "what round_robin yields") for pair in pairs]
    for name, count in lengths.items():
        turns = [batch for task, batch in pairs if expect.text(task, "the task's name") == name]
        own = [expect.items(batch, 2, "a batch") for batch in turns]
        epochs = [expect.whole(epoch) for epoch, _ in own]
        assert len(own) == 15, f"a task has {len(own)} turns of 45, not 15"
        rounds = [set(epochs[first : first + count]) for first in range(0, 15, count)]
        assert all(len(each) == 1 for each in rounds), "a round's batches are not of one iteration"
        assert len(set.union(*rounds)) == len(rounds), (
            "when a loader starts again, the batches of an earlier round come once more"
        )


@pytest.mark.points(1)
@pytest.mark.hint("range(steps): with 0 steps there is nothing")
def test_ends(student: Any, generator: torch.Generator) -> None:
    """It ends after `steps` batches, be there none or as many as the loaders hold together."""
    loaders = batches(generator, [2, 3])
    assert taken(student, loaders, 0) == [], "with 0 steps something comes"
    pairs = taken(student, loaders, 5)
    assert len(pairs) == 5, f"{len(pairs)} batches in place of 5"
    tensors = {name: [indices(generator, 9, 2, 3) for _ in range(2)] for name in NAMES}
    for place, (name, batch) in enumerate(taken(student, tensors, 9)):
        batch = expect.tensor(batch, (2, 3), torch.long, "a batch")
        assert torch.equal(batch, tensors[name][place // 3 % 2]), "a batch is not as it was given"
