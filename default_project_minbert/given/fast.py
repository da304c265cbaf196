"""The same BERT, faster. Given code: there is nothing to write here.

    accelerate(model, ids)               # before the optimiser is made
    steps = optimizer(model, lr=5e-5)

`accelerate` gives every `BertModel` inside a model another forward. It computes real tokens only
(packed.py); of the last layer, if nothing but the pooler's output is asked for, it computes the
first token of each sentence, since no other reaches the pooler; and it multiplies in bfloat16 if
that is faster here. Given the training texts' ids, it trains only the words that occur in them
(compact.py). Values, gradients and the distribution of dropout are those of `bert.py`: `agrees`
compares them, and a model that differs keeps its own forward.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Iterator, Mapping
from functools import partial

import torch
from compact import CompactEmbedding, rows_of
from fused import optimizer
from integers import apply_each
from packed import Layout, PackedAttention, lay_out
from torch import Tensor, nn
from torch.nn import functional as F

from course.devices import keep_memory, pick_dtype
from course.packing import add_dropped, drop

__all__ = ["accelerate", "agrees", "bfloat16_is_faster", "optimizer"]

TOLERANCE = 1e-4  # of a tensor's largest element: float32, summed in a different order
TRIAL_WORDS = 20
TINY = 128  # below this hidden size reading takes as long as its calls, of which bert.py has fewer
OUTPUTS = ("last_hidden_state", "pooler_output")


def accelerate(
    model: nn.Module, ids: Iterable[Iterable[int]] | None = None, bfloat16: bool | None = None
) -> bool:
    """Speed up every BertModel inside `model`, in place. Returns whether they were.

    ids: the ids of every text that will be trained on; None: every word is trained. bfloat16:
    whether to multiply in it; None: if that is faster here. Call it before the optimiser is made,
    because the words' embedding then is a new parameter, whose weight decay must be 0. The states
    of padding, which nothing should read, become 0.
    """
    from bert import BertModel

    keep_memory()
    berts = [module for module in model.modules() if isinstance(module, BertModel)]
    if not berts or not all(map(agrees, berts)):
        return False
    rows = None if ids is None else rows_of(ids, berts[0].config.pad_token_id)
    for bert in berts:
        words = bert.word_embedding
        if rows is not None and isinstance(words, nn.Embedding) and words.weight.requires_grad:
            bert.word_embedding = CompactEmbedding(words, rows.to(words.weight.device))
        bert.forward = partial(fast_forward, bert, bfloat16=bfloat16)
    return True


def fast_forward(
    bert: nn.Module,
    input_ids: Tensor,
    attention_mask: Tensor,
    token_type_ids: Tensor | None = None,
    bfloat16: bool | None = None,
) -> Mapping[str, Tensor]:
    """What `BertModel.forward` computes. bfloat16: whether to multiply in it; None: if faster."""
    tiny = bert.config.hidden_size < TINY and not torch.is_grad_enabled()
    if tiny or not bool((attention_mask != 0).any(dim=1).all()):  # a sentence without any token
        return type(bert).forward(bert, input_ids, attention_mask, token_type_ids)
    kind = input_ids.device.type
    if bfloat16 is None:
        bfloat16 = bfloat16_is_faster(kind, bert.config.hidden_size)
    layout = lay_out(attention_mask, bert.config.num_attention_heads)
    types = None if token_type_ids is None else token_type_ids.flatten()[layout.tokens]
    with torch.autocast(kind, torch.bfloat16, enabled=bfloat16):
        x = _embed(bert, input_ids.flatten()[layout.tokens], layout.positions, types)  # (N, H)
        x = x.to(torch.bfloat16 if bfloat16 else x.dtype)
        for layer in bert.bert_layers[:-1]:
            x = _layer(layer, x, layout)
    return Outputs(bert, x, layout, input_ids.shape, bfloat16)


class Outputs(Mapping[str, Tensor]):
    """BertModel's outputs, each computed when it is first asked for."""

    def __init__(
        self, bert: nn.Module, x: Tensor, layout: Layout, shape: torch.Size, bfloat16: bool
    ) -> None:
        """x: (N, H), what enters the last layer. shape: of the padded batch, (b, T)."""
        self._bert, self._x, self._layout, self._shape = bert, x, layout, shape
        self._autocast = partial(torch.autocast, x.device.type, torch.bfloat16, bfloat16)
        self._firsts: Tensor | None = None  # (b, H), in the layout's order
        self._done: dict[str, Tensor] = {}

    def __getitem__(self, name: str) -> Tensor:
        if name not in OUTPUTS:
            raise KeyError(name)
        if name not in self._done:
            with self._autocast():
                made = self._states() if name == OUTPUTS[0] else self._pooled()
            self._done[name] = made.float()
        return self._done[name]

    def __iter__(self) -> Iterator[str]:
        return iter(OUTPUTS)

    def __len__(self) -> int:
        return len(OUTPUTS)

    def _states(self) -> Tensor:
        """(b, T, H), 0 at padding."""
        layout, x = self._layout, self._x
        x = _layer(self._bert.bert_layers[-1], x, layout)  # (N, H)
        if self._firsts is None:
            self._firsts = x[layout.starts]
        else:  # with the dropout that the pooler's output was computed with
            x = x.index_copy(0, layout.starts, self._firsts)
        b, T = self._shape
        padded = x.new_zeros(b * T, x.size(1)).index_copy(0, layout.tokens, x)
        return padded.view(b, T, -1)

    def _pooled(self) -> Tensor:
        """(b, H)."""
        layout, last = self._layout, self._bert.bert_layers[-1]
        if self._firsts is None:
            firsts = self._x[layout.starts]  # (b, H)
            self._firsts = _rest(last, firsts, _first_attention(last, firsts, self._x, layout))
        rows = torch.empty_like(layout.order)
        rows[layout.order] = torch.arange(len(rows), device=rows.device)
        return self._bert.pooler_af(self._bert.pooler_dense(self._firsts[rows]))


