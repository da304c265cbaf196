"""The loss of `nmt_model.NMT`, faster. Given code: there is nothing to write here.

    loss = training_loss(model, batch)  # a sum, in nats: divide it by the number of targets

The parameters are the model's own, and so are loss and gradients: `agrees` compares both with the
model's own `forward`, with random weights, and the trainer takes this path only if they are the
same. Read `nmt_model.py` to see what is computed. What differs is in which order:

- Nothing is computed for pads. The sentences are sorted by length, so that a step of either loop
  has only those that go on (layout.py), and only real targets reach the vocabulary.
- What does not depend on the step before is multiplied for all steps at once: the embedded words'
  share of the gates; the context's part of combined_output_projection, since the projection of a
  weighted sum is the weighted sum of projections.
- The loops run without autograd, and the gradients of their weights are multiplied once, for all
  steps together (recurrence.py).
- The large products, those outside the loops, are in bfloat16 if that is faster here.

Letters in the shapes: b sentences, S and T places of source and target, N real tokens of the
target, M of the source, e embed_size, h hidden_size, V pieces of the target's vocabulary.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from layout import Layout
from recurrence import AttentionDecoder, Recurrence
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F
from vocab import PAD_ID

from course.agreement import agree, random_copy
from course.devices import pick_dtype
from course.packing import keep_mask, raised

if TYPE_CHECKING:
    from batches import Batch

CHUNK = 2**23  # logits at a time: 32 MiB, and their matrix products are large enough to be fast


def training_loss(
    model: nn.Module, batch: Batch, label_smoothing: float = 0.0, bfloat16: bool | None = None
) -> Tensor:
    """The sum over all real targets of -log p, in nats, a scalar.

    label_smoothing: the share of each target's weight that all V pieces get, in equal parts.
    bfloat16: whether to multiply in it; None: if it is faster than the float32 of the weights.
    """
    weight = model.target_vocab_projection.weight
    device = weight.device
    if bfloat16 is None:
        faster = pick_dtype(device, model.hidden_size) == torch.bfloat16
        bfloat16 = weight.dtype == torch.float32 and faster
    words = batch.target.to(device)  # (T, b)
    target = Layout((words[1:] != PAD_ID).sum(dim=0).tolist(), device)
    source = Layout(batch.source_lengths, device)
    states, (init_h, init_c) = encode(model, batch.source.to(device), source, bfloat16)
    keys, values = keys_and_values(model, states, bfloat16)
    outputs = AttentionDecoder.apply(
        word_gates(model, target.pack(words[:-1]), bfloat16),
        keys,
        values,
        recurrent_weight(model),
        model.combined_output_projection.weight[:, 2 * model.hidden_size :],
        *additive_weights(model),
        init_h[target.order],
        init_c[target.order],
        _keep(model.dropout, keys, target),
        target,
        source,
    )  # (N, h)
    gold = target.pack(words[1:])
    return VocabularyLoss.apply(outputs, weight, gold, label_smoothing, bfloat16)


def encode(
    model: nn.Module, words: Tensor, layout: Layout, bfloat16: bool = False
) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """What `NMT.encode` computes, for real tokens only. words: (S, b) long, as in layout.

    Returns the states (M, 2h), and init_h and init_c, (b, h) each, in the batch's order.
    """
    following = torch.cat((words[1:], torch.full_like(words[:1], PAD_ID)))
    pairs = torch.stack((words, following), dim=2)  # a pad's vector is 0
    embedded = F.embedding(layout.pack(pairs), model.model_embeddings.source.weight, PAD_ID)
    cnn, lstm = model.post_embed_cnn, model.encoder
    kernel = cnn.weight.permute(0, 2, 1).flatten(1)  # (e, 2e)
    x = linear(embedded.flatten(1), kernel, cnn.bias, bfloat16)  # (M, e)
    ends = []
    for suffix in ("l0", "l0_reverse"):
        bias = getattr(lstm, f"bias_ih_{suffix}") + getattr(lstm, f"bias_hh_{suffix}")
        gates = linear(x, getattr(lstm, f"weight_ih_{suffix}"), bias, bfloat16)  # (M, 4h)
        weight = getattr(lstm, f"weight_hh_{suffix}")
        ends.append(Recurrence.apply(gates, weight, layout, suffix.endswith("reverse")))
    states, hidden, cell = (torch.cat(both, dim=1) for both in zip(*ends, strict=True))
    init = model.h_projection(hidden), model.c_projection(cell)  # (b, h) each
    return states, (layout.sentences(init[0]), layout.sentences(init[1]))


def keys_and_values(
    model: nn.Module, states: Tensor, bfloat16: bool = False
) -> tuple[Tensor, Tensor]:
    """What the decoder's state is compared with, and what its output adds up: (M, h) each.

    states: (M, 2h), the encoder's. The values are already multiplied by combined_output_projection.
    """
    h = model.hidden_size
    if model.attention == "dot_product":
        keys = (states[:, :h] + states[:, h:]) / h**0.5
    else:
        keys = linear(states, model.att_projection.weight, None, bfloat16)
    of_context = model.combined_output_projection.weight[:, : 2 * h]
    return keys, linear(states, of_context, None, bfloat16)


def word_gates(model: nn.Module, words: Tensor, bfloat16: bool = False) -> Tensor:
    """The embedded words' share of the decoder's gates, with the biases. (N,) long -> (N, 4h)."""
    cell = model.decoder
    embedded = F.embedding(words, model.model_embeddings.target.weight, PAD_ID)  # (N, e)
    weight = cell.weight_ih[:, : model.embed_size]
    return linear(embedded, weight, cell.bias_ih + cell.bias_hh, bfloat16)


def linear(x: Tensor, weight: Tensor, bias: Tensor | None, bfloat16: bool) -> Tensor:
    """F.linear, in the dtype of x."""
    with torch.autocast(x.device.type, torch.bfloat16, enabled=bfloat16):
        return F.linear(x, weight, bias).to(x.dtype)


def recurrent_weight(model: nn.Module) -> Tensor:
    """The decoder's (4h, 2h), of its last combined output and its hidden state."""
    cell = model.decoder
    return torch.cat((cell.weight_ih[:, model.embed_size :], cell.weight_hh), dim=1)


