"""BERT: a stack of layers in which every token attends to every token of its sentence.

The model is that of Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers for
Language Understanding" (2019); its layers are the encoder of Vaswani et al., "Attention Is All You
Need" (2017), with the layer norm after each sum.

Letters in the shapes: b batch, T tokens of the longest sentence, H hidden_size, nh heads,
hs = H // nh.
"""

from __future__ import annotations

import math

import torch
from base_bert import BertPreTrainedModel
from config import BertConfig
from torch import Tensor, nn
from torch.nn import functional as F
from utils import get_extended_attention_mask


class BertSelfAttention(nn.Module):
    """Multi-head self-attention, up to the heads side by side."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        hidden, heads = config.hidden_size, config.num_attention_heads
        if hidden % heads:
            raise ValueError(f"hidden_size {hidden} is not a multiple of {heads} attention heads")
        self.num_attention_heads = heads
        self.attention_head_size = hidden // heads
        self.all_head_size = hidden
        self.query = nn.Linear(hidden, hidden)
        self.key = nn.Linear(hidden, hidden)
        self.value = nn.Linear(hidden, hidden)
        self.dropout = nn.Dropout(config.attention_probs_dropout_prob)

    def transform(self, x: Tensor, linear_layer: nn.Linear) -> Tensor:
        """Project x, and cut the result into heads. x: (b, T, H). Returns (b, nh, T, hs)."""
        b, T, _ = x.size()
        projected = linear_layer(x).view(b, T, self.num_attention_heads, self.attention_head_size)
        return projected.transpose(1, 2)

    def attention(
        self, key: Tensor, query: Tensor, value: Tensor, attention_mask: Tensor
    ) -> Tensor:
        """What each token gathers from the tokens of its sentence. The key comes first.

        key, query, value: (b, nh, T, hs). attention_mask: (b, 1, 1, T), added to the scores: 0 at
        real tokens, -10000 at padding. Returns (b, T, H), the heads side by side.
        """
        # TODO(a): return (b, T, H): in each head softmax(q k^T / sqrt(hs) + attention_mask) v,
        # self.dropout applied to the softmax's probabilities (equation 1 of Vaswani et al.).
        ### BEGIN SOLUTION
        b, nh, T, hs = query.size()
        scores = query @ key.transpose(2, 3) / math.sqrt(hs)  # (b, nh, T, T)
        weights = self.dropout(F.softmax(scores + attention_mask, dim=-1))  # (b, nh, T, T)
        gathered = weights @ value  # (b, nh, T, hs)
        return gathered.transpose(1, 2).reshape(b, T, nh * hs)  # (b, T, H)
        ### END SOLUTION

    def forward(self, hidden_states: Tensor, attention_mask: Tensor) -> Tensor:
        """hidden_states: (b, T, H). attention_mask: (b, 1, 1, T), see `attention`. (b, T, H)."""
        key = self.transform(hidden_states, self.key)  # (b, nh, T, hs)
        value = self.transform(hidden_states, self.value)  # (b, nh, T, hs)
        query = self.transform(hidden_states, self.query)  # (b, nh, T, hs)
        return self.attention(key, query, value, attention_mask)


class BertLayer(nn.Module):
    """Attention, then a small network at each token; each is added to its input and normalised."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        hidden, eps = config.hidden_size, config.layer_norm_eps
        self.self_attention = BertSelfAttention(config)
        self.attention_dense = nn.Linear(hidden, hidden)
        self.attention_layer_norm = nn.LayerNorm(hidden, eps=eps)
        self.attention_dropout = nn.Dropout(config.hidden_dropout_prob)
        self.interm_dense = nn.Linear(hidden, config.intermediate_size)
        self.interm_af = F.gelu
        self.out_dense = nn.Linear(config.intermediate_size, hidden)
        self.out_layer_norm = nn.LayerNorm(hidden, eps=eps)
        self.out_dropout = nn.Dropout(config.hidden_dropout_prob)

    def add_norm(
        self,
        input: Tensor,
        output: Tensor,
        dense_layer: nn.Linear,
        dropout: nn.Dropout,
        ln_layer: nn.LayerNorm,
    ) -> Tensor:
        """Add a sublayer's output to its input, and normalise.

        input: (b, T, H), what went into the sublayer. output: (b, T, H or intermediate_size), what
        came out of it, before its last linear layer, `dense_layer`. Returns (b, T, H).
        """
        # TODO(a): return (b, T, H): the layer norm of input + dropout(dense_layer(output)).
        ### BEGIN SOLUTION
        return ln_layer(input + dropout(dense_layer(output)))
        ### END SOLUTION

    def forward(self, hidden_states: Tensor, attention_mask: Tensor) -> Tensor:
        """hidden_states: (b, T, H). attention_mask: (b, 1, 1, T), 0 or -10000. (b, T, H)."""
        # TODO(a): return (b, T, H): self_attention with add_norm through the attention_... layers,
        # then interm_dense and interm_af with add_norm through the out_... layers.
        ### BEGIN SOLUTION
        attended = self.self_attention(hidden_states, attention_mask)  # (b, T, H)
        hidden_states = self.add_norm(
            hidden_states,
            attended,
            self.attention_dense,
            self.attention_dropout,
            self.attention_layer_norm,
        )
        inner = self.interm_af(self.interm_dense(hidden_states))  # (b, T, intermediate_size)
        return self.add_norm(
            hidden_states, inner, self.out_dense, self.out_dropout, self.out_layer_norm
        )
        ### END SOLUTION


