"""Beam search over many sentences at once. Given code: there is nothing to write here.

    translations = beam_search(model, sentences, beam_size=5, max_steps=70)
    translations[0][0].value  # the best translation of the first sentence, in pieces

What `NMT.beam_search` finds for one sentence, for all of them: each step of the decoder has every
live hypothesis of every sentence of a batch. A sentence whose search has ended drops out.

Letters in the shapes: b sentences that are still searched, R live hypotheses of all of them, k the
beam's size, V pieces of the target's vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from nmt_model import NMT, Hypothesis
from stepping import Decoder, State, decoder_for
from torch import Tensor
from vocab import END_ID, START_ID

Sentence = Sequence[str]
GROUP = 64  # pieces whose largest logit is looked for together
CHUNK = 256  # hypotheses whose logits are computed together: more are no faster


@torch.no_grad()
def beam_search(
    model: NMT,
    sentences: Sequence[Sentence],
    beam_size: int = 5,
    max_steps: int = 70,
    alpha: float = 0.0,
    n_best: int | None = None,
    batch_size: int = 64,
) -> list[list[Hypothesis]]:
    """At most beam_size translations of each sentence, the best first. Call `model.eval` before.

    max_steps: after so many pieces, </s> among them, the search ends. alpha: hypotheses are ordered
    by score / ((5 + length) / 6) ** alpha, the length with </s>, as in Wu et al., "Google's Neural
    Machine Translation System" (2016); 0 orders them by score. n_best: end a sentence's search as
    soon as its n_best best are certain; None searches until beam_size are complete. batch_size:
    sentences at a time. Raises ValueError for a sentence without a piece.
    """
    if not all(sentences):
        raise ValueError("a source sentence is empty: there is nothing to translate")
    if not sentences:
        return []
    order = sorted(range(len(sentences)), key=lambda index: -len(sentences[index]))
    found: dict[int, list[Hypothesis]] = {}
    rank = Rank(alpha, beam_size if n_best is None else n_best)
    decode, words = decoder_for(model, sentences), model.vocab.tgt.words
    for first in range(0, len(order), batch_size):
        indices = order[first : first + batch_size]
        decoder = decode([sentences[index] for index in indices])
        completed = Search(decoder, len(indices), beam_size, max_steps, rank).run()
        for index, own in zip(indices, completed, strict=True):
            ordered = sorted(own, key=rank, reverse=True)
            found[index] = [
                Hypothesis([words[n] for n in each.pieces], each.score) for each in ordered
            ]
    return [found[index] for index in range(len(sentences))]


def greedy(model: NMT, sentences: Sequence[Sentence], max_steps: int = 70) -> list[Hypothesis]:
    """`NMT.greedy` of many sentences: a beam of one."""
    return [best for best, *_ in beam_search(model, sentences, 1, max_steps)]


class Completed(NamedTuple):
    """A hypothesis with its </s>, which is not among the pieces but in the score."""

    score: float
    pieces: list[int]


class Rank(NamedTuple):
    """What hypotheses are ordered by, and how many of the best are wanted."""

    alpha: float
    n_best: int

    def __call__(self, hypothesis: Completed) -> float:
        return self.of(hypothesis.score, len(hypothesis.pieces) + 1)

    def of(self, score: float, length: int) -> float:
        return score / ((5 + length) / 6) ** self.alpha


class Search:
    """The search for the translations of one batch of sentences.

    owners: (R,) long, the sentence of each live hypothesis, among the b; those of a sentence are
    neighbours, the best first. scores: (R,). history: (R, steps so far) long. room: (b,) long, how
    many hypotheses may still be completed. numbers: the place of each of the b in the batch.
    """

    def __init__(
        self,
        decoder: Decoder,
        sentences: int,
        beam_size: int,
        max_steps: int,
        rank: Rank,
    ) -> None:
        self.decoder, self.k, self.max_steps, self.rank = decoder, beam_size, max_steps, rank
        self.state: State = decoder.start()
        device = self.state[0].device
        self.numbers = list(range(sentences))
        self.owners = torch.arange(sentences, device=device)
        self.room = torch.full_like(self.owners, beam_size)
        self.scores = torch.zeros_like(self.state[0][:, 0])
        self.history = torch.full((sentences, 1), START_ID, device=device)
        self.completed: list[list[Completed]] = [[] for _ in range(sentences)]

    def run(self) -> list[list[Completed]]:
        """The completed hypotheses of each sentence; if it has none, its best live one."""
        for _ in range(self.max_steps):
            if not self.numbers:
                break
            self._step()
        rows = zip(self.owners.tolist(), self.scores.tolist(), self.history.tolist(), strict=True)
        for owner, score, pieces in rows:
            if not self.completed[self.numbers[owner]]:
                self.completed[self.numbers[owner]].append(Completed(score, pieces[1:]))
        return self.completed

    def _step(self) -> None:
        self.state = self.decoder.step(self.history[:, -1], self.state, self.owners)
        scores, parents, pieces = self._continuations()  # (b, k) each
        places = torch.arange(scores.size(1), device=scores.device)
        taken = (places < self.room[:, None]) & (scores > -torch.inf)
        ended = taken & (pieces == END_ID)
        self._complete(ended, scores, parents)
        self.room -= ended.sum(dim=1)
        going = taken & ~ended
        going &= ~self._settled(torch.where(going, scores, -torch.inf).amax(dim=1))[:, None]
        self._go_on(going, scores, parents, pieces)

    def _continuations(self) -> tuple[Tensor, Tensor, Tensor]:
        """The k best of each sentence: their scores, the rows of their parents, their last pieces.

        (b, k) each, best first. Where there are fewer, the score is -inf.
        """
        chunks = self.state[0].split(CHUNK)
        found = [best_pieces(self.decoder.logits(each), self.k) for each in chunks]
        log_probs, pieces = (torch.cat(parts) for parts in zip(*found, strict=True))  # (R, n)
        b, (R, n) = len(self.numbers), pieces.shape
        counts = torch.bincount(self.owners, minlength=b)
        first = counts.cumsum(0) - counts  # (b,), each sentence's first row
        slots = torch.arange(R, device=first.device) - first[self.owners]
        totals = log_probs.new_full((b, self.k, n), -torch.inf)
        totals[self.owners, slots] = self.scores[:, None] + log_probs
        scores, places = totals.flatten(1).topk(self.k)
        parents = (first[:, None] + places // n).clamp_(max=R - 1)
        return scores, parents, pieces[parents, places % n]

    def _complete(self, ended: Tensor, scores: Tensor, parents: Tensor) -> None:
        owners = ended.nonzero()[:, 0].tolist()
        values = self.history[parents[ended], 1:].tolist()
        for owner, value, score in zip(owners, values, scores[ended].tolist(), strict=True):
            self.completed[self.numbers[owner]].append(Completed(score, value))

    def _settled(self, best: Tensor) -> Tensor:
        """Which sentences need no more steps, (b,) bool. best: (b,), of those that would go on.

        A score only falls, and a hypothesis ranks highest at the greatest length.
        """
        settled = []
        for number, score in zip(self.numbers, best.tolist(), strict=True):
            ranks = sorted((self.rank(each) for each in self.completed[number]), reverse=True)
            enough = len(ranks) >= self.rank.n_best
            hope = self.rank.of(score, self.max_steps)
            settled.append(enough and ranks[self.rank.n_best - 1] >= hope)
        return torch.tensor(settled, device=best.device)

    def _go_on(self, going: Tensor, scores: Tensor, parents: Tensor, pieces: Tensor) -> None:
        """Go on with these continuations, and with the sentences that have one."""
        sentences = going.any(dim=1).nonzero()[:, 0]
        if len(sentences) < len(self.numbers):
            self.decoder.keep(sentences)
            self.numbers = [self.numbers[each] for each in sentences.tolist()]
            self.room = self.room[sentences]
        rows = parents[going]
        self.owners = going[sentences].nonzero()[:, 0]
        self.scores = scores[going]
        self.history = torch.cat((self.history[rows], pieces[going][:, None]), dim=1)
        self.state = tuple(x[rows] for x in self.state)


def best_pieces(logits: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The k likeliest pieces of each row, or all: log-probabilities and indices, (n, k) each.

    logits: (n, V), which are overwritten.
    """
    k = min(k, logits.size(1))
    best, pieces = _largest(logits, k)
    largest = best[:, :1]
    total = logits.sub_(largest).exp_().sum(dim=1, keepdim=True)
    return best - largest - total.log_(), pieces


def _largest(x: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """x.topk(k), faster for long rows: only the k groups with the largest maxima are sorted."""
    groups = x.size(1) // GROUP
    if groups < 2 * k:
        return x.topk(k)
    grouped = x[:, : groups * GROUP].unflatten(1, (groups, GROUP))
    top = grouped.amax(dim=2).topk(k).indices  # (n, k)
    inside = torch.arange(GROUP, device=x.device)
    columns = (top[:, :, None] * GROUP + inside).flatten(1)
    rest = torch.arange(groups * GROUP, x.size(1), device=x.device).expand(len(x), -1)
    columns = torch.cat((columns, rest), dim=1)
    best, places = x.gather(1, columns).topk(k)
    return best, columns.gather(1, places)
