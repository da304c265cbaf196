"""BLEU, the score of translations that most papers report. Yours to write: part (d).

Papineni et al., "BLEU: a Method for Automatic Evaluation of Machine Translation" (2002). A sentence
is a list of tokens; each hypothesis may have several references.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

Tokens = Sequence[str]


def ngrams(tokens: Tokens, n: int) -> Counter[tuple[str, ...]]:
    """How often each run of n tokens stands in the sentence. Given."""
    return Counter(tuple(tokens[first : first + n]) for first in range(len(tokens) - n + 1))


def clipped_counts(hypothesis: Tokens, references: Sequence[Tokens], n: int) -> tuple[int, int]:
    """How many of one hypothesis's n-grams are right. Returns (matches, total).

    matches: each n-gram counts as often as it stands in the hypothesis, but at most as often as in
    that reference which has it most often. total: all n-grams of the hypothesis.
    """
    # TODO(d): return (matches, total), two ints; (0, 0) for a hypothesis of fewer than n tokens.
    ### BEGIN SOLUTION
    most: Counter[tuple[str, ...]] = Counter()
    for reference in references:
        most |= ngrams(reference, n)  # the larger of the two counts
    found = ngrams(hypothesis, n)
    return (found & most).total(), found.total()
    ### END SOLUTION


def brevity_penalty(hypothesis_length: int, reference_length: int) -> float:
    """The factor that keeps short translations from winning: at most 1.

    The lengths are in tokens, of the whole corpus; that of the references is at least 1.
    """
    # TODO(d): return 1 if the hypotheses are at least as long as the references, else
    # exp(1 - reference_length / hypothesis_length), which for a length of 0 is 0.
    ### BEGIN SOLUTION
    if hypothesis_length >= reference_length:
        return 1.0
    if hypothesis_length == 0:
        return 0.0
    return math.exp(1 - reference_length / hypothesis_length)
    ### END SOLUTION


def bleu(
    hypotheses: Sequence[Tokens], references: Sequence[Sequence[Tokens]], max_n: int = 4
) -> float:
    """The BLEU of a corpus of at least one sentence, 0 to 100. The arguments stay as they are.

    references: those of each hypothesis in turn, at least one.
    Raises ValueError if there are not as many hypotheses as lists of references.
    """
    if len(hypotheses) != len(references):
        raise ValueError(f"{len(hypotheses)} hypotheses, but references for {len(references)}")
    # TODO(d): return 100 * BP * the geometric mean of the precisions p_1 to p_max_n. p_n is the sum
    # of the corpus's matches over the sum of its totals; if one of them is 0, so is BLEU. BP is the
    # penalty of the summed lengths, where a sentence's reference is the one closest in length, the
    # shorter of two that are equally close.
    ### BEGIN SOLUTION
    pairs = list(zip(hypotheses, references, strict=True))
    logarithms = []
    for n in range(1, max_n + 1):
        counts = [clipped_counts(hypothesis, own, n) for hypothesis, own in pairs]
        matches, total = (sum(column) for column in zip(*counts, strict=True))
        if matches == 0:
            return 0.0
        logarithms.append(math.log(matches / total))
    closest = sum(
        min((len(each) for each in own), key=lambda length: (abs(length - len(hypothesis)), length))
        for hypothesis, own in pairs
    )
    penalty = brevity_penalty(sum(map(len, hypotheses)), closest)
    return 100 * penalty * math.exp(sum(logarithms) / max_n)
    ### END SOLUTION
