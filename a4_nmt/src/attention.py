"""Three ways to score how well the decoder's state fits each place of the source. Part (b).

Dot-product and multiplicative attention are those of Luong et al., "Effective Approaches to
Attention-based Neural Machine Translation" (2015), additive attention that of Bahdanau et al.,
"Neural Machine Translation by Jointly Learning to Align and Translate" (2015). The scale of the
dot product is that of Vaswani et al., "Attention Is All You Need" (2017).

Letters in the shapes: b batch, S places of the source, h hidden_size.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def dot_product(dec_hidden: Tensor, enc_hiddens: Tensor) -> Tensor:
    """Attention without weights of its own.

    dec_hidden: (b, h). enc_hiddens: (b, S, 2h), each a forward state, then a backward one. The
    decoder's state is as long as each of the two; it is compared with their sum.
    Returns the scores, (b, S).
    """
    # TODO(b): return (b, S): dec_hidden . (forward + backward) / sqrt(h) at each place.
    raise NotImplementedError("TODO(b): dot_product")


def multiplicative(dec_hidden: Tensor, enc_hiddens_proj: Tensor) -> Tensor:
    """Attention with one matrix, W h_enc, which is already applied.

    dec_hidden: (b, h). enc_hiddens_proj: (b, S, h). Returns the scores, (b, S).
    """
    # TODO(b): return (b, S): dec_hidden . enc_hiddens_proj at each place.
    raise NotImplementedError("TODO(b): multiplicative")


def additive(dec_hidden_proj: Tensor, enc_hiddens_proj: Tensor, v: Tensor) -> Tensor:
    """Attention by a small network: both states are already projected to the same length.

    dec_hidden_proj: (b, h). enc_hiddens_proj: (b, S, h). v: (h,). Returns the scores, (b, S).
    """
    # TODO(b): return (b, S): v . tanh(dec_hidden_proj + enc_hiddens_proj) at each place.
    raise NotImplementedError("TODO(b): additive")
