"""The loss of `autoregressive.CharacterGRU`, faster. Given code: there is nothing to write here.

    loss, log_probs = training_loss(net, inputs, targets, lengths)  # a sum, in nats

The parameters are the net's own, and so are loss and gradients: `agrees` compares both with the
net's own `forward`, with random weights, and the models take this path only if they are the same.
Read `autoregressive.py` to see what is computed. What differs is in which order:

- Nothing is computed for pads: a step of the GRU has only the sequences that go on.
- The GRU runs without autograd and looks its inputs' share up in a table (recurrence.py).
- Of the mixture only the right symbol's log-probability is computed (softmaxes.py).

Letters in the shapes: B sequences, T places of the longest, N real places, E embed_size,
H hidden_size, K mixtures.
"""

from __future__ import annotations

import torch
from lefttoright import right_ones
from recurrence import Recurrence, gate_table
from softmaxes import MixtureLoss
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from course.agreement import agree, random_copy


def training_loss(
    net: nn.Module, inputs: Tensor, targets: Tensor, lengths: Tensor
) -> tuple[Tensor, Tensor]:
    """The sum over all real places of -log p of the target, and each place's log p, in nats.

    inputs and targets: (B, T) long. lengths: (B,), at least 1. Returns a scalar, and (B, T) without
    a gradient, 0 at pads.
    """
    places = pack_padded_sequence(
        torch.stack((inputs, targets), dim=2), lengths.cpu(), batch_first=True, enforce_sorted=False
    )
    symbols, gold = places.data.unbind(1)  # (N,) each
    table = gate_table(net.embedding.weight, net.gru)
    states = Recurrence.apply(
        table, net.gru.weight_hh_l0, symbols.contiguous(), places.batch_sizes.tolist()
    )
    linears = (net.experts, net.weights, net.output)
    layers = [each for linear in linears for each in (linear.weight, linear.bias)]
    loss, log_probs = MixtureLoss.apply(states, gold, net.mixtures, *layers)
    packed = PackedSequence(log_probs, *places[1:])
    return loss, pad_packed_sequence(packed, batch_first=True, total_length=inputs.size(1))[0]


def plain_loss(net: nn.Module, inputs: Tensor, targets: Tensor, lengths: Tensor) -> Tensor:
    """`training_loss` by the net's own forward."""
    return -right_ones(net(inputs), targets, lengths).sum()


def agrees(net: nn.Module) -> bool:
    """Whether `training_loss` gives the values and gradients of the net's own forward.

    Compared in float32 on a copy with random weights, in training and not. The net is left as it
    was, and so are the random numbers.
    """
    state = torch.get_rng_state()
    torch.default_generator.manual_seed(0)  # the answer must not change from run to run
    try:
        with torch.enable_grad():
            trial = random_copy(net)
            return all(_agrees_in(trial.train(training)) for training in (True, False))
    except Exception:  # a student's net may raise anything: it is trained by its own forward
        return False
    finally:
        torch.set_rng_state(state)


def _agrees_in(net: nn.Module) -> bool:
    """On four sequences of different lengths."""
    device = net.output.weight.device
    inputs = torch.randint(len(net.embedding.weight), (4, 9)).to(device)
    targets = torch.randint(len(net.output.weight), (4, 9)).to(device)
    lengths = torch.tensor([3, 9, 1, 6]).to(device)
    plain = plain_loss(net, inputs, targets, lengths)
    return agree(net, plain, training_loss(net, inputs, targets, lengths)[0])
