"""One step of the decoder for many hypotheses of many sentences. Given code, for beam.py.

`PlainDecoder` calls the model's own `encode` and `step`. `FastDecoder` computes the same with what
does not change from step to step computed once: the keys and the values of the attention, once for
all hypotheses of a sentence; see fast.py. `decoder_for` tries both and takes the fast one if it
gives the same.

Letters in the shapes: b sentences, S places of the source, R hypotheses, h hidden_size, V pieces of
the target's vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import fast
import torch
from layout import Layout
from nmt_model import NMT
from torch import Tensor
from torch.nn import functional as F
from vocab import START_ID

State = tuple[Tensor, Tensor, Tensor]  # last combined output, hidden state, cell: (R, h) each
Sentences = Sequence[Sequence[str]]
TRIED = 4  # sentences, and steps
STEPS = 10  # of a translation, at least, as a rule
TOLERANCE = 1e-4  # of the largest logit: float32, summed in a different order


class Decoder(Protocol):
    """A decoder that has read a batch of sentences."""

    def start(self) -> State:
        """The state before the first step, a row for each sentence."""

    def step(self, words: Tensor, state: State, owners: Tensor) -> State:
        """The new state of each hypothesis.

        words: (R,) long, the last piece of each. owners: (R,) long, the sentence of each, in order.
        """

    def logits(self, outputs: Tensor) -> Tensor:
        """What may follow combined outputs. (n, h) -> (n, V)."""

    def keep(self, sentences: Tensor) -> None:
        """Forget all but some sentences, (b',) long, which become 0, 1, ..."""


@torch.no_grad()
def decoder_for(model: NMT, sentences: Sentences) -> Callable[[Sentences], Decoder]:
    """What makes a Decoder from some sentences, without gradients.

    The fast one is tried on the shortest of `sentences` and some longer ones.
    """
    by_length = sorted(sentences, key=len)
    some = by_length[:: max(1, len(by_length) // TRIED)][:TRIED]
    try:
        weights = Weights(model, len(sentences))
        with torch.backends.cudnn.flags(enabled=False):  # it rounds to TF32
            agrees = _same(PlainDecoder(model, some), FastDecoder(weights, some))
    except Exception:  # a student's model may lack what fast.py takes for granted
        agrees = False
    if agrees:
        return lambda own: FastDecoder(weights, own)
    return lambda own: PlainDecoder(model, own)


def _same(plain: Decoder, quick: Decoder) -> bool:
    """Whether two decoders give the same logits for a few steps, with words of the first."""
    state, other = plain.start(), quick.start()
    owners = torch.arange(len(state[0]), device=state[0].device)
    words = torch.full_like(owners, START_ID)
    for _ in range(TRIED):
        state, other = (d.step(words, s, owners) for d, s in ((plain, state), (quick, other)))
        expected, logits = plain.logits(state[0]), quick.logits(other[0])
        if not (expected - logits).abs().max() <= TOLERANCE * expected.abs().max():
            return False
        words = expected.argmax(dim=1)
    return True


class PlainDecoder:
    """By the model's own methods."""

    def __init__(self, model: NMT, sentences: Sentences) -> None:
        lengths = [len(sentence) for sentence in sentences]
        padded = model.vocab.src.to_input_tensor(sentences, model.device)  # (S, b)
        self.model = model
        self.enc_hiddens, self.first = model.encode(padded, lengths)  # (b, S, 2h)
        self.projected = model.project(self.enc_hiddens)
        self.masks = model.generate_sent_masks(self.enc_hiddens, lengths)  # (b, S)

    def start(self) -> State:
        return torch.zeros_like(self.first[0]), *self.first

    def step(self, words: Tensor, state: State, owners: Tensor) -> State:
        output, *cell = state
        Ybar_t = torch.cat((self.model.model_embeddings.target(words), output), dim=1)
        each = (x[owners] for x in (self.enc_hiddens, self.projected, self.masks))
        cell, output, _ = self.model.step(Ybar_t, tuple(cell), *each)
        return output, *cell

    def logits(self, outputs: Tensor) -> Tensor:
        return self.model.target_vocab_projection(outputs)

    def keep(self, sentences: Tensor) -> None:
        self.enc_hiddens = self.enc_hiddens[sentences]
        self.projected, self.masks = self.projected[sentences], self.masks[sentences]


class Weights:
    """The model's weights as FastDecoder multiplies with them: transposed, which is faster."""

    def __init__(self, model: NMT, sentences: int) -> None:
        """sentences: how many will be translated."""
        self.model, combined = model, model.combined_output_projection.weight
        self.recurrent = fast.recurrent_weight(model).t().contiguous()  # (2h, 4h)
        self.mix = combined[:, 2 * model.hidden_size :].t().contiguous()  # (h, h)
        self.vocabulary = model.target_vocab_projection.weight.t().contiguous()  # (h, V)
        self.query, self.vector = fast.additive_weights(model)
        pieces = torch.arange(len(self.vocabulary.t()), device=model.device)
        often = sentences * STEPS > len(pieces)  # each piece's share of the gates is needed often
        self.table = fast.word_gates(model, pieces) if often else None  # (V, 4h)

    def word_gates(self, words: Tensor) -> Tensor:
        """The words' share of the gates, a new tensor. (R,) long -> (R, 4h)."""
        return fast.word_gates(self.model, words) if self.table is None else self.table[words]


class FastDecoder:
    """Without dropout."""

    def __init__(self, weights: Weights, sentences: Sentences) -> None:
        model = weights.model
        layout = Layout([len(sentence) for sentence in sentences], model.device)
        padded = model.vocab.src.to_input_tensor(sentences, model.device)  # (S, b)
        states, self.first = fast.encode(model, padded, layout)
        both = fast.keys_and_values(model, states)
        self.keys, self.values = (layout.sentences(layout.rows(x)) for x in both)  # (b, S, h)
        padding = layout.sentences(~layout.real)
        self.bias = states.new_zeros(padding.shape).masked_fill_(padding, -torch.inf)  # (b, S)
        self.weights, self.model = weights, model

    def start(self) -> State:
        return torch.zeros_like(self.first[0]), *self.first

    def step(self, words: Tensor, state: State, owners: Tensor) -> State:
        output, hidden, cell = state
        gates = self.weights.word_gates(words)  # (R, 4h)
        gates.addmm_(torch.cat((output, hidden), dim=1), self.weights.recurrent)
        i, f, g, o = gates.chunk(4, dim=1)  # in torch's order
        cell = f.sigmoid_() * cell + i.sigmoid_() * g.tanh_()
        hidden = o.sigmoid_() * torch.tanh(cell)
        context = self._attend(hidden, owners)
        return torch.addmm(context, hidden, self.weights.mix).tanh_(), hidden, cell

    def logits(self, outputs: Tensor) -> Tensor:
        return outputs @ self.weights.vocabulary

    def keep(self, sentences: Tensor) -> None:
        self.keys, self.values = self.keys[sentences], self.values[sentences]
        self.bias = self.bias[sentences]

    def _attend(self, hidden: Tensor, owners: Tensor) -> Tensor:
        """The values added up, (R, h). The hypotheses of a sentence share its keys and values."""
        b, h, r = len(self.keys), hidden.size(1), torch.arange(len(owners), device=owners.device)
        counts = torch.bincount(owners, minlength=b)
        width = int(counts.max())
        places = owners * width + r - (counts.cumsum(0) - counts)[owners]
        queries = hidden.new_zeros(b * width, h).index_copy_(0, places, hidden).view(b, width, h)
        weights = torch.softmax(self._scores(queries), dim=2)  # (b, width, S)
        return torch.bmm(weights, self.values).flatten(0, 1)[places]

    def _scores(self, queries: Tensor) -> Tensor:
        """(b, width, h) -> (b, width, S)."""
        bias, own = self.bias[:, None], self.weights
        if own.vector is None:
            return torch.baddbmm(bias, queries, self.keys.transpose(1, 2))
        queries = F.linear(queries, own.query)[:, :, None]  # (b, width, 1, h)
        return torch.tanh(queries + self.keys[:, None]) @ own.vector + bias
