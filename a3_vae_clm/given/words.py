"""How a segment becomes a vector, and a vector a segment: attention, matrices, convolutions, GRUs.

An encoder is called with codes (S, L), long, and lengths (S,), which count the end, and returns
(S, H). What stands after a segment's end changes nothing. A decoder is called with contexts (S, H)
and codes (S, L) and returns log-probabilities (S, L, C + 1), those of a segment's symbols at each
place: the characters and the end. The GRU's depend on the codes at the places before; all others
write every character independently of the others, and look at codes only for their shape.

Letters in the shapes: S segments, L places of the longest of these, P places of the longest
possible (its characters and its end), E embed_size, H hidden_size, M slots, C characters.
"""

from __future__ import annotations

import torch
from alphabet import Alphabet
from convolution import ConvolutionStack
from segments import WordDecoder, WordEncoder
from sizes import Sizes
from torch import Tensor, nn
from torch.nn import functional as F

SLOTS = 8  # what attention keeps of a segment: so many vectors of E, about two letters each


def places_of(sizes: Sizes) -> int:
    """P: the characters of the longest segment, and its end."""
    return sizes.width + 1


def real_places(codes: Tensor, lengths: Tensor) -> Tensor:
    """(S, L) bool: True at a segment's characters and its end."""
    return torch.arange(codes.size(1), device=codes.device) < lengths.unsqueeze(1)


class GRUEncoder(WordEncoder):
    """Yours: the state of a GRU that has read the segment."""

    def __init__(self, alphabet: Alphabet, sizes: Sizes) -> None:
        super().__init__(alphabet.total, sizes.embed_size, sizes.hidden_size)


class GRUDecoder(nn.Module):
    """Yours: a GRU that starts from the context and reads what it has written."""

    def __init__(self, alphabet: Alphabet, sizes: Sizes) -> None:
        super().__init__()
        self.begin = alphabet.begin
        own = (sizes.embed_size, sizes.hidden_size)
        self.decoder = WordDecoder(alphabet.total, alphabet.size + 1, *own)

    def forward(self, context: Tensor, codes: Tensor) -> Tensor:
        return self.decoder(context, codes, self.begin)  # (S, L, C + 1)


class KeyValueEncoder(nn.Module):
    """M questions are put to the segment's characters; the M answers become one vector.

    A character's key and value come from its own vector and its place's.
    """

    def __init__(self, alphabet: Alphabet, sizes: Sizes) -> None:
        super().__init__()
        E = sizes.embed_size
        self.embedding = nn.Embedding(alphabet.total, E)
        self.places = nn.Parameter(torch.randn(places_of(sizes), E))  # (P, E)
        self.queries = nn.Parameter(torch.randn(SLOTS, E))  # (M, E)
        self.keys, self.values = nn.Linear(E, E), nn.Linear(E, E)
        self.output = nn.Linear(SLOTS * E, sizes.hidden_size)

    def forward(self, codes: Tensor, lengths: Tensor) -> Tensor:
        x = self.embedding(codes) + self.places[: codes.size(1)]  # (S, L, E)
        scores = self.queries @ self.keys(x).transpose(1, 2) / x.size(2) ** 0.5  # (S, M, L)
        outside = ~real_places(codes, lengths).unsqueeze(1)  # (S, 1, L)
        weights = scores.masked_fill(outside, -torch.inf).softmax(dim=2)
        return self.output((weights @ self.values(x)).flatten(1))  # (S, H)


class KeyValueDecoder(nn.Module):
    """The context becomes M keys and values; each place asks for its character."""

    def __init__(self, alphabet: Alphabet, sizes: Sizes) -> None:
        super().__init__()
        E = sizes.embed_size
        self.places = nn.Parameter(torch.randn(places_of(sizes), E))  # (P, E)
        self.keys = nn.Linear(sizes.hidden_size, SLOTS * E)
        self.values = nn.Linear(sizes.hidden_size, SLOTS * E)
        self.output = nn.Linear(E, alphabet.size + 1)

    def forward(self, context: Tensor, codes: Tensor) -> Tensor:
        keys = self.keys(context).unflatten(1, (SLOTS, -1))  # (S, M, E)
        values = self.values(context).unflatten(1, (SLOTS, -1))  # (S, M, E)
        places = self.places[: codes.size(1)]  # (L, E)
        weights = (places @ keys.transpose(1, 2) / places.size(1) ** 0.5).softmax(dim=2)
        return F.log_softmax(self.output(weights @ values), dim=-1)  # (S, L, C + 1)


