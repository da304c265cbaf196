"""Language models that write one segment after another: the likelihood of a text in segments.

A text's probability is the product of its segments', each given a context of what stands before it.
Two ways to say where a segment ends:

- By rule: it ends after the separator, or with `width` characters. The rule tells so much that an
  end has to be written only where the text itself ends, and each text has one split: the product
  is the text's likelihood, exactly.
- By an end symbol after every segment, unless it has `width` characters already. Then each text
  can be written in many ways, and the product is the probability of the text in this one way: a
  lower bound of its likelihood. An empty segment ends the text.

Letters in the shapes: B texts, S segments of all of them, in order, L places of the longest, T
characters of the longest text, N segments of the longest, H hidden_size, C characters.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain

import torch
from alphabet import MAX_LENGTH, Alphabet, Batch
from segments import pad_segments, segment_log_probs, split
from sizes import Sizes
from torch import Tensor, nn

from course.packing import cut

Segment = list[int]
Module = Callable[[Alphabet, Sizes], nn.Module]  # how to build one


def by_length(segments: list[Segment]) -> list[list[int]]:
    """The segments' indices in groups of similar lengths: little of a group's matrix is padding."""
    order = sorted(range(len(segments)), key=lambda index: -len(segments[index]))
    groups = cut([len(segments[index]) + 1 for index in order])
    return [order[first:last] for first, last in groups]


def in_order(parts: list[Tensor], groups: list[list[int]]) -> Tensor:
    """Results of the groups, one row for each segment, in the segments' own order."""
    order = torch.tensor(list(chain.from_iterable(groups)), device=parts[0].device)
    return torch.cat(parts)[order.argsort()]


class SegmentContext(nn.Module):
    """Each segment's context: the state of a GRU that has read the segments before it."""

    def __init__(self, alphabet: Alphabet, sizes: Sizes, encoder: Module) -> None:
        super().__init__()
        self.end, self.pad = alphabet.end, alphabet.pad
        self.encoder = encoder(alphabet, sizes)
        self.begin = nn.Parameter(torch.zeros(sizes.hidden_size))  # read before the first segment
        self.gru = nn.GRU(sizes.hidden_size, sizes.hidden_size, batch_first=True)

    def forward(self, texts: list[list[Segment]]) -> Tensor:
        """The contexts (S, H) of all segments. What the last one of a text holds is not read."""
        vectors = self.encode([segment for text in texts for segment in text[:-1]])
        table = torch.cat((self.begin[None], vectors))  # (1 + segments that are read, H)
        counts = torch.tensor([len(text) for text in texts], device=table.device)
        places = torch.arange(int(counts.max()), device=table.device)  # (N,)
        first = (counts - 1).cumsum(0) - (counts - 1)  # rows of `vectors` before each text's own
        rows = torch.where(places > 0, first[:, None] + places, 0).clamp(max=len(vectors))
        states, _ = self.gru(table[rows])  # (B, N, H)
        return states[places < counts[:, None]]  # (S, H)

    def encode(self, segments: list[Segment]) -> Tensor:
        """Their vectors, (S, H). A segment that stands there twice is encoded once."""
        if not segments:
            return self.begin.new_zeros(0, len(self.begin))
        keys = [tuple(segment) for segment in segments]
        index = {key: place for place, key in enumerate(dict.fromkeys(keys))}
        distinct = [list(key) for key in index]
        groups = by_length(distinct)
        vectors = in_order([self.matrix(distinct, group) for group in groups], groups)
        return vectors[torch.tensor([index[key] for key in keys], device=vectors.device)]

    def matrix(self, segments: list[Segment], group: list[int]) -> Tensor:
        """The vectors of one group, from one padded matrix."""
        codes, lengths = pad_segments([segments[index] for index in group], self.end, self.pad)
        return self.encoder(codes.to(self.begin.device), lengths.to(self.begin.device))


