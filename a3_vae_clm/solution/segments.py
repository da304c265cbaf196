"""Text as a row of segments ("words"), each read and written by a GRU. Part (b).

A segment ends with the separator, so that joining the segments gives the text back. A segment is
as if it were a short sentence: its characters, then an end symbol, then pads.

Letters in the shapes: S segments, L places of the longest segment with its end, E embed_size,
H hidden_size, V output symbols.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def split(codes: list[int], separator: int, width: int) -> list[list[int]]:
    """Cut a text into segments from left to right.

    codes: the text's characters. separator: the code that ends a segment, and belongs to it.
    width: the most characters of a segment. Returns the segments, none of them empty.
    Raises ValueError if width is below 1.
    """
    if width < 1:
        raise ValueError(f"width {width} is not at least 1")
    # TODO(b): return the segments, a list of lists of ints that joined are `codes`. A segment ends
    # after a separator, after `width` characters, or with the text; [] for an empty text.
    ### BEGIN SOLUTION
    segments: list[list[int]] = []
    current: list[int] = []
    for code in codes:
        current.append(code)
        if code == separator or len(current) == width:
            segments.append(current)
            current = []
    return [*segments, current] if current else segments
    ### END SOLUTION


def pad_segments(segments: list[list[int]], end: int, pad: int) -> tuple[Tensor, Tensor]:
    """Segments as one matrix. segments: at least one; end and pad: the codes of these symbols.

    Returns codes (S, L), long, and lengths (S,), long, which count the end.
    """
    # TODO(b): return (codes, lengths): each row a segment, then `end`, then `pad` up to L, the
    # longest segment's length with its end.
    ### BEGIN SOLUTION
    lengths = torch.tensor([len(segment) + 1 for segment in segments])  # (S,)
    longest = int(lengths.max())
    rows = [[*each, end] + [pad] * (longest - len(each) - 1) for each in segments]
    return torch.tensor(rows), lengths
    ### END SOLUTION


class WordEncoder(nn.Module):
    """A segment's vector: a GRU's state once it has read the segment.

    inputs: rows of the embedding table, one for every code that stands in a segment, pads included.
    """

    def __init__(self, inputs: int, embed_size: int, hidden_size: int) -> None:
        super().__init__()
        # TODO(b): self.embedding, nn.Embedding of `inputs` rows of E; self.gru, nn.GRU E -> H that
        # takes the segments first (batch_first).
        ### BEGIN SOLUTION
        self.embedding = nn.Embedding(inputs, embed_size)
        self.gru = nn.GRU(embed_size, hidden_size, batch_first=True)
        ### END SOLUTION

    def forward(self, codes: Tensor, lengths: Tensor) -> Tensor:
        """codes: (S, L) long. lengths: (S,) long, at least 1. Returns (S, H)."""
        # TODO(b): return (S, H): the GRU's state at each segment's last real place, lengths - 1.
        # What stands after it changes nothing.
        ### BEGIN SOLUTION
        states, _ = self.gru(self.embedding(codes))  # (S, L, H)
        return states[torch.arange(len(codes), device=codes.device), lengths - 1]  # (S, H)
        ### END SOLUTION


class WordDecoder(nn.Module):
    """The log-probability of each place of a segment, given a vector and the places before it.

    inputs: rows of the embedding table, `begin` and pads included. outputs: symbols that it writes.
    """

    def __init__(self, inputs: int, outputs: int, embed_size: int, hidden_size: int) -> None:
        super().__init__()
        # TODO(b): self.embedding, nn.Embedding of `inputs` rows of E; self.gru, nn.GRU E -> H that
        # takes the segments first (batch_first); self.output, nn.Linear H -> outputs.
        ### BEGIN SOLUTION
        self.embedding = nn.Embedding(inputs, embed_size)
        self.gru = nn.GRU(embed_size, hidden_size, batch_first=True)
        self.output = nn.Linear(hidden_size, outputs)
        ### END SOLUTION

    def forward(self, context: Tensor, codes: Tensor, begin: int) -> Tensor:
        """context: (S, H). codes: (S, L) long. begin: the code that is read first.

        Returns (S, L, V): at place l the log-probabilities, in nats, of the symbol at l.
        """
        # TODO(b): return (S, L, V). The GRU starts from the state `context`. At place 0 it reads
        # `begin`, at place l the code at l - 1; the last code is not read. Log-softmax of output.
        ### BEGIN SOLUTION
        read = torch.cat((torch.full_like(codes[:, :1], begin), codes[:, :-1]), dim=1)  # (S, L)
        states, _ = self.gru(self.embedding(read), context.unsqueeze(0).contiguous())  # (S, L, H)
        return F.log_softmax(self.output(states), dim=-1)  # (S, L, V)
        ### END SOLUTION


def segment_log_probs(log_probs: Tensor, codes: Tensor, lengths: Tensor) -> Tensor:
    """The log-probability of each segment, in nats, its end included.

    log_probs: (S, L, V), of each symbol at each place. codes: (S, L) long, of which those beyond a
    segment's length may be V or more. lengths: (S,) long, which count the end. Returns (S,).
    """
    # TODO(b): return (S,): the sum, over each segment's real places, of its code's log-probability.
    # What stands beyond a segment's length does not count, whatever it is.
    ### BEGIN SOLUTION
    places = torch.arange(codes.size(1), device=codes.device)  # (L,)
    real = places < lengths.unsqueeze(1)  # (S, L)
    written = codes.masked_fill(~real, 0)  # a pad's code may have no column
    chosen = log_probs.gather(2, written.unsqueeze(2)).squeeze(2)  # (S, L)
    return chosen.masked_fill(~real, 0.0).sum(dim=1)  # (S,)
    ### END SOLUTION