class Padded(nn.Module):
    """The vectors of a segment's characters, its end and pads: always P places, (S, P, E)."""

    def __init__(self, alphabet: Alphabet, sizes: Sizes) -> None:
        super().__init__()
        self.pad, self.places = alphabet.pad, places_of(sizes)
        self.embedding = nn.Embedding(alphabet.total, sizes.embed_size)

    def forward(self, codes: Tensor, lengths: Tensor) -> Tensor:
        codes = codes.masked_fill(~real_places(codes, lengths), self.pad)
        missing = self.places - codes.size(1)
        return self.embedding(F.pad(codes, (0, missing), value=self.pad))  # (S, P, E)


class LinearEncoder(nn.Module):
    """Linear, ReLU, Linear on the vectors of all P places, one after the other."""

    def __init__(self, alphabet: Alphabet, sizes: Sizes) -> None:
        super().__init__()
        H = sizes.hidden_size
        self.padded = Padded(alphabet, sizes)
        self.hidden = nn.Linear(places_of(sizes) * sizes.embed_size, H)
        self.output = nn.Linear(H, H)

    def forward(self, codes: Tensor, lengths: Tensor) -> Tensor:
        x = self.padded(codes, lengths).flatten(1)  # (S, P * E)
        return self.output(F.relu(self.hidden(x)))  # (S, H)


class LinearDecoder(nn.Module):
    """`LinearEncoder` mirrored: Linear, ReLU, Linear to the vectors of all P places."""

    def __init__(self, alphabet: Alphabet, sizes: Sizes) -> None:
        super().__init__()
        H, E = sizes.hidden_size, sizes.embed_size
        self.hidden, self.places = nn.Linear(H, H), nn.Linear(H, places_of(sizes) * E)
        self.output = nn.Linear(E, alphabet.size + 1)
        self.embed_size = E

    def vectors(self, context: Tensor, places: int) -> Tensor:
        """Those of the first places: (S, places, E). The others are not even computed."""
        x = F.relu(self.hidden(context))
        rows = slice(places * self.embed_size)
        x = F.linear(x, self.places.weight[rows], self.places.bias[rows])
        return x.unflatten(1, (places, self.embed_size))

    def forward(self, context: Tensor, codes: Tensor) -> Tensor:
        x = self.vectors(context, codes.size(1))  # (S, L, E)
        return F.log_softmax(self.output(x), dim=-1)  # (S, L, C + 1)


def convolutions(sizes: Sizes) -> ConvolutionStack:
    """Residual layers of their own weights, with tanh."""
    own = (sizes.embed_size, sizes.depth, sizes.kernel)
    return ConvolutionStack(*own, residual=True, shared=False, activation="after")


class ConvolutionEncoder(nn.Module):
    """Convolutions over the real places, and of each of their E numbers the largest."""

    def __init__(self, alphabet: Alphabet, sizes: Sizes) -> None:
        super().__init__()
        self.embedding = nn.Embedding(alphabet.total, sizes.embed_size)
        self.convolutions = convolutions(sizes)
        self.output = nn.Linear(sizes.embed_size, sizes.hidden_size)

    def forward(self, codes: Tensor, lengths: Tensor) -> Tensor:
        real = real_places(codes, lengths)
        x = self.convolutions(self.embedding(codes), real)  # (S, L, E)
        return self.output(x.masked_fill(~real.unsqueeze(2), -torch.inf).amax(dim=1))  # (S, H)


class ConvolutionDecoder(LinearDecoder):
    """`LinearDecoder` with convolutions over the P places' vectors.

    They run over all P places: how long the segment is, is for the decoder to say, so it must not
    see it in a mask.
    """

    def __init__(self, alphabet: Alphabet, sizes: Sizes) -> None:
        super().__init__(alphabet, sizes)
        self.longest, self.convolutions = places_of(sizes), convolutions(sizes)

    def vectors(self, context: Tensor, places: int) -> Tensor:
        x = super().vectors(context, self.longest)  # (S, P, E)
        return self.convolutions(x, torch.ones_like(x[:, :, 0], dtype=torch.bool))[:, :places]
