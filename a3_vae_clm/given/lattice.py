"""The likelihood of a text in all its segmentations at once, by dynamic programming.

If a segment's context depends on the characters before it and not on how they were cut, a segment
from place s to place t has one probability, whatever stands around it. A text of T characters has
2^(T - 1) segmentations; their probabilities are added up in T steps, as in the forward algorithm of
a hidden semi-Markov model: Sun and Deng, "Unsupervised Neural Word Segmentation for Chinese via
Segmental Language Modeling" (2018).

Letters in the shapes: B texts, T characters of the longest text, W = width, characters of the
longest segment, R places of all texts, H hidden_size, C characters.
"""

from __future__ import annotations

from itertools import chain

import torch
from alphabet import Alphabet, Batch
from segmental import Builder, Module, Segment, SegmentModel
from sizes import Sizes
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence


class CharacterContext(nn.Module):
    """Each segment's context: the state of a GRU that has read the characters before it."""

    def __init__(self, alphabet: Alphabet, sizes: Sizes) -> None:
        super().__init__()
        self.begin, self.pad = alphabet.begin, alphabet.pad
        self.embedding = nn.Embedding(alphabet.total, sizes.embed_size)
        self.gru = nn.GRU(sizes.embed_size, sizes.hidden_size, batch_first=True)

    def forward(self, texts: list[list[Segment]]) -> Tensor:
        """The contexts (S, H) of all segments. What the last one of a text holds is not read."""
        rows = [torch.tensor([self.begin, *chain.from_iterable(text[:-1])]) for text in texts]
        codes = pad_sequence(rows, batch_first=True, padding_value=self.pad)
        states = self.states(codes.to(self.embedding.weight.device))  # (B, T + 1, H)
        starts = [torch.tensor([0, *map(len, text[:-1])]).cumsum(0) for text in texts]
        owners = torch.arange(len(texts)).repeat_interleave(torch.tensor(list(map(len, texts))))
        return states[owners.to(states.device), torch.cat(starts).to(states.device)]

    def states(self, codes: Tensor) -> Tensor:
        """codes: (B, T + 1), `begin` first. Returns (B, T + 1, H): at t what t characters left."""
        return self.gru(self.embedding(codes))[0]


