"""What a pretrained model is worth: its guesses on text that it was not trained on.

    scores = evaluate(model, examples, tokenizer)
    baseline = unigram(train_examples, examples, tokenizer)

The text is masked once, with a fixed seed, so that two models guess the same words. The unigram
baseline guesses without looking: always the training text's most frequent token, and for the
perplexity each token's share of the training text.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from masking import IGNORED, mask_tokens
from sentences import UNLABELLED, Batch, Example, collate
from torch import Tensor, nn
from torch.nn import functional as F

MASK_SEED = 20181011  # any number, the same for every model that is compared
BATCH_SIZE = 64


@dataclass(frozen=True)
class Scores:
    """Accuracies are shares of 1. perplexity: exp of the mean cross-entropy in nats per word.

    next_accuracy is None if no pair of sentences has a label.
    """

    accuracy: float
    perplexity: float
    next_accuracy: float | None = None


@torch.no_grad()
def evaluate(
    model: nn.Module,
    examples: Sequence[Example],
    tokenizer: Any,
    device: torch.device | None = None,
) -> Scores:
    """Score a BertForPretraining's guesses, without dropout."""
    device = device or torch.device("cpu")
    model.to(device).eval()
    loss, right, words, follows, pairs = 0.0, 0, 0, 0, 0
    for inputs, labels, batch in _masked(examples, tokenizer):
        selected, batch = (labels != IGNORED).to(device), batch.to(device)
        answers = labels.to(device)[selected]
        logits, next_logits = model(inputs.to(device), batch, selected)
        loss += F.cross_entropy(logits.float(), answers, reduction="sum").item()
        right += int((logits.argmax(dim=-1) == answers).sum())
        words += len(answers)
        labelled = batch.label != UNLABELLED
        follows += int((next_logits.argmax(dim=-1) == batch.label)[labelled].sum())
        pairs += int(labelled.sum())
    return Scores(right / words, math.exp(loss / words), follows / pairs if pairs else None)


def unigram(train: Sequence[Example], examples: Sequence[Example], tokenizer: Any) -> Scores:
    """Score the guess that does not look: each token's share of `train`, one added to its count."""
    ids = torch.tensor([number for example in train for number in example.ids])
    counts = torch.bincount(ids, minlength=tokenizer.vocab_size).double()
    counts[[tokenizer.cls_id, tokenizer.sep_id]] = 0
    log_shares = ((counts + 1) / (counts + 1).sum()).log()
    masked = _masked(examples, tokenizer)
    answers = torch.cat([labels[labels != IGNORED] for _, labels, _ in masked])
    accuracy = (answers == counts.argmax()).double().mean().item()
    return Scores(accuracy, math.exp(-log_shares[answers].mean().item()))


def _masked(examples: Sequence[Example], tokenizer: Any) -> Iterator[tuple[Tensor, Tensor, Batch]]:
    """Inputs, labels and the batch itself, masked in the same way at each call."""
    generator = torch.Generator().manual_seed(MASK_SEED)
    sizes = (tokenizer.mask_id, tokenizer.vocab_size)
    for first in range(0, len(examples), BATCH_SIZE):
        batch = collate(examples[first : first + BATCH_SIZE], tokenizer)
        yield *mask_tokens(batch.input_ids, batch.special, *sizes, generator), batch
