"""What every BERT here has: fresh weights, and pretrained ones. Given code: nothing to write here.

bert = BertModel.from_pretrained("minilm", hidden_dropout_prob=0.3)
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import torch
import weights
from config import BertConfig
from torch import nn


class BertPreTrainedModel(nn.Module):
    """A model made from a `BertConfig` alone."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.config = config

    @property
    def dtype(self) -> torch.dtype:
        return next(self.parameters()).dtype

    def init_weights(self) -> None:
        """Fresh weights as in BERT: normal with `initializer_range`, biases 0, norms 1 and 0."""
        self.apply(self._init_module)

    @classmethod
    def from_pretrained(cls, name_or_path: str | Path, **overrides: Any) -> Self:
        """The model with the weights in a local folder, on the hub, or in `minilm`.

        overrides: changes to its configuration, such as hidden_dropout_prob=0.3. Raises UserError
        for weights that cannot be found or read, or that do not fit the model: see weights.py.
        """
        config, state = weights.load(name_or_path)
        model = cls(config.replace(**overrides))
        weights.check(model.state_dict(), state, str(name_or_path))
        model.load_state_dict(state, strict=False)  # position_ids is the model's own
        return model

    def _init_module(self, module: nn.Module) -> None:
        std = self.config.initializer_range
        if isinstance(module, nn.Linear | nn.Embedding):
            nn.init.normal_(module.weight, std=std)
        if isinstance(module, nn.LayerNorm):
            nn.init.ones_(module.weight)
        if isinstance(module, nn.Linear | nn.LayerNorm):
            nn.init.zeros_(module.bias)