def additive_weights(model: nn.Module) -> tuple[Tensor | None, Tensor | None]:
    """Additive attention's (h, h) and (h,); None for the others."""
    if model.attention != "additive":
        return None, None
    return model.dec_att_projection.weight, model.att_vector.weight.squeeze(0)


def _keep(dropout: nn.Module, like: Tensor, target: Layout) -> Tensor | None:
    """The factors that `dropout` multiplies the combined outputs by, (N, h); None for all 1."""
    ones = like.new_ones(target.steps[-1].stop, like.size(1))
    if not isinstance(dropout, nn.Dropout):
        return dropout(ones)
    p = dropout.p if dropout.training else 0.0
    keep = keep_mask(ones, p)
    return None if keep is None else keep.mul_(raised(p))


class VocabularyLoss(torch.autograd.Function):
    """The sum of -log p over all targets, from a chunk of the logits at a time.

    apply(outputs (N, h), weight (V, h), gold (N,) long, label_smoothing, bfloat16). The gradients
    are computed on the way forward, so that no logits are kept.
    """

    @staticmethod
    def forward(
        ctx: Any,
        outputs: Tensor,
        weight: Tensor,
        gold: Tensor,
        label_smoothing: float,
        bfloat16: bool,
    ) -> Tensor:
        needed = ctx.needs_input_grad[0] or ctx.needs_input_grad[1]
        loss, d_outputs, d_weights = outputs.new_zeros(()), torch.empty_like(outputs), []
        if bfloat16:
            outputs, weight = outputs.bfloat16(), weight.bfloat16()
        size = max(1, CHUNK // len(weight))
        for first in range(0, len(gold), size):
            some = slice(first, first + size)
            logits = (outputs[some] @ weight.t()).to(d_outputs.dtype)
            loss += _softmax_loss(logits, gold[some], label_smoothing)
            if needed:
                d_logits = logits.to(outputs.dtype)
                d_outputs[some] = d_logits @ weight
                d_weights.append((d_logits.t() @ outputs[some]).to(d_outputs.dtype))
        if needed:
            ctx.save_for_backward(d_outputs, sum(d_weights[1:], d_weights[0]))
        return loss

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_loss: Tensor) -> tuple[Tensor | None, ...]:
        d_outputs, d_weight = ctx.saved_tensors
        return d_loss * d_outputs, d_loss * d_weight, None, None, None


