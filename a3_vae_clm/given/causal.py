"""DLM111: causal convolutions over characters, in place of the recurrent network.

Each place sees itself and places before it: a layer looks at `kernel` of them, `dilation` apart,
and the dilation doubles from layer to layer, as in van den Oord et al., "WaveNet: A Generative
Model for Raw Audio" (2016). A layer's gate says how much of it is added to what came in.

Letters in the shapes: B texts, T places, H hidden_size, C characters.
"""

from __future__ import annotations

import torch
from alphabet import MAX_LENGTH, Alphabet
from lefttoright import LeftToRight
from sizes import Sizes
from torch import Tensor, nn
from torch.nn import functional as F


class CausalLayer(nn.Module):
    """x + tanh(a) * sigmoid(b), where a and b are convolutions of the normalised x.

    gated: if False, x + relu(a), mixed by a linear layer.
    """

    def __init__(self, size: int, kernel: int, dilation: int, gated: bool = True) -> None:
        super().__init__()
        self.reach, self.gated = (kernel - 1) * dilation, gated
        self.norm = nn.LayerNorm(size)
        outputs = 2 * size if gated else size
        self.convolution = nn.Conv1d(size, outputs, kernel, dilation=dilation)
        self.mix = nn.Linear(size, size)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, H) -> (B, T, H)."""
        earlier = F.pad(self.norm(x).transpose(1, 2), (self.reach, 0))  # (B, H, reach + T)
        y = self.convolution(earlier).transpose(1, 2)  # (B, T, H or 2H)
        if self.gated:
            value, gate = y.chunk(2, dim=2)
            return x + self.mix(torch.tanh(value) * torch.sigmoid(gate))
        return x + self.mix(torch.relu(y))


def dilations(depth: int) -> list[int]:
    """The dilations of `depth` layers: doubled from layer to layer, but at most the places of the
    longest text, from where on a layer sees only the place itself."""
    return [min(2**layer, MAX_LENGTH + 1) for layer in range(depth)]


class CausalModel(LeftToRight):
    """Writes a text character by character, and its end. Exact."""

    def __init__(self, alphabet: Alphabet, sizes: Sizes, gated: bool = True) -> None:
        super().__init__(alphabet)
        self.embedding = nn.Embedding(alphabet.total, sizes.hidden_size)
        self.layers = nn.Sequential(
            *(
                CausalLayer(sizes.hidden_size, sizes.kernel, dilation, gated)
                for dilation in dilations(sizes.depth)
            )
        )
        self.norm = nn.LayerNorm(sizes.hidden_size)
        self.output = nn.Linear(sizes.hidden_size, alphabet.size + 1)

    @property
    def receptive_field(self) -> int:
        """How many places an output rests on, its own among them."""
        return 1 + sum(layer.reach for layer in self.layers)

    def log_probs(self, x: Tensor) -> Tensor:
        states = self.norm(self.layers(self.embedding(x)))  # (B, T, H)
        return F.log_softmax(self.output(states), dim=2)

    def step(self, symbols: Tensor, state: Tensor | None) -> tuple[Tensor, Tensor]:
        """The state is all that was read before: (n, t)."""
        seen = symbols[:, None] if state is None else torch.cat((state, symbols[:, None]), dim=1)
        return self.log_probs(seen)[:, -1], seen
