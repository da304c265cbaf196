"""Networks that guess the text under the noise: the bodies of DLM140 to 147, and what frames them.

A *body* maps (B, T, E) vectors to (B, T, E) vectors, in both directions; where the mask is False
it neither reads nor writes. `Denoiser` is the frame: characters and noise level in, log p(x0 | x_t)
out. Two diffusion models differ by their body, their noise and their output.

Letters in the shapes: B batch, T places, E embed_size, H hidden_size, C symbols of the alphabet.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from alphabet import MAX_LENGTH, Alphabet
from convolution import masked_convolution, tied_logits
from torch import Tensor, nn
from torch.nn import functional

from course.errors import UserError

Output = Literal["plain", "keep", "bayes"]
Skip = Literal["none", "inside", "outside", "gate"]

LEVEL_FEATURES = 16


def reverse(x: Tensor, lengths: Tensor) -> Tensor:
    """Each sequence backwards, its padding still behind it. x: (B, T, ..). lengths: (B,)."""
    places = torch.arange(x.size(1), device=x.device)
    backwards = lengths[:, None] - 1 - places  # (B, T)
    order = torch.where(backwards >= 0, backwards, places)
    return x[torch.arange(len(x), device=x.device)[:, None], order]


class TwoGRUs(nn.Module):
    """DLM140: one GRU of D layers reads forwards, another backwards; both are added up."""

    def __init__(self, embed_size: int, hidden_size: int, depth: int) -> None:
        super().__init__()
        self.forwards = nn.GRU(embed_size, hidden_size, depth, batch_first=True)
        self.backwards = nn.GRU(embed_size, hidden_size, depth, batch_first=True)
        self.projection = nn.Linear(2 * hidden_size, embed_size)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        lengths = mask.sum(1)
        ahead = self.forwards(x)[0]  # (B, T, H)
        back = reverse(self.backwards(reverse(x, lengths))[0], lengths)  # (B, T, H)
        return x + self.projection(torch.cat([ahead, back], dim=-1))


class SkipGate(nn.Module):
    """DLM143's skip: a gate decides, entry by entry, between a layer's input and its output."""

    def __init__(self, embed_size: int) -> None:
        super().__init__()
        self.gate = nn.Linear(embed_size, embed_size)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return torch.lerp(x, torch.tanh(y), torch.sigmoid(self.gate(x)))


class Convolutions(nn.Module):
    """DLM141 to 143: D convolutions, each of which sees `kernel` places.

    skip: how a layer's output y joins its input x: "none" tanh(y), "outside" x + tanh(y) (DLM141),
    "inside" tanh(x + y) (DLM142), "gate" (DLM143).
    """

    def __init__(self, embed_size: int, depth: int, kernel: int, skip: Skip) -> None:
        super().__init__()
        self.skip = skip
        self.convolutions = nn.ModuleList(
            nn.Conv1d(embed_size, embed_size, kernel, padding="same") for _ in range(depth)
        )
        gates = depth if skip == "gate" else 0
        self.gates = nn.ModuleList(SkipGate(embed_size) for _ in range(gates))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        for layer, convolution in enumerate(self.convolutions):
            x = self.join(x, masked_convolution(x, mask, convolution), layer)  # (B, T, E)
        return x

    def join(self, x: Tensor, y: Tensor, layer: int) -> Tensor:
        """A layer's input and output as the next one's input, (B, T, E)."""
        if self.skip == "gate":
            return self.gates[layer](x, y)
        if self.skip == "outside":
            return x + torch.tanh(y)
        return torch.tanh(x + y) if self.skip == "inside" else torch.tanh(y)


class Attention(nn.Module):
    """Every place attends to every place of its sequence, with several heads."""

    def __init__(self, embed_size: int, heads: int) -> None:
        super().__init__()
        if embed_size % heads:
            raise UserError(
                f"--embed_size {embed_size}: it must be a multiple of the {heads} heads"
            )
        self.heads = heads
        self.inputs = nn.Linear(embed_size, 3 * embed_size)
        self.output = nn.Linear(embed_size, embed_size)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        B, T, E = x.shape
        split = self.inputs(x).view(B, T, 3, self.heads, E // self.heads)
        query, key, value = split.permute(2, 0, 3, 1, 4)  # (B, heads, T, E / heads) each
        # A sequence without characters attends to its padding, or its softmax would be nan.
        seen = mask | (mask.sum(1, keepdim=True) == 0)  # (B, T)
        y = functional.scaled_dot_product_attention(query, key, value, seen[:, None, None])
        return self.output(y.transpose(1, 2).reshape(B, T, E))


class AttentionOnly(nn.Module):
    """DLM144: D layers of attention that know no positions, joined by DLM143's gate."""

    def __init__(self, embed_size: int, depth: int, heads: int) -> None:
        super().__init__()
        self.attentions = nn.ModuleList(Attention(embed_size, heads) for _ in range(depth))
        self.gates = nn.ModuleList(SkipGate(embed_size) for _ in range(depth))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        for attention, gate in zip(self.attentions, self.gates, strict=True):
            x = gate(x, attention(x, mask))
        return x


class Positions(nn.Module):
    """A vector for each place, by its distance from the start and from the end: (B, T, E).

    The length is charged before the first character, so a model may know where the end is.
    """

    def __init__(self, embed_size: int) -> None:
        super().__init__()
        self.from_start = nn.Embedding(MAX_LENGTH, embed_size)
        self.from_end = nn.Embedding(MAX_LENGTH, embed_size)
        for table in (self.from_start, self.from_end):
            nn.init.normal_(table.weight, std=0.1)

    def forward(self, mask: Tensor) -> Tensor:
        places = torch.arange(mask.size(1), device=mask.device)
        left = (mask.sum(1, keepdim=True) - 1 - places).clamp(0, MAX_LENGTH - 1)  # (B, T)
        return self.from_start(places.clamp_max(MAX_LENGTH - 1)) + self.from_end(left)