def _softmax_loss(logits: Tensor, gold: Tensor, label_smoothing: float) -> Tensor:
    """The loss for logits (n, V), which become its gradient."""
    log_probs = torch.log_softmax(logits, dim=1, out=logits)
    wanted, share = gold[:, None], 1 - label_smoothing
    loss = -share * log_probs.gather(1, wanted).sum()
    if label_smoothing:
        loss -= label_smoothing * log_probs.mean(dim=1).sum()
    gradient = log_probs.exp_()
    if label_smoothing:
        gradient -= label_smoothing / logits.size(1)
    gradient.scatter_add_(1, wanted, gradient.new_full(wanted.shape, -share))
    return loss


def agrees(model: nn.Module, batch: Batch) -> bool:
    """Whether `training_loss` gives the values and gradients of the model's own forward.

    Compared in float32 on a copy with random weights: in training, with a dropout that shows where
    it is applied, and not in training. A few sentences of different lengths are enough for a batch.
    The model is left as it was.
    """
    state = torch.get_rng_state()
    torch.default_generator.manual_seed(0)  # the answer must not change from run to run
    try:
        # cuDNN's LSTM has no gradients in eval mode, and its kernels round to TF32.
        with torch.enable_grad(), torch.backends.cudnn.flags(enabled=False):
            trial = _trial(model)
            return all(_agrees_with(trial.train(training), batch) for training in (True, False))
    except Exception:  # a student's model may raise anything: it is trained by its own forward
        return False
    finally:
        torch.set_rng_state(state)


def _trial(model: nn.Module) -> nn.Module:
    """A copy with random weights, but zeros for the vectors of pads."""
    trial = random_copy(model)
    for table in trial.modules():
        if isinstance(table, nn.Embedding) and table.padding_idx is not None:
            table.weight.data[table.padding_idx] = 0
    trial.dropout = Columns()
    return trial


class Columns(nn.Module):
    """In place of dropout: a different factor for each column, in training."""

    def forward(self, x: Tensor) -> Tensor:
        factors = torch.linspace(0, 2, x.size(-1), device=x.device)
        return x * factors if self.training else x


def _agrees_with(model: nn.Module, batch: Batch) -> bool:
    fast = training_loss(model, batch, bfloat16=False)
    return agree(model, plain_loss(model, batch), fast)


def plain_loss(model: nn.Module, batch: Batch, label_smoothing: float = 0.0) -> Tensor:
    """`training_loss` by the model's own methods."""
    source, lengths, target = batch.source, batch.source_lengths, batch.target
    if not label_smoothing:
        return -model.log_likelihood(source, lengths, target).sum()
    enc_hiddens, dec_init_state = model.encode(source, lengths)
    enc_masks = model.generate_sent_masks(enc_hiddens, lengths)
    outputs = model.decode(enc_hiddens, enc_masks, dec_init_state, target)  # (T - 1, b, h)
    logits, gold = model.target_vocab_projection(outputs).flatten(0, 1), target[1:].flatten()
    own = {"ignore_index": PAD_ID, "reduction": "sum", "label_smoothing": label_smoothing}
    return F.cross_entropy(logits, gold, **own)