def _embed(bert: nn.Module, words: Tensor, positions: Tensor, types: Tensor | None) -> Tensor:
    """The tokens' states before the first layer, (N, H), from three (N,)."""
    x = bert.word_embedding(words) + F.embedding(positions, bert.pos_embedding.weight)
    kinds = bert.tk_type_embedding.weight
    x = x + (kinds[0] if types is None else F.embedding(types, kinds))
    return drop(bert.embed_layer_norm(x), bert.embed_dropout)


def _layer(layer: nn.Module, x: Tensor, layout: Layout) -> Tensor:
    """`BertLayer.forward` for all tokens. x: (N, H). Returns (N, H)."""
    own = layer.self_attention
    q, k, v = apply_each((own.query, own.key, own.value), x)
    p = own.dropout.p if own.dropout.training else 0.0
    heads = own.num_attention_heads
    return _rest(layer, x, PackedAttention.apply(q, k, v, heads, p, layout.groups))


def _first_attention(layer: nn.Module, firsts: Tensor, x: Tensor, layout: Layout) -> Tensor:
    """What each sentence's first token gathers, (b, H), without a key or value for any other.

    firsts: (b, H), longest sentence first. x: (N, H). A score q (W x + bias) is (q W) x and a
    number that is the same for the whole sentence, which the softmax ignores; a sum of values is
    the value of a sum. So the two large products are with b rows, not with N.
    """
    own, H = layer.self_attention, x.size(1)
    nh, hs = own.num_attention_heads, H // own.num_attention_heads
    key, value = (linear.weight.view(nh, hs, H) for linear in (own.key, own.value))
    states = layout.padded(x)  # (b, T, H)
    q = (own.query(firsts) / math.sqrt(hs)).view(-1, nh, hs)
    absorbed = torch.bmm(q.transpose(0, 1), key).transpose(0, 1)  # (b, nh, H)
    scores = torch.bmm(absorbed, states.transpose(1, 2))  # (b, nh, T)
    scores = scores.masked_fill(layout.padding[:, None], -torch.inf)
    weights = drop(F.softmax(scores.float(), dim=-1), own.dropout)  # (b, nh, T)
    gathered = torch.bmm(weights.to(states.dtype), states)  # (b, nh, H)
    y = torch.bmm(gathered.transpose(0, 1), value.transpose(1, 2)).transpose(0, 1)  # (b, nh, hs)
    y = y + weights.sum(dim=-1, keepdim=True) * own.value.bias.view(nh, hs)
    return y.reshape(-1, H)


def _rest(layer: nn.Module, x: Tensor, attended: Tensor) -> Tensor:
    """What follows the attention in `BertLayer.forward`. x, attended: (N, H). Returns (N, H)."""
    y = add_dropped(x, layer.attention_dense(attended), layer.attention_dropout)
    x = layer.attention_layer_norm(y)
    inner = layer.interm_af(layer.interm_dense(x))  # (N, intermediate_size)
    y = add_dropped(x, layer.out_dense(inner), layer.out_dropout)
    return layer.out_layer_norm(y)


