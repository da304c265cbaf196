"""The vectors of the source's pieces and of the target's. Yours to write: part (a)."""

from __future__ import annotations

from torch import nn
from vocab import PAD_ID, Vocab


class ModelEmbeddings(nn.Module):
    """Two tables: `source` and `target`, each with a vector of embed_size for every piece."""

    def __init__(self, embed_size: int, vocab: Vocab) -> None:
        super().__init__()
        self.embed_size = embed_size
        # TODO(a): self.source and self.target, nn.Embedding of embed_size for every piece of
        # vocab.src and of vocab.tgt. The vector of PAD_ID is zero and stays so (padding_idx).
        ### BEGIN SOLUTION
        self.source = nn.Embedding(len(vocab.src), embed_size, padding_idx=PAD_ID)
        self.target = nn.Embedding(len(vocab.tgt), embed_size, padding_idx=PAD_ID)
        ### END SOLUTION
