"""DLM100 over words: a GRU that writes a text word by word, and spells unknown words.

A text is its words, separated by single blanks; an empty word stands between two blanks. Each word
is known, one of a list, or is written as "unknown" and spelled, character by character, by a second
GRU. A known word may be written in either way, and both probabilities are added up; whatever the
way, what comes next depends on the word alone. So the likelihood of a text is exact, and can be
compared with that of a model over characters. The list is made from the training texts only.

What the model gives to texts that nobody can write, such as a spelled blank, is lost: that makes
its likelihood too small, never too large. A text that was cut after 99 characters pays for its end.

Letters in the shapes: B texts, N words of the longest and its end, U different words of a batch,
T characters of the longest text, V known words.
"""

from __future__ import annotations

from collections import Counter
from itertools import chain, takewhile

import torch
from alphabet import MAX_LENGTH, Alphabet, Batch, collate
from autoregressive import CharacterGRU
from character import CharacterModel
from lefttoright import draw, right_ones
from sizes import Sizes
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence

Word = tuple[int, ...]  # codes
LONGEST = 20  # characters of a known word
OFTEN = 2  # times that a known word stands in the training texts, at least


class WordModel(nn.Module):
    """Writes a text word by word, and its end. Exact.

    words: V, how many words the list has at most: the most frequent ones. The network has outputs
    for them, for an unknown word and for the end; `begin` is read only.
    """

    exact = True

    def __init__(self, alphabet: Alphabet, sizes: Sizes, words: int = 6000) -> None:
        super().__init__()
        self.alphabet, self.blank = alphabet, alphabet.encode(" ")[0]
        self.unknown, self.end, self.begin = words, words + 1, words + 2
        E, H, K = sizes.embed_size, sizes.hidden_size, sizes.mixtures
        self.net = CharacterGRU(words + 3, words + 2, E, H, K)
        spelling = Sizes(embed_size=E, hidden_size=sizes.half(), mixtures=1)
        self.speller = CharacterModel(alphabet, spelling)
        # A row is a word's codes, then pads; one that stands for no word has no pads.
        self.register_buffer("known", torch.full((words, LONGEST + 1), alphabet.absorbed))
        self._index: dict[Word, int] = {}

    def prepare(self, sequences: list[list[int]]) -> None:
        """Make the list from the training texts."""
        counts = Counter(chain.from_iterable(map(self.split, sequences)))
        frequent = (word for word, count in counts.most_common() if count >= OFTEN)
        words = [word for word in frequent if len(word) <= LONGEST][: len(self.known)]
        self.known.fill_(self.alphabet.absorbed)
        for row, word in enumerate(words):
            self.known[row] = self.alphabet.pad
            self.known[row, : len(word)] = torch.tensor(word, dtype=torch.long)
        self._index = {}

    @property
    def index(self) -> dict[Word, int]:
        """The number of each known word."""
        if not self._index:
            pad = self.alphabet.pad
            rows = (row for row in self.known.tolist() if pad in row)
            self._index = {tuple(row[: row.index(pad)]): i for i, row in enumerate(rows)}
        return self._index

    def _load_from_state_dict(self, *args: object) -> None:
        super()._load_from_state_dict(*args)
        self._index = {}  # of the list that was loaded

    def split(self, sequence: list[int]) -> list[Word]:
        """A text's words, at least one: an empty text is an empty word."""
        blanks = [place for place, code in enumerate(sequence) if code == self.blank]
        starts, stops = [0, *(place + 1 for place in blanks)], [*blanks, len(sequence)]
        return [tuple(sequence[start:stop]) for start, stop in zip(starts, stops, strict=True)]

    def bound(self, batch: Batch, samples: int | None = 1) -> Tensor:
        return self.words(self._texts(batch)).sum(dim=1)

    def loss(self, batch: Batch) -> Tensor:
        return -self.bound(batch).mean()

    def characters(self, batch: Batch, samples: int | None = 1) -> Tensor:
        """A word's share is spread evenly over its characters and the blank after it."""
        texts = self._texts(batch)
        widths = [[len(word) + 1 for word in text[:-1]] + [len(text[-1]), 1] for text in texts]
        rows = []
        for shares, own in zip(self.words(texts), widths, strict=True):
            if own[-2] == 0:  # an empty word at the end has no place of its own
                own[-2:] = [1]
                shares = torch.cat((shares[: len(own) - 1], shares[len(own) - 1 :].sum()[None]))
            width = torch.tensor(own, device=shares.device)
            rows.append((shares[: len(own)] / width).repeat_interleave(width))
        padded = pad_sequence(rows, batch_first=True)
        return F.pad(padded, (0, batch.codes.size(1) + 1 - padded.size(1)))

    def spelling(self, batch: Batch) -> Tensor:
        """log p of how the unknown words of each text are spelled, (B,), in nats: the part of
        `bound` that a list made with the test texts in view would not charge."""
        unknown = [[word for word in text if word not in self.index] for text in self._texts(batch)]
        rows = torch.tensor([row for row, words in enumerate(unknown) for _ in words])
        total = torch.zeros(len(unknown), dtype=self.net.output.weight.dtype)
        if len(rows):
            total = total.index_add(0, rows, self.spelled(list(chain.from_iterable(unknown))).cpu())
        return total

    def words(self, texts: list[list[Word]]) -> Tensor:
        """log p of each word and of the end, given what stands before it: (B, N), 0 at pads."""
        device = self.known.device
        different = {word: row for row, word in enumerate(sorted({w for t in texts for w in t}))}
        numbers = [[self.index.get(word, self.unknown) for word in text] for text in texts]
        read = padded([[self.begin, *own] for own in numbers], self.begin, device)  # (B, N)
        written = padded([[*own, self.end] for own in numbers], self.end, device)
        lengths = torch.tensor([len(own) + 1 for own in numbers], device=device)
        log_probs = self.not_empty(self.net(read))  # (B, N, V + 2)
        listed = right_ones(log_probs, written, lengths)
        rows = padded([[*(different[word] for word in text), -1] for text in texts], -1, device)
        spelled = self.spelled(list(different))[rows] + log_probs[:, :, self.unknown]
        either = torch.where(written == self.unknown, spelled, torch.logaddexp(listed, spelled))
        return torch.where(rows < 0, listed, either)

    def not_empty(self, log_probs: Tensor) -> Tensor:
        """The same, but a text cannot end before its first word."""
        first = log_probs[:, :1].index_fill(
            2, torch.tensor(self.end, device=log_probs.device), -torch.inf
        )
        return torch.cat((F.log_softmax(first, dim=2), log_probs[:, 1:]), dim=1)

    def spelled(self, words: list[Word]) -> Tensor:
        """log p of each word's spelling, (U,)."""
        batch = collate([list(word) for word in words], self.alphabet)
        return self.speller.bound(batch.to(self.known.device))

    @torch.no_grad()
    def sample(self, count: int, seed: int) -> list[str]:
        self.eval()
        generator = torch.Generator(self.known.device).manual_seed(seed)
        symbols = torch.full((count,), self.begin, device=self.known.device)
        texts: list[list[int]] = [[] for _ in range(count)]
        going, state = list(range(count)), None
        while going:
            log_probs, state = self.step(symbols, state)
            symbols = log_probs.exp().multinomial(1, generator=generator).squeeze(1)
            going = [row for row in going if symbols[row] != self.end]
            written = self.written(symbols[going], generator)
            for row, word in zip(going, written, strict=True):
                texts[row] += [*word, self.blank]
                symbols[row] = self.index.get(word, self.unknown)
            going = [row for row in going if len(texts[row]) <= MAX_LENGTH]
        return [self.alphabet.decode(codes[:-1][:MAX_LENGTH]) for codes in texts]

    def step(self, symbols: Tensor, state: Tensor | None) -> tuple[Tensor, Tensor]:
        """The words after symbols (n,), and the state: log p (n, V + 2)."""
        states, following = self.net.gru(self.net.embedding(symbols[:, None]), state)
        log_probs = self.net.log_probs(self.net.normalise(states))  # (n, 1, V + 2)
        return (self.not_empty(log_probs) if state is None else log_probs).squeeze(1), following

    def written(self, numbers: Tensor, generator: torch.Generator) -> list[Word]:
        """The words with these numbers, (n,); each unknown one is spelled."""
        rows = self.known[numbers.clamp(max=len(self.known) - 1)].tolist()
        unknown = (numbers == self.unknown).nonzero().flatten().tolist()
        if unknown:
            spelled = draw(self.speller.step, None, len(unknown), self.alphabet, generator)
            for row, codes in zip(unknown, spelled.tolist(), strict=True):
                rows[row] = codes
        return [tuple(takewhile(lambda code: code < self.alphabet.size, row)) for row in rows]

    def _texts(self, batch: Batch) -> list[list[Word]]:
        pairs = zip(batch.codes.tolist(), batch.lengths.tolist(), strict=True)
        return [self.split(codes[:length]) for codes, length in pairs]


def padded(rows: list[list[int]], filler: int, device: torch.device) -> Tensor:
    """Rows of numbers as a matrix, (B, N) long."""
    own = [torch.tensor(row, device=device) for row in rows]
    return pad_sequence(own, batch_first=True, padding_value=filler)
