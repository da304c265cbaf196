"""DLM110: words of characters that follow one another, a hidden Markov model.

There are K words of L places. At each place of a word a character is written; then the text goes
on to the word's next place, or leaves the word and goes to the first place of the next word, or
ends. What is written depends on the place and, with `markov`, on the character before. Which place
the text is in is not seen: the forward algorithm adds up all paths (Rabiner, "A Tutorial on Hidden
Markov Models", 1989), so the likelihood is exact.

Letters in the shapes: B texts, T characters of the longest, C of the alphabet, V all symbols, K
words, L places of a word, S = K * L.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from alphabet import Alphabet
from lefttoright import LeftToRight
from sizes import Sizes
from torch import Tensor, nn
from torch.nn import functional as F


class Tables(NamedTuple):
    """Probabilities. stay: (K, L), of the word's next place. first: (K + 1,), of each word and of
    the end at the start. next: (K, K + 1), after a word.

    What is written: place (S, C) times pair (V, C), after each symbol, over norm (V, S).
    """

    stay: Tensor
    first: Tensor
    next: Tensor
    place: Tensor
    pair: Tensor
    norm: Tensor


class Belief(NamedTuple):
    """Where the next character is written, given all so far: places (B, S) and end (B,), which add
    up to 1; and the symbol before, (B,)."""

    places: Tensor
    end: Tensor
    before: Tensor


class PathModel(LeftToRight):
    """Writes a text along a path through words. Exact.

    sizes.mixtures: K. sizes.width: L. markov: whether the character before has an influence.
    """

    def __init__(self, alphabet: Alphabet, sizes: Sizes, markov: bool = True) -> None:
        super().__init__(alphabet)
        K, L, C = sizes.mixtures, sizes.width, alphabet.size
        self.words = K
        self.stay = nn.Parameter(torch.ones(K, L - 1))  # all of these are logits
        self.first = nn.Parameter(torch.zeros(K + 1))
        self.next = nn.Parameter(torch.randn(K, K + 1))
        self.place = nn.Parameter(0.5 * torch.randn(K * L, C))
        self.pair = nn.Parameter(torch.zeros(alphabet.total, C), requires_grad=markov)

    @torch.no_grad()
    def prepare(self, sequences: list[list[int]]) -> None:
        """Begin with the training texts' counts of pairs, plus 1, if pairs are trained."""
        if self.pair.requires_grad:
            counts = torch.ones_like(self.pair)
            for sequence in sequences:
                pairs = torch.tensor([self.alphabet.begin, *sequence[:-1]]), torch.tensor(sequence)
                counts.index_put_(pairs, counts.new_ones(()), accumulate=True)
            self.pair.copy_(counts.log())

    def tables(self) -> Tables:
        place, pair = (
            torch.exp(logits - logits.amax(dim=1, keepdim=True))
            for logits in (self.place, self.pair)
        )
        norm = pair @ place.t()  # (V, S)
        return Tables(
            F.pad(torch.sigmoid(self.stay), (0, 1)),  # no place follows a word's last
            F.softmax(self.first, dim=0),
            F.softmax(self.next, dim=1),
            place,
            pair,
            norm.clamp(min=tiny(norm)),
        )

    def log_probs(self, x: Tensor) -> Tensor:
        tables, state, outputs = self.tables(), None, []
        for symbols in x.unbind(1):
            state = self._advance(symbols, state, tables)
            outputs.append(self._next(state, tables))
        return torch.stack(outputs, dim=1)  # (B, T + 1, C + 1)

    def step(self, symbols: Tensor, state: Belief | None) -> tuple[Tensor, Belief]:
        tables = self.tables()
        state = self._advance(symbols, state, tables)
        return self._next(state, tables), state

    def _next(self, state: Belief, tables: Tables) -> Tensor:
        """log p of each character and of the end, (B, C + 1)."""
        by_place = state.places / tables.norm[state.before]  # (B, S)
        written = (by_place @ tables.place) * tables.pair[state.before]  # (B, C)
        probs = torch.cat((written, state.end[:, None]), dim=1)
        return probs.clamp(min=tiny(probs)).log()

    def _advance(self, symbols: Tensor, state: Belief | None, tables: Tables) -> Belief:
        """The belief after symbols (B,) that no longer are in doubt: `begin` first."""
        if state is None:
            places = tables.stay.new_zeros(len(symbols), *tables.stay.shape)
            places[:, :, 0] = tables.first[:-1]
            return Belief(places.flatten(1), tables.first[-1].expand(len(symbols)), symbols)
        # Whatever is read past a text's end does not count, but must be in the table.
        written = tables.place.t()[symbols.clamp(max=tables.place.size(1) - 1)]  # (B, S)
        where = state.places * written / tables.norm[state.before]
        where = where / where.sum(dim=1, keepdim=True).clamp(min=tiny(where))  # (B, S)
        where = where.unflatten(1, tables.stay.shape)  # (B, K, L)
        follows = where * tables.stay
        left = (where - follows).sum(dim=2) @ tables.next  # (B, K + 1)
        places = torch.cat((left[:, :-1, None], follows[:, :, :-1]), dim=2)  # (B, K, L)
        return Belief(places.flatten(1), left[:, -1], symbols)


def tiny(x: Tensor) -> float:
    """The smallest positive number of its kind: a probability of 0 has a logarithm, too."""
    return torch.finfo(x.dtype).tiny