class MarginalSegments(nn.Module):
    """All segmentations of a text together. model: a SegmentModel on a `CharacterContext`."""

    exact = True

    def __init__(self, model: SegmentModel) -> None:
        super().__init__()
        self.model, self.alphabet, self.width = model, model.alphabet, model.width

    def loss(self, batch: Batch) -> Tensor:
        return -self.bound(batch).mean()

    def bound(self, batch: Batch, samples: int | None = 1) -> Tensor:
        """The log-likelihood, (B,) nats. Nothing is drawn."""
        written, ends = self.scores(batch)
        reached = self.forward_pass(written + ends)  # (B, T + 1)
        rows = torch.arange(len(batch), device=reached.device)
        return reached[rows, batch.lengths] + ends[rows, batch.lengths, 0]

    def scores(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """At [b, t, n], nats: of the n characters from t on as the beginning of a segment; and of
        its end after these n. (B, T + 1, W + 1) each; places beyond the text mean nothing."""
        codes = batch.codes.masked_fill(~batch.mask, self.alphabet.pad)
        starts = torch.arange(codes.size(1) + 1, device=codes.device) <= batch.lengths[:, None]
        begun = Batch(codes, batch.lengths).shifted(self.alphabet)  # (B, T + 1)
        contexts = self.model.context.states(begun)[starts]  # (R, H)
        windows = nn.functional.pad(codes, (0, self.width + 1), value=self.alphabet.pad)
        read = windows.unfold(1, self.width + 1, 1)[starts]  # (R, W + 1)
        log_probs = self.model.decoder(contexts, read)  # (R, W + 1, C + 1)
        known = read[:, :-1].masked_fill(read[:, :-1] >= self.alphabet.size, 0)  # (R, W)
        each = log_probs[:, :-1].gather(2, known.unsqueeze(2)).squeeze(2)
        written = nn.functional.pad(each.cumsum(dim=1), (1, 0))  # (R, W + 1)
        ends = log_probs[:, :, self.alphabet.end]
        both = log_probs.new_zeros(2, *starts.shape, self.width + 1)
        both[:, starts] = torch.stack((written, ends))
        return both[0], both[1].masked_fill(self.known_ends(starts.size(1), codes.device), 0.0)

    def known_ends(self, places: int, device: torch.device) -> Tensor:
        """(places, W + 1) bool: where n characters from t on end for certain."""
        lengths = torch.arange(self.width + 1, device=device)
        reach = torch.arange(places, device=device)[:, None] + lengths
        return (lengths == self.width) | (reach >= self.model.longest)

    def arriving(self, table: Tensor, place: int) -> Tensor:
        """From table (B, T + 1, W + 1), the entries of the segments that reach `place`, shortest
        first: (B, n)."""
        lengths = torch.arange(1, min(place, self.width) + 1, device=table.device)
        return table[:, place - lengths, lengths]

    def forward_pass(self, scores: Tensor) -> Tensor:
        """At [b, t]: the log of the sum over all ways to cut the first t characters. (B, T + 1)."""
        reached = [scores.new_zeros(len(scores))]
        for place in range(1, scores.size(1)):
            last = self.arriving(scores, place)  # (B, n)
            before = torch.stack(reached[: -last.size(1) - 1 : -1], dim=1)  # (B, n)
            reached.append(torch.logsumexp(before + last, dim=1))
        return torch.stack(reached, dim=1)

    def characters(self, batch: Batch, samples: int | None = 1) -> Tensor:
        """(B, T + 1): log p of each character given those before it, then of the end."""
        written, ends = self.scores(batch)
        reached = self.forward_pass(written + ends)  # (B, T + 1)
        prefixes = [reached.new_zeros(len(batch))]
        for place in range(1, reached.size(1)):
            last = self.arriving(written, place)  # (B, n), the segment goes on or not
            before = reached[:, place - last.size(1) : place].flip(1)  # (B, n)
            prefixes.append(torch.logsumexp(before + last, dim=1))
        prefix = torch.stack(prefixes, dim=1)  # (B, T + 1), log p of texts that begin like this
        prefix = torch.cat((prefix, prefix[:, -1:]), dim=1)
        whole = reached + ends[:, :, 0]
        places = torch.arange(reached.size(1), device=reached.device)
        last_one = places == batch.lengths[:, None]
        shares = torch.where(last_one, whole, prefix[:, 1:]) - prefix[:, :-1]
        return shares.masked_fill(places > batch.lengths[:, None], 0.0)

    def sample(self, count: int, seed: int) -> list[str]:
        return self.model.sample(count, seed)

    @torch.no_grad()
    def segmented(self, batch: Batch) -> list[list[str]]:
        """Each text in its likeliest segmentation."""
        written, ends = self.scores(batch)
        scores = written + ends
        best, lengths = [scores.new_zeros(len(batch))], [batch.lengths.new_zeros(len(batch))]
        for place in range(1, scores.size(1)):
            last = self.arriving(scores, place)
            value, which = (torch.stack(best[: -last.size(1) - 1 : -1], dim=1) + last).max(dim=1)
            best.append(value)
            lengths.append(which + 1)
        table = torch.stack(lengths, dim=1).tolist()
        rows = zip(batch.codes.tolist(), table, batch.lengths.tolist(), strict=True)
        return [self.traced(codes, back, length) for codes, back, length in rows]

    def traced(self, codes: list[int], lengths: list[int], place: int) -> list[str]:
        """Segments from the end of a text backwards. lengths: of the best one that ends at each."""
        segments: list[str] = []
        while place:
            start = place - lengths[place]
            segments.insert(0, self.alphabet.decode(codes[start:place]))
            place = start
        return segments


def after_characters(decoder: Module) -> Builder:
    """How to build a model with end symbols whose contexts do not depend on the segmentation."""

    def build(alphabet: Alphabet, sizes: Sizes) -> SegmentModel:
        context = CharacterContext(alphabet, sizes)
        return SegmentModel(alphabet, sizes, context, decoder(alphabet, sizes), by_rule=False)

    return build


def marginal(model: Builder) -> Module:
    """How to build the sum over all segmentations, given how to build such a model."""

    def build(alphabet: Alphabet, sizes: Sizes) -> MarginalSegments:
        return MarginalSegments(model(alphabet, sizes))

    return build
