"""DLM100: a GRU over characters. The network is yours, `autoregressive.CharacterGRU`."""

from __future__ import annotations

import fast
import torch
from alphabet import Alphabet, Batch
from autoregressive import CharacterGRU
from lefttoright import LeftToRight, places
from sizes import Sizes
from torch import Tensor


class CharacterModel(LeftToRight):
    """Writes a text character by character, and its end. Exact.

    On a CPU its loss and scores come from `fast` if that computes what the network's own forward
    computes. Elsewhere `nn.GRU` does all steps at once, and the loop of `fast` would be slower.
    """

    def __init__(self, alphabet: Alphabet, sizes: Sizes) -> None:
        super().__init__(alphabet)
        E, H, K = sizes.embed_size, sizes.hidden_size, sizes.mixtures
        self.net = CharacterGRU(alphabet.total, alphabet.size + 1, E, H, K)
        self._is_fast: bool | None = None  # not known yet

    @property
    def is_fast(self) -> bool:
        """Whether the fast path is taken."""
        if self.net.output.weight.device.type != "cpu":
            return False
        if self._is_fast is None:
            self._is_fast = fast.agrees(self.net)
        return self._is_fast

    def log_probs(self, x: Tensor) -> Tensor:
        return self.net(x)

    def characters(self, batch: Batch, samples: int | None = 1) -> Tensor:
        if torch.is_grad_enabled() or not self.is_fast:
            return super().characters(batch)
        return self._fast(batch)[1]

    def loss(self, batch: Batch) -> Tensor:
        if not self.is_fast:
            return super().loss(batch)
        return self._fast(batch)[0] / len(batch)

    def step(self, symbols: Tensor, state: Tensor | None) -> tuple[Tensor, Tensor]:
        states, state = self.net.gru(self.net.embedding(symbols[:, None]), state)
        return self.net.log_probs(self.net.normalise(states)).squeeze(1), state

    def _fast(self, batch: Batch) -> tuple[Tensor, Tensor]:
        read, written = batch.shifted(self.alphabet), batch.with_end(self.alphabet)
        return fast.training_loss(self.net, read, written, places(batch))
