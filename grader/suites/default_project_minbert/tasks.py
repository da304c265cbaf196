"""Checks of one method of MultitaskBERT, whatever its heads are made of.

Three methods predict: of a sentence five logits, of a pair of sentences one number.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from grader import expect
from grader.suites.default_project_minbert.lessons import TASKS
from grader.suites.default_project_minbert.models import V, config, padded, words

GRADES = 5
LENGTHS, OTHERS = [7, 2, 5, 4], [3, 6, 1, 4]  # of first and second sentences
METHODS = [method for method, _ in TASKS]
SENTIMENT, PARAPHRASE, SIMILARITY = METHODS


def sizes(code: Any, **changes: Any) -> Any:
    """A configuration with room for two sentences, so that a pair may be read as one text."""
    return config(code, **{"max_position_embeddings": 32} | changes)


def model(student: Any, **changes: Any) -> Any:
    """The student's MultitaskBERT with random weights, in evaluation mode."""
    theirs = student.multitask_classifier.MultitaskBERT(sizes(student, **changes))
    theirs = expect.thing(theirs, "MultitaskBERT")
    student.probe.shake(theirs, 1, 0.3)
    theirs.eval()
    return theirs


def inputs(generator: torch.Generator, method: str) -> list[Tensor]:
    """Ids and mask of sentences, and of the second ones for a method about pairs."""
    first = [*padded(generator, LENGTHS)]
    return first if method == SENTIMENT else [*first, *padded(generator, OTHERS)]


def predicted(theirs: Any, method: str, arguments: list[Tensor]) -> Tensor:
    """What a method returns: (b, 5), or (b,) for pairs; one of (b, 1) is made (b,)."""
    result, b = getattr(theirs, method)(*arguments), len(arguments[0])
    if method == SENTIMENT:
        return expect.tensor(result, (b, GRADES), "float", f"what {method} returns")
    what = f"what {method} returns, one number per pair,"
    if isinstance(result, Tensor) and result.dim() == 2:
        return expect.tensor(result, (b, 1), "float", what)[:, 0]
    return expect.tensor(result, (b,), "float", what)


def check_reads(theirs: Any, method: str, generator: torch.Generator) -> None:
    """Checks that a method reads: another order of the first two tokens changes some result.

    So a test of shapes or padding does not pass without BERT, for a sum of ids.
    """
    arguments = inputs(generator, method)
    arguments[0][:, 0] = 1 + arguments[0][:, 1] % (V - 1)  # two different ids
    swapped = [arguments[0][:, [1, 0, *range(2, max(LENGTHS))]], *arguments[1:]]
    before, after = (predicted(theirs, method, each) for each in (arguments, swapped))
    changed = (before - after).abs() > 1e-5
    assert changed.any(), f"the order of a sentence's tokens does not matter to {method}"


def check_result(student: Any, method: str, generator: torch.Generator) -> None:
    """Checks shapes, also of a single sentence or pair, and that the method reads."""
    theirs = model(student)
    results = []
    for b in (1, 3, 1):
        sentences = [words(generator, b, 6), torch.ones(b, 6, dtype=torch.long)]
        if method != SENTIMENT:
            sentences += [words(generator, b, 6), sentences[1]]
        results.append(predicted(theirs, method, sentences))
    together = torch.cat(results)
    assert not expect.is_close(together[1:], together[:-1]), f"{method} says the same of everything"
    check_reads(theirs, method, generator)


def check_padding(student: Any, method: str, generator: torch.Generator) -> None:
    """Checks each row of a padded batch against the same row by itself, without padding."""
    theirs = model(student)
    arguments = inputs(generator, method)
    together = predicted(theirs, method, arguments)
    lengths = [LENGTHS, LENGTHS, OTHERS, OTHERS]
    for row in range(len(LENGTHS)):
        alone = [x[row : row + 1, : n[row]] for x, n in zip(arguments, lengths, strict=False)]
        what = f"what {method} returns without padding"
        expect.close(predicted(theirs, method, alone), together[row : row + 1], what)
    check_reads(theirs, method, generator)


def check_both(student: Any, method: str, generator: torch.Generator) -> None:
    """Checks that another sentence, in either place, changes each pair's result."""
    theirs = model(student)
    first, second, third = ([words(generator, 3, 6), torch.ones(3, 6).long()] for _ in range(3))
    before = predicted(theirs, method, [*first, *second])
    for which, changed in (("first", [*third, *second]), ("second", [*first, *third])):
        after = predicted(theirs, method, changed)
        same = (after - before).abs() < 1e-6
        assert not same.any(), f"another {which} sentence does not change what {method} returns"


def check_logits(student: Any, method: str, generator: torch.Generator) -> None:
    """Checks that models with random weights give numbers below 0 and above 1."""
    theirs = model(student)
    values = []
    for seed in range(8):
        student.probe.shake(theirs, seed, 1.0)
        values.append(predicted(theirs, method, inputs(generator, method)).flatten())
    logits = torch.cat(values)
    for wrong, what in ((logits >= 0, "below 0"), (logits <= 1, "above 1")):
        assert not wrong.all(), f"with random weights, none of 8 models' logits is {what}"
    check_reads(theirs, method, generator)
