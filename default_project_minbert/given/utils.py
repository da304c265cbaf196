"""Small helpers of the model. Given code: there is nothing to write here."""

from __future__ import annotations

import torch
from torch import Tensor

MASKED = -10000.0  # added to the score of a padded place; its softmax is exactly 0 in float32


def get_extended_attention_mask(
    attention_mask: Tensor, dtype: torch.dtype = torch.float32
) -> Tensor:
    """What to add to the scores: 0 at real tokens, -10000 at padding.

    attention_mask: (b, T), 1 at real tokens and 0 at padding. Returns (b, 1, 1, T), which
    broadcasts over the heads and the queries.
    """
    return (1.0 - attention_mask[:, None, None, :].to(dtype)) * MASKED
