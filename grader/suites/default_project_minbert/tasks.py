"""Checks of one method of MultitaskBERT, whatever its heads are made of.

Three methods predict: of a sentence five logits, of a pair of sentences one number.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from grader import expect
from grader.random_inputs import indices
from grader.suites.default_project_minbert.lessons import TASKS
from grader.suites.default_project_minbert.models import V, config, padded, words

GRADES = 5
LENGTHS, OTHERS = [7, 2, 5, 4], [3, 6, 1, 4]  # of first and second sentences
METHODS = [method for method, _ in TASKS]
MODELS = 16  # with other random weights each: a score that is cut to 0 to 5 hides some of them
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


def models(student: Any, theirs: Any) -> Iterator[Any]:
    """The student's model with one set of random weights after another."""
    for seed in range(1, 1 + MODELS):
        student.probe.shake(theirs, seed, 0.3)
        yield theirs


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


def check_reads(student: Any, theirs: Any, method: str, generator: torch.Generator) -> None:
    """Checks that a method reads: another order of the first two tokens changes some result.

    Leaves the model with other weights.

    So a test of shapes or padding does not pass without BERT, for a sum of ids.
    """
    arguments = inputs(generator, method)
    arguments[0][:, 0] = 1 + arguments[0][:, 1] % (V - 1)  # two different ids
    swapped = [arguments[0][:, [1, 0, *range(2, max(LENGTHS))]], *arguments[1:]]
    for each in models(student, theirs):
        before, after = (predicted(each, method, texts) for texts in (arguments, swapped))
        if ((before - after).abs() > 1e-5).any():
            return
    raise AssertionError(f"the order of a sentence's tokens does not matter to {method}")


def check_result(student: Any, method: str, generator: torch.Generator) -> None:
    """Checks shapes, also of a single sentence or pair, and that the method reads."""
    theirs = model(student)
    batches = []
    for b in (1, 3, 1):
        sentences = [words(generator, b, 6), torch.ones(b, 6, dtype=torch.long)]
        if method != SENTIMENT:
            sentences += [words(generator, b, 6), sentences[1]]
        batches.append(sentences)
    for each in models(student, theirs):
        together = torch.cat([predicted(each, method, sentences) for sentences in batches])
        if not expect.is_close(together[1:], together[:-1]):
            break
    else:
        raise AssertionError(f"{method} says the same of everything")
    check_reads(student, theirs, method, generator)


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
    check_reads(student, theirs, method, generator)


def check_both(student: Any, method: str, generator: torch.Generator) -> None:
    """Checks that another sentence, in either place, changes each pair's result."""
    theirs = model(student)
    first, second, third = ([words(generator, 3, 6), torch.ones(3, 6).long()] for _ in range(3))
    for which, changed in (("first", [*third, *second]), ("second", [*first, *third])):
        same = torch.ones(3, dtype=torch.bool)
        for each in models(student, theirs):
            before, after = (predicted(each, method, pair) for pair in ([*first, *second], changed))
            same &= (after - before).abs() < 1e-6
            if not same.any():
                break
        assert not same.any(), f"another {which} sentence does not change what {method} returns"
    check_gradients(student, theirs, method, generator)


def check_gradients(student: Any, theirs: Any, method: str, generator: torch.Generator) -> None:
    """Checks that in training gradients reach the words of both sentences of every pair."""
    theirs.train()
    half, mask = V // 2, torch.ones(1, 6, dtype=torch.long)
    pair = [indices(generator, n, 1, 6, first=low) for low, n in ((1, half), (half, V))]
    reached: dict[str, list[bool]] = {"first": [], "second": []}
    for each in models(student, theirs):
        rows = student.probe.reached_words(each, method, [pair[0], mask, pair[1], mask])
        rows = [expect.whole(row) for row in expect.plain(rows)]
        reached["first"].append(any(0 < row < half for row in rows))
        reached["second"].append(any(row >= half for row in rows))
    for which, found in reached.items():
        assert any(found), f"no gradient of {method} reaches the words of the {which} sentence"
        assert all(found), (
            f"in training, {method} gives some pairs no gradient: cut a score off to 0 to 5 in "
            "evaluation only"
        )


def check_pooling(student: Any, generator: torch.Generator) -> None:
    """Checks that config.pooling counts in predict_sentiment."""
    arguments = inputs(generator, SENTIMENT)
    one, other = (
        predicted(model(student, pooling=pooling), SENTIMENT, arguments)
        for pooling in ("cls", "mean")
    )
    assert not expect.is_close(one, other), (
        "config.pooling makes no difference: take the sentences' vectors from self.forward"
    )


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
    check_reads(student, theirs, method, generator)