def agrees(bert: nn.Module) -> bool:
    """Whether `fast_forward` gives the values and gradients of the model's own forward.

    Compared on a small batch in float32, with weights far from where they are: without dropout,
    and with each kind of dropout alone at rate 1, which shows where it is applied.
    """
    state = torch.get_rng_state()
    torch.default_generator.manual_seed(0)  # the answer must not change from run to run
    try:
        with torch.enable_grad():
            trial = _trial(bert)
            return all(_agrees_with(trial, rates) for rates in _rates(trial))
    except Exception:  # a student's model may raise anything: it keeps its own forward
        return False
    finally:
        torch.set_rng_state(state)


def _trial(bert: nn.Module) -> nn.Module:
    """A copy with other weights, a few words, and two layers, the first and the last.

    It shows as much as the whole model, and takes a hundredth of the time.
    """
    layers, words = bert.bert_layers, bert.word_embedding
    few = nn.Embedding(TRIAL_WORDS, bert.config.hidden_size, padding_idx=bert.config.pad_token_id)
    try:
        bert.word_embedding = few.to(bert.pooler_dense.weight.device)
        bert.bert_layers = nn.ModuleList([layers[0], layers[-1]])
        trial = copy.deepcopy(bert).float().train().requires_grad_(True)
    finally:
        bert.word_embedding, bert.bert_layers = words, layers
    for parameter in trial.parameters():
        parameter.data += 0.1 * torch.randn(parameter.shape).to(parameter.device)
    return trial


def _rates(bert: nn.Module) -> list[set[nn.Module]]:
    """The dropouts to switch on together in each comparison."""
    layers = list(bert.bert_layers)
    return [
        set(),
        {bert.embed_dropout},
        {layer.self_attention.dropout for layer in layers},
        {layer.attention_dropout for layer in layers},
        {layer.out_dropout for layer in layers},
    ]


def _agrees_with(bert: nn.Module, dropped: set[nn.Module]) -> bool:
    for module in bert.modules():
        if isinstance(module, nn.Dropout):
            module.p = 1.0 if module in dropped else 0.0
    batch = _small_batch(bert)
    plain = _results(bert, type(bert).forward(bert, *batch), batch[1])
    fast = _results(bert, fast_forward(bert, *batch, bfloat16=False), batch[1])
    largest = max(float(result.abs().max()) for result in plain)
    return all(_close(*pair, largest) for pair in zip(plain, fast, strict=True))


def _small_batch(bert: nn.Module) -> tuple[Tensor, Tensor, Tensor]:
    """Ids, mask and types, (4, 9) each, with padding."""
    device = bert.pooler_dense.weight.device
    mask = (torch.arange(9) < torch.tensor([[2], [9], [5], [8]])).long()
    ids = torch.randint(TRIAL_WORDS, mask.shape)
    types = torch.randint(bert.config.type_vocab_size, mask.shape)
    return ids.to(device), mask.to(device), types.to(device)


def _results(bert: nn.Module, outputs: Mapping[str, Tensor], mask: Tensor) -> list[Tensor]:
    """The outputs at real tokens, and the gradients of two sums of them."""
    pooled = outputs["pooler_output"]
    real = outputs["last_hidden_state"][mask.bool()]  # (N, H)
    parameters = list(bert.parameters())
    results = [pooled.detach(), real.detach()]
    for output in (pooled, real):
        weights = torch.linspace(-1, 1, output.numel(), device=output.device).view_as(output)
        loss = (weights * output).sum()
        found = torch.autograd.grad(loss, parameters, retain_graph=True, allow_unused=True)
        pairs = zip(found, parameters, strict=True)
        results += [torch.zeros_like(p) if grad is None else grad for grad, p in pairs]
    return results


def _close(a: Tensor, b: Tensor, largest: float) -> bool:
    """Equal up to rounding. largest: of all results; a key's bias has no gradient but rounding."""
    return bool((a - b).abs().max() <= TOLERANCE * a.abs().max() + 1e-2 * TOLERANCE * largest)


def bfloat16_is_faster(kind: str, hidden_size: int) -> bool:
    """Whether to multiply in bfloat16 on a device of this kind: by its hardware and the size."""
    return pick_dtype(torch.device(kind), hidden_size) == torch.bfloat16