class TransformerBlock(nn.Module):
    """Attention, then two linear layers, each behind a layer norm and beside a residual."""

    def __init__(self, embed_size: int, heads: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(embed_size) for _ in range(2))
        self.attention = Attention(embed_size, heads)
        self.wide = nn.Linear(embed_size, 4 * embed_size)
        self.narrow = nn.Linear(4 * embed_size, embed_size)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        x = x + self.attention(self.norms[0](x), mask)
        return x + self.narrow(functional.gelu(self.wide(self.norms[1](x))))


class Transformer(nn.Module):
    """DLM147: a transformer over characters; the positions are added in every layer.

    kernel: the places that a convolution before each block sees; 0 for none, as in DLM147.
    """

    def __init__(self, embed_size: int, depth: int, heads: int, kernel: int = 0) -> None:
        super().__init__()
        self.positions = Positions(embed_size)
        self.blocks = nn.ModuleList(TransformerBlock(embed_size, heads) for _ in range(depth))
        self.norm = nn.LayerNorm(embed_size)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(embed_size, embed_size, kernel, padding="same")
            for _ in range(depth if kernel else 0)
        )

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        places = self.positions(mask)  # (B, T, E)
        for layer, block in enumerate(self.blocks):
            x = x + places
            if self.convolutions:
                x = x + masked_convolution(x, mask, self.convolutions[layer])
            x = block(x, mask)
        return self.norm(x)


class Level(nn.Module):
    """The noise level as a vector: cosines of the keep probability, then a linear layer."""

    def __init__(self, embed_size: int) -> None:
        super().__init__()
        self.linear = nn.Linear(LEVEL_FEATURES, embed_size)

    def forward(self, keep_t: Tensor) -> Tensor:
        """keep_t: (B,). Returns (B, E)."""
        waves = torch.arange(LEVEL_FEATURES, device=keep_t.device)
        return self.linear(torch.cos(math.pi * keep_t[:, None] * waves))


class Denoiser(nn.Module):
    """log p(x0 | x_t) by a body between an embedding and an output tied to it.

    output: "plain", a softmax. "keep" mixes it, by a gate, with what stands there already (DLM140
    to 147). "bayes" takes the softmax for what the context says of x0 and multiplies it with the
    probability that uniform noise makes x_t of x0, so that the network need not learn the level.
    timed: whether the body sees the level. Under absorbing noise it has no need to: how much is
    lost shows in the text.
    """

    def __init__(
        self,
        alphabet: Alphabet,
        embed_size: int,
        body: nn.Module,
        output: Output = "plain",
        timed: bool = True,
    ) -> None:
        super().__init__()
        self.size = alphabet.size
        self.output = output
        self.embedding = nn.Embedding(alphabet.total, embed_size)
        nn.init.normal_(self.embedding.weight, std=embed_size**-0.5)
        self.level = Level(embed_size) if timed else None
        self.body = body
        self.bias = nn.Parameter(torch.zeros(self.size))
        self.gate = nn.Linear(embed_size, 1) if output == "keep" else None

    def forward(self, x_t: Tensor, mask: Tensor, keep_t: Tensor) -> Tensor:
        """x_t: (B, T) long. mask: (B, T). keep_t: (B,), below 1. Returns (B, T, C) log-probs."""
        x = self.embedding(x_t)  # (B, T, E)
        if self.level is not None:
            x = x + self.level(keep_t)[:, None]
        states = self.body(x * mask[..., None], mask)  # (B, T, E)
        logits = tied_logits(states, self.embedding.weight[: self.size]) + self.bias
        if self.output == "bayes":
            logits = logits + self.evidence(x_t, keep_t)
        log_probs = logits.log_softmax(-1)  # (B, T, C)
        return log_probs if self.gate is None else self.kept(x_t, log_probs, self.gate(states))

    def evidence(self, x_t: Tensor, keep_t: Tensor) -> Tensor:
        """By how much uniform noise prefers x0 = x_t to another symbol, (B, T, C), nats."""
        preference = torch.log1p(keep_t * self.size / (1 - keep_t))  # (B,)
        return functional.one_hot(x_t, self.size) * preference[:, None, None]

    def kept(self, x_t: Tensor, log_probs: Tensor, gate: Tensor) -> Tensor:
        """The mixture of x_t itself and `log_probs`; gate: (B, T, 1), the logit of x_t itself."""
        replaced = functional.logsigmoid(-gate) + log_probs  # (B, T, C)
        own = torch.logaddexp(functional.logsigmoid(gate), replaced)
        return torch.where(functional.one_hot(x_t, self.size).bool(), own, replaced)


class Experts(nn.Module):
    """Several denoisers, mixed by a selector that sees the noise level."""

    def __init__(self, denoisers: list[nn.Module]) -> None:
        super().__init__()
        self.denoisers = nn.ModuleList(denoisers)
        self.selector = Level(len(denoisers))

    def forward(self, x_t: Tensor, mask: Tensor, keep_t: Tensor) -> Tensor:
        """As `Denoiser.forward`."""
        weights = self.selector(keep_t).log_softmax(-1)  # (B, number of experts)
        said = torch.stack([each(x_t, mask, keep_t) for each in self.denoisers])  # (.., B, T, C)
        return torch.logsumexp(said + weights.T[:, :, None, None], dim=0)
