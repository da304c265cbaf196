"""Generated tasks for short trainings in the worker, and what the trained models know.

Which word means what is drawn with the hidden seed, so nothing can be prepared: a model must learn
it from the training texts, which hold no hidden one. A text begins with [CLS] and is padded at its
end. A pair's labels depend on the grades of its two texts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from grader import expect
from grader.boundary.errors import SandboxError
from grader.random_inputs import indices
from grader.suites.default_project_minbert import heads
from grader.suites.default_project_minbert.models import config

COUNT, EPOCHS, SIZE, LR = 800, 12, 32, 3e-3  # of a training: texts, epochs, batch size, rate
HIDDEN = 300  # texts on which a model is judged
CLS, FIRST, WORDS = 1, 2, 30  # ids: [PAD] is 0, [CLS] 1, then the words
SHORTEST, LONGEST = 4, 8  # words of a text
SIZES = {
    "vocab_size": FIRST + WORDS,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 2 * LONGEST + 4,
}
# Shares of new texts that are right, and the correlation of similarities. By chance they are 0.2,
# 0.5 and 0. Over the seeds 100 to 107 the reference and heads on |u - v| alone, on u, v and u * v,
# and of two layers reach 1.0, 0.99 to 1.0 and 0.82 to 1.0; a linear head on u and v, which cannot
# compare them, stays at 0.50 to 0.56 and 0.15 to 0.23 (seeds 100 to 104).
RIGHT, ALIKE, CORRELATED = 0.8, 0.8, 0.5


@dataclass(frozen=True)
class Reviews:
    """Reviews with a word of one grade among words that mean nothing, and their grades."""

    order: Tensor  # (WORDS,) words: those of grade 0, of grade 1, ..., then those without grade

    GRADES, PER_GRADE = 5, 3

    @classmethod
    def drawn(cls, generator: torch.Generator) -> Reviews:
        """A new meaning of the words."""
        return cls(FIRST + torch.randperm(WORDS, generator=generator))

    def sample(self, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Ids and mask, (count, 1 + LONGEST) long, and grades, (count,) long."""
        grades = indices(generator, self.GRADES, count)
        return *self._of(grades, generator), grades

    def pairs(self, count: int, generator: torch.Generator) -> tuple[list[Tensor], Tensor, Tensor]:
        """[ids and mask of the first reviews, ids and mask of the second], and both labels.

        Paraphrases, (count,) of 1.0 and 0.0, have one grade: half of the pairs do. Similarity,
        (count,), is 5 less the distance of the grades.
        """
        grades = indices(generator, self.GRADES, count, 2)
        same = torch.rand(count, generator=generator) < 0.375
        grades[:, 1] = torch.where(same, grades[:, 0], grades[:, 1])
        inputs: list[Tensor] = []
        for each in grades.T:
            inputs += self._of(each, generator)
        distance = (grades[:, 0] - grades[:, 1]).abs().float()
        return inputs, (distance == 0).float(), 5 - distance

    def _of(self, grades: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Ids and mask of texts with a word of these grades at a random place among others."""
        count, graded = len(grades), self.GRADES * self.PER_GRADE
        words = self.PER_GRADE * grades + indices(generator, self.PER_GRADE, count)
        lengths = SHORTEST + indices(generator, LONGEST - SHORTEST + 1, count)
        body = self.order[indices(generator, WORDS, count, LONGEST, first=graded)]
        place = (torch.rand(count, generator=generator) * lengths).long()
        body[torch.arange(count), place] = self.order[words]
        mask = (torch.arange(1 + LONGEST) <= lengths[:, None]).long()
        ids = torch.cat((torch.full((count, 1), CLS), body), dim=1) * mask
        return ids, mask


def learnt_reviews(student: Any, reference: Any, reviews: Reviews, seed: int) -> nn.Module:
    """The reference's classifier with the weights that the student's has learnt from reviews.

    seed: of the training texts; the worker may know it.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)  # the worker sees these weights, so no hidden seed draws them
        ours = reference.classifier.BertSentimentClassifier(config(reference, **SIZES))
    theirs = student.classifier.BertSentimentClassifier(config(student, **SIZES))
    theirs = expect.thing(theirs, "BertSentimentClassifier")
    heads.load(student, theirs, ours)
    data = list(reviews.sample(COUNT, torch.Generator().manual_seed(seed)))
    student.probe.train(theirs, [("forward", "classes", data)], EPOCHS, SIZE, LR)
    return heads.take_back(student, theirs, ours).eval()


TASKS = (
    ("predict_sentiment", "classes"),
    ("predict_paraphrase", "yes or no"),
    ("predict_similarity", "number"),
)


def multitask(code: Any, **changes: Any) -> Any:
    """A small MultitaskBERT of `code`."""
    return code.multitask_classifier.MultitaskBERT(config(code, **SIZES | changes))


# Of each student that was trained: {task's method: (prediction, label)}, or the exception.
_examined: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()


def examine(
    student: Any, method: str, generator: torch.Generator, worker_seed: int
) -> tuple[Any, Tensor]:
    """What a task's method says of hidden texts after a training on all three, and the labels.

    A student is trained once: the next test gets the same training's, or the same exception.
    """
    if student not in _examined:
        try:
            _examined[student] = _examine(student, generator, worker_seed)
        except SandboxError:
            raise  # the worker was lost, not by the student: a later test may try again
        except Exception as failure:
            _examined[student] = failure
    if isinstance(_examined[student], Exception):
        raise _examined[student]
    predicted: tuple[Any, Tensor] = _examined[student][method]
    return predicted


def _examine(
    student: Any, generator: torch.Generator, worker_seed: int
) -> dict[str, tuple[Any, Tensor]]:
    reviews = Reviews.drawn(generator)
    model = expect.thing(multitask(student), "MultitaskBERT")
    data = _batches(reviews, COUNT, torch.Generator().manual_seed(worker_seed))
    tasks = [(*task, each) for task, each in zip(TASKS, data, strict=True)]
    student.probe.train(model, tasks, EPOCHS, SIZE, LR)
    # Nothing drops here. The loss leaves a constant free, and in evaluation a score may be cut off.
    model.train()
    return {
        method: (getattr(model, method)(*inputs), labels)
        for (method, _), (*inputs, labels) in zip(
            TASKS, _batches(reviews, HIDDEN, generator), strict=True
        )
    }


def _batches(reviews: Reviews, count: int, generator: torch.Generator) -> list[list[Tensor]]:
    """Of each task the inputs of its method, and the labels last."""
    single = list(reviews.sample(count, generator))
    two, same, similar = reviews.pairs(count, generator)
    return [single, [*two, same], [*two, similar]]