class SegmentModel(nn.Module):
    """The likelihood of texts in segments. See the module's docstring.

    context: from texts to contexts (S, H), such as `SegmentContext`. decoder: of words.py.
    separator: the character after which a segment ends. by_rule: whether nothing else says so; else
    an end symbol follows every segment, and texts can be cut elsewhere than at separators.
    """

    def __init__(
        self,
        alphabet: Alphabet,
        sizes: Sizes,
        context: nn.Module,
        decoder: nn.Module,
        separator: str = " ",
        by_rule: bool = True,
    ) -> None:
        super().__init__()
        self.alphabet, self.width = alphabet, sizes.width
        self.context, self.decoder = context, decoder
        self.exact = self.by_rule = by_rule
        self.separator = alphabet.encode(separator)[0]
        self.longest = MAX_LENGTH

    @property
    def device(self) -> torch.device:
        return next(self.parameters()).device

    def loss(self, batch: Batch) -> Tensor:
        return -self.bound(batch).mean()

    def bound(self, batch: Batch, samples: int | None = 1) -> Tensor:
        """(B,) nats. Nothing is drawn."""
        return self.log_likelihood(self.split(batch))

    def split(self, batch: Batch) -> list[list[Segment]]:
        """Each text's segments by rule."""
        rows = zip(batch.codes.tolist(), batch.lengths.tolist(), strict=True)
        return [split(row[:length], self.separator, self.width) for row, length in rows]

    def segmented(self, batch: Batch) -> list[list[str]]:
        """Each text in the segments that are scored."""
        return [[self.alphabet.decode(segment) for segment in text] for text in self.split(batch)]

    def closed(self, segment: Segment) -> bool:
        """Whether it is known without an end symbol that the segment ends here."""
        separated = self.by_rule and segment[-1:] == [self.separator]
        return separated or len(segment) == self.width

    def full(self, text: list[Segment]) -> bool:
        """Whether the text is as long as a text can be: then it is known that it ends here."""
        return sum(map(len, text)) >= self.longest

    def finished(self, text: list[Segment]) -> list[Segment]:
        """The text with the segment that ends it, if it has none yet: an empty one."""
        open_end = self.by_rule and text and not self.closed(text[-1])
        return text if open_end or self.full(text) else [*text, []]

    def paid(self, text: list[Segment]) -> list[int]:
        """How many symbols of each segment have a price: its characters, and its end if need be."""
        counts = [len(segment) + (not self.closed(segment)) for segment in text]
        return [*counts[:-1], len(text[-1])] if self.full(text) else counts

    def log_likelihood(self, texts: list[list[Segment]]) -> Tensor:
        """The log-probability of each text in these segments, with its end: (B,), nats."""
        texts = [self.finished(text) for text in texts]
        segments = list(chain.from_iterable(texts))
        paid = torch.tensor(list(chain.from_iterable(map(self.paid, texts))), device=self.device)
        contexts = self.context(texts)  # (S, H)
        scores, groups = [], by_length(segments)
        for group in groups:
            rows = torch.tensor(group, device=self.device)
            codes = self.matrix([segments[index] for index in group])
            log_probs = self.decoder(contexts[rows], codes)
            scores.append(segment_log_probs(log_probs, codes, paid[rows]))
        owners = torch.arange(len(texts)).repeat_interleave(torch.tensor(list(map(len, texts))))
        out = contexts.new_zeros(len(texts))
        return out.index_add(0, owners.to(self.device), in_order(scores, groups))

    def matrix(self, segments: list[Segment]) -> Tensor:
        """Codes (S, L): each segment and its end."""
        return pad_segments(segments, self.alphabet.end, self.alphabet.pad)[0].to(self.device)

    def characters(self, batch: Batch, samples: int | None = 1) -> Tensor:
        """(B, T + 1). A segment's end counts with its last character, the text's end by itself."""
        return self.shares(self.split(batch), batch.codes.size(1) + 1)

    def shares(self, texts: list[list[Segment]], width: int) -> Tensor:
        """`log_likelihood`, spread over `width` places of each text: (B, width)."""
        texts = [self.finished(text) for text in texts]
        codes = self.matrix(list(chain.from_iterable(texts)))  # (S, L)
        log_probs = self.decoder(self.context(texts), codes)  # (S, L, C + 1)
        chosen = log_probs.gather(2, codes.clamp(max=self.alphabet.end)[:, :, None]).squeeze(2)
        chosen = chosen.split([len(text) for text in texts])  # (segments of the text, L) each
        return torch.stack([self.spread(*both, width) for both in zip(texts, chosen, strict=True)])

    def spread(self, text: list[Segment], chosen: Tensor, width: int) -> Tensor:
        """One text's log-probabilities, chosen (its segments, L), by place: (width,)."""
        row, place = chosen.new_zeros(width), 0
        for number, paid in enumerate(self.paid(text)):
            length = len(text[number])
            row[place : place + length] += chosen[number, :length]
            place += length
            if paid > length:
                row[place if number == len(text) - 1 else place - 1] += chosen[number, length]
        return row

    @torch.no_grad()
    def sample(self, count: int, seed: int) -> list[str]:
        generator = torch.Generator(self.device).manual_seed(seed)
        texts: list[list[Segment]] = [[] for _ in range(count)]
        growing = texts
        while growing:
            self.extend(growing, generator)
            growing = [text for text in growing if not self.ended(text)]
        whole = [list(chain.from_iterable(text))[: self.longest] for text in texts]
        return [self.alphabet.decode(codes) for codes in whole]

    def ended(self, text: list[Segment]) -> bool:
        """Whether the last segment ends the text: by itself, or because it is too long."""
        last = text[-1]
        return not last or (self.by_rule and not self.closed(last)) or self.full(text)

    def extend(self, texts: list[list[Segment]], generator: torch.Generator) -> None:
        """Draw the next segment of each text, and append it."""
        last = torch.tensor([len(text) + 1 for text in texts]).cumsum(0) - 1
        contexts = self.context([[*text, []] for text in texts])[last.to(self.device)]  # (n, H)
        codes = contexts.new_full((len(texts), 0), 0, dtype=torch.long)
        for place in range(self.width):
            shape = torch.cat((codes, codes.new_zeros(len(codes), 1)), dim=1)
            probs = self.decoder(contexts, shape)[:, place].exp()  # (n, C + 1)
            codes = torch.cat((codes, torch.multinomial(probs, 1, generator=generator)), dim=1)
        for text, row in zip(texts, codes.tolist(), strict=True):
            text.append(self.first_segment(row))

    def first_segment(self, codes: list[int]) -> Segment:
        """What stands in codes before the first end, or up to the first separator."""
        upto = codes.index(self.alphabet.end) if self.alphabet.end in codes else len(codes)
        if self.by_rule:
            return next(iter(split(codes[:upto], self.separator, self.width)), [])
        return codes[:upto]


Builder = Callable[[Alphabet, Sizes], SegmentModel]


def by_rule(encoder: Module, decoder: Module, separator: str = " ") -> Builder:
    """How to build a model whose segments end after the separator."""

    def build(alphabet: Alphabet, sizes: Sizes) -> SegmentModel:
        context = SegmentContext(alphabet, sizes, encoder)
        return SegmentModel(alphabet, sizes, context, decoder(alphabet, sizes), separator)

    return build


def with_ends(encoder: Module, decoder: Module) -> Builder:
    """How to build a model that writes an end after every segment. A text is cut at spaces."""

    def build(alphabet: Alphabet, sizes: Sizes) -> SegmentModel:
        context = SegmentContext(alphabet, sizes, encoder)
        return SegmentModel(alphabet, sizes, context, decoder(alphabet, sizes), by_rule=False)

    return build
