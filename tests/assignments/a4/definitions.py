"""A small translation model, and what it has to compute, written out sentence by sentence."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor

from tests.flat import flat_imports
from tests.programs import ROOT

PROJECT = ROOT / "a4_nmt"
with flat_imports(PROJECT / "solution", PROJECT / "given"):
    import attention
    import nmt_model
    import saved
    import subwords
    import utils
    import vocab

MODULES = {each.__name__: each for each in (attention, nmt_model, saved, subwords, utils, vocab)}
SOURCES = [list("ab"), list("dcabd"), list("c")]
TARGETS = [["<s>", *words, "</s>"] for words in ("xy", "", "yxxy")]


def make(kind: str = "multiplicative", seed: int = 0, e: int = 3, h: int = 4, **own):
    """A model with weights large enough that every part of it shows, in float64."""
    languages = (vocab.VocabEntry([*vocab.SPECIALS, *letters]) for letters in ("abcd", "xy"))
    torch.manual_seed(seed)
    model = nmt_model.NMT(e, h, vocab.Vocab(*languages), attention=kind, **own).double()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.7)
    for table in (model.model_embeddings.source, model.model_embeddings.target):
        torch.nn.init.zeros_(table.weight[vocab.PAD_ID])
    return model.eval()


def cell(x: Tensor, state, weights) -> tuple[Tensor, Tensor]:
    """An LSTM's equations for one vector x. weights: ih, hh and their biases."""
    w_ih, w_hh, b_ih, b_hh = weights
    i, f, g, o = (w_ih @ x + b_ih + w_hh @ state[0] + b_hh).chunk(4)
    c = torch.sigmoid(f) * state[1] + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


def encoded(model, sent: list[str]) -> tuple[Tensor, Tensor, Tensor]:
    """enc_hiddens (S, 2h), init_h (h,) and init_c (h,) of one sentence."""
    table, kernel = model.model_embeddings.source.weight, model.post_embed_cnn
    vectors = [table[model.vocab.src[word]] for word in sent] + [torch.zeros_like(table[0])]
    left, right = kernel.weight[:, :, 0], kernel.weight[:, :, 1]
    xs = [left @ a + right @ b + kernel.bias for a, b in itertools.pairwise(vectors)]
    runs, ends = [], []
    for suffix, order in (("l0", range(len(xs))), ("l0_reverse", range(len(xs) - 1, -1, -1))):
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        weights = [getattr(model.encoder, f"{name}_{suffix}") for name in names]
        state = (torch.zeros(model.hidden_size).double(),) * 2
        hiddens = {}
        for place in order:
            state = cell(xs[place], state, weights)
            hiddens[place] = state[0]
        runs.append(torch.stack([hiddens[place] for place in range(len(xs))]))
        ends.append(state)
    (h_forward, c_forward), (h_backward, c_backward) = ends
    init_h = model.h_projection.weight @ torch.cat((h_forward, h_backward))
    init_c = model.c_projection.weight @ torch.cat((c_forward, c_backward))
    return torch.cat(runs, dim=1), init_h, init_c


def score(model, hidden: Tensor, place: Tensor) -> Tensor:
    """The attention score of one decoder state (h,) and one encoder state (2h,)."""
    h = model.hidden_size
    if model.attention == "dot_product":
        return hidden @ (place[:h] + place[h:]) / h**0.5
    projected = model.att_projection.weight @ place
    if model.attention == "multiplicative":
        return hidden @ projected
    both = torch.tanh(model.dec_att_projection.weight @ hidden + projected)
    return model.att_vector.weight[0] @ both


def log_probabilities(model, sent: list[str], target: list[str]) -> Tensor:
    """(T, V): those of what follows each piece of target, which begins with <s>."""
    enc_hiddens, *state = encoded(model, sent)
    decoder = model.decoder
    weights = (decoder.weight_ih, decoder.weight_hh, decoder.bias_ih, decoder.bias_hh)
    o_prev, rows = torch.zeros(model.hidden_size).double(), []
    for word in target:
        y = model.model_embeddings.target.weight[model.vocab.tgt[word]]
        state = cell(torch.cat((y, o_prev)), state, weights)
        e = torch.stack([score(model, state[0], place) for place in enc_hiddens])
        context = sum(a * place for a, place in zip(e.softmax(0), enc_hiddens, strict=True))
        u = torch.cat((context, state[0]))
        o_prev = torch.tanh(model.combined_output_projection.weight @ u)
        rows.append((model.target_vocab_projection.weight @ o_prev).log_softmax(0))
    return torch.stack(rows)


def likelihood(model, sent: list[str], target: list[str]) -> float:
    """log p of target[1:], which ends in </s> or not."""
    rows = log_probabilities(model, sent, target[:-1])
    return sum(
        row[model.vocab.tgt[word]].item() for row, word in zip(rows, target[1:], strict=True)
    )


def close(a, b) -> None:
    torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-9, check_dtype=False)
