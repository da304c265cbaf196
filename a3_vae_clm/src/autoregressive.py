"""A language model over characters: a GRU and a mixture of softmaxes. Part (a).

Each character is predicted from all those before it, so the log-probability of a text is exact:
the sum over its characters. The GRU is that of Cho et al., "Learning Phrase Representations using
RNN Encoder-Decoder" (2014), as nn.GRU has it; the output is that of Yang et al., "Breaking the
Softmax Bottleneck" (2018).

Letters in the shapes: B sequences, T places, E embed_size, H hidden_size, K mixtures, V outputs.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

EPSILON = 1e-5  # added to the deviation: a state of zeros stays one of zeros


class CharacterGRU(nn.Module):
    """Log-probabilities of the next symbol at each place.

    inputs: how many symbols can be read. outputs: how many can be predicted, the first of them.
    """

    def __init__(
        self, inputs: int, outputs: int, embed_size: int, hidden_size: int, mixtures: int
    ) -> None:
        super().__init__()
        self.embed_size, self.hidden_size, self.mixtures = embed_size, hidden_size, mixtures
        # TODO(a): the layers. embedding: nn.Embedding, a vector of E for each of the inputs.
        # gru: nn.GRU E -> H of one layer, batch first. nn.Linear with bias: experts H -> K * E,
        # weights H -> K, output E -> V.
        raise NotImplementedError("TODO(a): CharacterGRU.__init__")

    def normalise(self, states: Tensor) -> Tensor:
        """Each state over its own deviation. states: (..., H). Returns the same shape."""
        # TODO(a): return (..., H): states / (s + EPSILON), where s is the standard deviation over
        # the last dimension, of all H numbers (divided by H, not by H - 1). The mean stays in.
        raise NotImplementedError("TODO(a): CharacterGRU.normalise")

    def log_probs(self, states: Tensor) -> Tensor:
        """A mixture of softmaxes. states: (B, T, H), normalised. Returns (B, T, V), in nats."""
        # TODO(a): return (B, T, V): log sum_k pi_k p_k, where pi is the softmax of `weights` and
        # p_k that of `output` of tanh(expert k). Expert k is the k-th run of E numbers of
        # `experts`. It must be right for logits of a thousand, too: add up in log space.
        raise NotImplementedError("TODO(a): CharacterGRU.log_probs")

    def forward(self, x: Tensor) -> Tensor:
        """Predict what follows each place. x: (B, T) long. Returns (B, T, V), in nats.

        The state before the first place is zero. The output at place t rests on x[:, : t + 1].
        """
        # TODO(a): return (B, T, V): the log-probabilities of the GRU's normalised states.
        raise NotImplementedError("TODO(a): CharacterGRU.forward")
