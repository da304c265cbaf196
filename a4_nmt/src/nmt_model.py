"""Translation by a recurrent encoder and a decoder that attends to it.

A convolution over the source's embeddings, a bidirectional LSTM, and an LSTM cell with attention
whose output is fed back to it: the model of Luong et al., "Effective Approaches to Attention-based
Neural Machine Translation" (2015), with the convolution before the encoder.

Letters in the shapes: b batch, S places of the source, T places of the target, e embed_size,
h hidden_size, V pieces of the target's vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from attention import additive, dot_product, multiplicative
from model_embeddings import ModelEmbeddings
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from vocab import END_ID, PAD_ID, START_ID, Vocab

ATTENTIONS = ("dot_product", "multiplicative", "additive")
State = tuple[Tensor, Tensor]  # an LSTM's hidden state and its cell: (b, h) each


class Hypothesis(NamedTuple):
    """A translation without <s> and </s>, and its log-probability in nats, with that of </s>."""

    value: list[str]
    score: float


class NMT(nn.Module):
    """Neural machine translation. attention: one of ATTENTIONS."""

    def __init__(
        self,
        embed_size: int,
        hidden_size: int,
        vocab: Vocab,
        dropout_rate: float = 0.2,
        attention: str = "multiplicative",
    ) -> None:
        super().__init__()
        if attention not in ATTENTIONS:
            raise ValueError(f"attention {attention!r} is not one of {', '.join(ATTENTIONS)}")
        self.embed_size, self.hidden_size = embed_size, hidden_size
        self.vocab, self.dropout_rate, self.attention = vocab, dropout_rate, attention
        self.model_embeddings = ModelEmbeddings(embed_size, vocab)
        self.dropout = nn.Dropout(dropout_rate)
        if attention != "dot_product":
            self.att_projection = nn.Linear(2 * hidden_size, hidden_size, bias=False)
        if attention == "additive":
            self.dec_att_projection = nn.Linear(hidden_size, hidden_size, bias=False)
            self.att_vector = nn.Linear(hidden_size, 1, bias=False)
        # TODO(a): the other layers.
        # post_embed_cnn: nn.Conv1d e -> e of width 2, no padding of its own.
        # encoder: a bidirectional nn.LSTM e -> h. decoder: an nn.LSTMCell (e + h) -> h.
        # nn.Linear without bias: h_projection and c_projection 2h -> h, combined_output_projection
        # 3h -> h, target_vocab_projection h -> V.
        raise NotImplementedError("TODO(a): NMT.__init__")

    @property
    def device(self) -> torch.device:
        return self.model_embeddings.source.weight.device

    def forward(self, source: Sequence[Sequence[str]], target: Sequence[Sequence[str]]) -> Tensor:
        """The log-likelihood of each target sentence given its source, (b,), in nats.

        source: b sentences. target: b sentences, each with <s> at its start and </s> at its end.
        """
        source_padded = self.vocab.src.to_input_tensor(source, self.device)  # (S, b)
        target_padded = self.vocab.tgt.to_input_tensor(target, self.device)  # (T, b)
        return self.log_likelihood(source_padded, [len(sent) for sent in source], target_padded)

    def log_likelihood(
        self, source_padded: Tensor, source_lengths: list[int], target_padded: Tensor
    ) -> Tensor:
        """`forward` on padded indices: source (S, b) and target (T, b), long. Returns (b,).

        Nothing predicts the first piece, <s>, and pads do not count.
        """
        enc_hiddens, dec_init_state = self.encode(source_padded, source_lengths)
        enc_masks = self.generate_sent_masks(enc_hiddens, source_lengths)
        outputs = self.decode(enc_hiddens, enc_masks, dec_init_state, target_padded)
        log_probs = F.log_softmax(self.target_vocab_projection(outputs), dim=-1)  # (T - 1, b, V)
        gold = target_padded[1:]  # (T - 1, b)
        of_gold = log_probs.gather(2, gold.unsqueeze(2)).squeeze(2)  # (T - 1, b)
        return (of_gold * (gold != PAD_ID)).sum(dim=0)

    def encode(self, source_padded: Tensor, source_lengths: list[int]) -> tuple[Tensor, State]:
        """Read the source. source_padded: (S, b) long. source_lengths: b ints, the largest is S.

        Returns enc_hiddens (b, S, 2h), each place's forward state, then its backward one, zero at
        pads; and the decoder's first state, init_h (b, h) and init_c (b, h). Changes no argument.
        """
        # TODO(a): return enc_hiddens (b, S, 2h) and (init_h, init_c), (b, h) each.
        # The source's embeddings go through post_embed_cnn, which sees a zero vector after the last
        # place, so that S places stay S places, and then through the encoder, packed so that it
        # never reads a pad; lengths come in any order. init_h is h_projection of both directions'
        # last hidden states, the forward one first; init_c is c_projection of their last cells.
        raise NotImplementedError("TODO(a): NMT.encode")

    def generate_sent_masks(self, enc_hiddens: Tensor, source_lengths: list[int]) -> Tensor:
        """(b, S), 1 at pads and 0 at real places. enc_hiddens: (b, S, 2h)."""
        lengths = torch.tensor(source_lengths, device=enc_hiddens.device)
        places = torch.arange(enc_hiddens.size(1), device=enc_hiddens.device)
        return (places >= lengths.unsqueeze(1)).float()

    def decode(
        self, enc_hiddens: Tensor, enc_masks: Tensor, dec_init_state: State, target_padded: Tensor
    ) -> Tensor:
        """The decoder's outputs while it reads the right translation.

        enc_hiddens: (b, S, 2h). enc_masks: (b, S), 1 at pads. dec_init_state: (b, h) twice.
        target_padded: (T, b) long, <s> first; T is at least 2. Returns combined outputs,
        (T - 1, b, h); the one at place t has to predict the target at t + 1.
        """
        enc_hiddens_proj = self.project(enc_hiddens)
        # TODO(b): return (T - 1, b, h): the combined output of `step` for each place of the target
        # but the last, which is not read. At place t the step reads Ybar_t, the embedding of the
        # target at t, then the combined output of the step before, which at the first place is 0.
        raise NotImplementedError("TODO(b): NMT.decode")

    def step(
        self,
        Ybar_t: Tensor,
        dec_state: State,
        enc_hiddens: Tensor,
        enc_hiddens_proj: Tensor,
        enc_masks: Tensor | None,
    ) -> tuple[State, Tensor, Tensor]:
        """One step. Ybar_t: (b, e + h). dec_state: (b, h) twice. enc_hiddens: (b, S, 2h).

        enc_hiddens_proj: project(enc_hiddens), to be used. enc_masks: (b, S), 1 at pads, or None.
        Returns the new dec_state, the combined output (b, h), and the scores e_t (b, S).
        """
        # TODO(b): return dec_state ((b, h) twice), combined_output (b, h) and e_t (b, S).
        # The decoder's cell reads Ybar_t. e_t are self.scores of its new hidden state, -inf at
        # pads; alpha_t is their softmax, and a_t (b, 2h) the sum of enc_hiddens weighted by it.
        # U_t is a_t, then the hidden state: the context comes first. The combined output is
        # dropout(tanh(combined_output_projection(U_t))).
        raise NotImplementedError("TODO(b): NMT.step")

    def project(self, enc_hiddens: Tensor) -> Tensor:
        """What attention compares the decoder's state with: the same at every step.

        enc_hiddens: (b, S, 2h). Returns (b, S, h); for dot-product attention enc_hiddens itself.
        """
        return enc_hiddens if self.attention == "dot_product" else self.att_projection(enc_hiddens)

    def scores(self, dec_hidden: Tensor, enc_hiddens: Tensor, enc_hiddens_proj: Tensor) -> Tensor:
        """The attention scores (b, S) of a decoder state (b, h) at each place of the source."""
        if self.attention == "dot_product":
            return dot_product(dec_hidden, enc_hiddens)
        if self.attention == "multiplicative":
            return multiplicative(dec_hidden, enc_hiddens_proj)
        projected = self.dec_att_projection(dec_hidden)  # (b, h)
        return additive(projected, enc_hiddens_proj, self.att_vector.weight.squeeze(0))

    def read(self, src_sent: Sequence[str]) -> tuple[Tensor, State]:
        """Encode one sentence: enc_hiddens (1, S, 2h), the decoder's first state ((1, h) twice)."""
        if not src_sent:
            raise ValueError("the source sentence is empty: there is nothing to translate")
        source_padded = self.vocab.src.to_input_tensor([src_sent], self.device)  # (S, 1)
        return self.encode(source_padded, [len(src_sent)])

    def predict(
        self, words: Tensor, o_prev: Tensor, dec_state: State, enc_hiddens: Tensor
    ) -> tuple[Tensor, Tensor, State]:
        """What may follow in each of n translations of the same sentence.

        words: (n,) long, the last of each. o_prev: (n, h), their last combined outputs, 0 at first.
        dec_state: (n, h) twice. enc_hiddens: (1, S, 2h), from `read`.
        Returns log-probabilities (n, V), the new combined outputs (n, h), the new dec_state.
        """
        each = (len(words), -1, -1)
        projected = self.project(enc_hiddens).expand(each)  # (n, S, h)
        Ybar_t = torch.cat((self.model_embeddings.target(words), o_prev), dim=1)  # (n, e + h)
        dec_state, o_t, _ = self.step(Ybar_t, dec_state, enc_hiddens.expand(each), projected, None)
        return F.log_softmax(self.target_vocab_projection(o_t), dim=1), o_t, dec_state

    @torch.no_grad()
    def greedy(self, src_sent: Sequence[str], max_decoding_time_step: int = 70) -> Hypothesis:
        """The translation that takes the likeliest piece at each step. Call `eval` before.

        max_decoding_time_step: after so many pieces, </s> among them, the translation ends.
        """
        enc_hiddens, dec_state = self.read(src_sent)
        # TODO(c): return a Hypothesis. Begin with <s> (START_ID) and a combined output of 0, and
        # ask `predict` at each step; the likeliest piece follows, until it is </s> (END_ID).
        # self.vocab.tgt.words[n] is the piece with the number n.
        raise NotImplementedError("TODO(c): NMT.greedy")

    @torch.no_grad()
    def beam_search(
        self, src_sent: Sequence[str], beam_size: int = 5, max_decoding_time_step: int = 70
    ) -> list[Hypothesis]:
        """At most beam_size translations, the likeliest first. Call `eval` before.

        max_decoding_time_step: after so many pieces, </s> among them, the search ends.
        """
        enc_hiddens, dec_state = self.read(src_sent)
        # TODO(c): return a list of Hypothesis, best score first. The search begins with one live
        # hypothesis, <s>. At each step every piece of the vocabulary may follow every live one; of
        # all these together the (beam_size - completed) with the best scores are kept. Those that
        # end in </s> are complete, the others live. It ends when beam_size are complete, or after
        # the last step. If none is complete then, the list holds the best live hypothesis alone.
        # self.vocab.tgt.words[n] is the piece with the number n.
        raise NotImplementedError("TODO(c): NMT.beam_search")

    def save(self, folder: str | Path) -> None:
        """Write the model into a folder: see given/saved.py, which imports this module."""
        import saved

        saved.save(Path(folder), self)

    @classmethod
    def load(cls, folder: str | Path) -> NMT:
        """The model in a folder that `save` wrote."""
        import saved

        return saved.load(Path(folder)).model