class BertModel(BertPreTrainedModel):
    """BERT without a head: a state for each token, and one, from the first token, for the whole."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__(config)
        hidden = config.hidden_size
        self.word_embedding = nn.Embedding(
            config.vocab_size, hidden, padding_idx=config.pad_token_id
        )
        self.pos_embedding = nn.Embedding(config.max_position_embeddings, hidden)
        self.tk_type_embedding = nn.Embedding(config.type_vocab_size, hidden)
        self.embed_layer_norm = nn.LayerNorm(hidden, eps=config.layer_norm_eps)
        self.embed_dropout = nn.Dropout(config.hidden_dropout_prob)
        position_ids = torch.arange(config.max_position_embeddings).unsqueeze(0)
        self.register_buffer("position_ids", position_ids, persistent=False)  # (1, positions)
        self.bert_layers = nn.ModuleList(
            [BertLayer(config) for _ in range(config.num_hidden_layers)]
        )
        self.pooler_dense = nn.Linear(hidden, hidden)
        self.pooler_af = nn.Tanh()
        self.init_weights()

    def embed(self, input_ids: Tensor, token_type_ids: Tensor | None = None) -> Tensor:
        """The states that enter the first layer.

        input_ids: (b, T) long. token_type_ids: (b, T) long, 0 in a pair's first sentence and 1 in
        its second; None: all 0. Returns (b, T, H).
        """
        # TODO(a): return (b, T, H): the sum of the embeddings of the words, the positions 0 to
        # T - 1 (self.position_ids holds them all) and the types, then the layer norm, then dropout.
        ### BEGIN SOLUTION
        if token_type_ids is None:
            token_type_ids = torch.zeros_like(input_ids)
        words = self.word_embedding(input_ids)  # (b, T, H)
        positions = self.pos_embedding(self.position_ids[:, : input_ids.size(1)])  # (1, T, H)
        types = self.tk_type_embedding(token_type_ids)  # (b, T, H)
        return self.embed_dropout(self.embed_layer_norm(words + positions + types))
        ### END SOLUTION

    def encode(self, hidden_states: Tensor, attention_mask: Tensor) -> Tensor:
        """Pass the states through every layer.

        hidden_states: (b, T, H). attention_mask: (b, T), 1 at real tokens. Returns (b, T, H).
        """
        extended = get_extended_attention_mask(attention_mask, self.dtype)  # (b, 1, 1, T)
        for layer in self.bert_layers:
            hidden_states = layer(hidden_states, extended)
        return hidden_states

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Read a batch of sentences, or of pairs.

        input_ids, token_type_ids: (b, T) long. attention_mask: (b, T), 1 at real tokens and 0 at
        padding. Returns last_hidden_state (b, T, H) and pooler_output (b, H), which is
        tanh(pooler_dense(state of the first token)).
        """
        states = self.encode(self.embed(input_ids, token_type_ids), attention_mask)  # (b, T, H)
        pooled = self.pooler_af(self.pooler_dense(states[:, 0]))  # (b, H)
        return {"last_hidden_state": states, "pooler_output": pooled}
