"""An LSTM and the decoder's loop over the target, each as one operation. Given code.

autograd records every operation of every step, and in the backward pass multiplies for each step a
gradient of the weights, as large as the weights, and adds them up. Here a loop runs on plain
tensors, keeps what its backward pass needs, and that pass multiplies each gradient of the weights
once, for all steps together. Both loops read real tokens only: see layout.py.

Letters in the shapes: b sentences, S places of the source, N real tokens, n of them in this step,
h hidden_size.
"""

from __future__ import annotations

from typing import Any

import torch
from attending import Additive, Attention
from layout import Layout
from torch import Tensor
from torch.autograd.function import once_differentiable


class Recurrence(torch.autograd.Function):
    """One direction of an LSTM from a state of 0.

    apply(gates, weight, layout, backwards): gates (N, 4h), the inputs' share with the biases;
    weight (4h, h), `weight_hh`; backwards: whether it reads each sentence from its end. Returns the
    hidden states (N, h), and each row's last hidden state and cell, (b, h) each.
    """

    @staticmethod
    def forward(
        ctx: Any, gates: Tensor, weight: Tensor, layout: Layout, backwards: bool
    ) -> tuple[Tensor, Tensor, Tensor]:
        steps = layout.steps[::-1] if backwards else layout.steps
        cells, transposed = Cells(gates), weight.t().contiguous()
        before, hiddens = (cells.before.new_empty(cells.before.shape) for _ in range(2))  # (N, h)
        hidden, cell = (gates.new_zeros(len(layout.order), weight.size(1)) for _ in range(2))
        for step in steps:
            n = step.stop - step.start
            before[step] = hidden[:n]
            torch.addmm(gates[step], before[step], transposed, out=cells.gates[step])
            hidden[:n] = cells.forward(step, cell[:n], hiddens[step])
        ctx.steps, ctx.cells = steps, cells
        ctx.save_for_backward(weight, before)
        return hiddens, hidden, cell

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, d_hiddens: Tensor, d_hidden: Tensor, d_cell: Tensor
    ) -> tuple[Tensor | None, ...]:
        weight, before = ctx.saved_tensors
        d_hidden, d_cell = d_hidden.clone(), d_cell.clone()  # (b, h), of the state after the step
        ctx.cells.prepare_backward()
        d_gates = torch.empty_like(ctx.cells.gates)  # (N, 4h)
        for step in reversed(ctx.steps):
            n = step.stop - step.start
            d_hidden[:n] += d_hiddens[step]
            ctx.cells.backward(step, d_hidden[:n], d_cell[:n], d_gates[step])
            torch.mm(d_gates[step], weight, out=d_hidden[:n])
        return d_gates, d_gates.t() @ before, None, None


class Cells:
    """What an LSTM's cells did, for all tokens: gates (N, 4h), after their activation functions;
    before, the cells before the step, and squashed, tanh of those after it, (N, h) each."""

    def __init__(self, gates: Tensor) -> None:
        """gates: only for its shape and kind."""
        self.gates = torch.empty_like(gates)
        self.before, self.squashed = (
            gates.new_empty(len(gates), gates.size(1) // 4) for _ in range(2)
        )

    def forward(self, step: slice, cell: Tensor, out: Tensor) -> Tensor:
        """One step, from the sums in self.gates; changes cell (n, h), returns hidden states in out.

        The order of the gates is torch's: input, forget, cell, output.
        """
        gates, h = self.gates[step], cell.size(1)
        gates[:, : 2 * h].sigmoid_()
        gates[:, 2 * h : 3 * h].tanh_()
        gates[:, 3 * h :].sigmoid_()
        i, f, g, o = gates.chunk(4, dim=1)  # (n, h) each
        self.before[step] = cell
        cell.mul_(f).addcmul_(i, g)
        return torch.mul(o, torch.tanh(cell, out=self.squashed[step]), out=out)

    def prepare_backward(self) -> None:
        """Each gate's derivative, which does not depend on what comes from behind, for all steps:
        the factors of the cell's gradient, then those of the hidden state's."""
        i, f, g, o = self.gates.chunk(4, dim=1)  # (N, h) each
        self.of_cell = torch.stack(
            [g * i * (1 - i), self.before * f * (1 - f), i * (1 - g * g)], dim=1
        )  # (N, 3, h)
        self.of_hidden = self.squashed * o * (1 - o)
        self.to_cell = o * (1 - self.squashed * self.squashed)
        self.forget = f

    def backward(self, step: slice, d_hidden: Tensor, d_cell: Tensor, out: Tensor) -> None:
        """One step back: the gates' gradient in out (n, 4h); d_cell (n, h) becomes that before."""
        n, h = d_cell.shape
        d_cell.addcmul_(d_hidden, self.to_cell[step])
        torch.mul(d_cell[:, None], self.of_cell[step], out=out[:, : 3 * h].view(n, 3, h))
        torch.mul(d_hidden, self.of_hidden[step], out=out[:, 3 * h :])
        d_cell.mul_(self.forget[step])


class AttentionDecoder(torch.autograd.Function):
    """The decoder's combined outputs (N, h) while it reads the right translation.

    apply(gates, keys, values, weight, mix, query, vector, init_h, init_c, keep, target, source):
    gates (N, 4h): the words' share with the biases. keys, values: (tokens of the source, h), what
    the decoder's state is compared with, and what is added up, already multiplied by its part of
    combined_output_projection. weight (4h, 2h): of the last combined output and the hidden state.
    mix (h, h): the hidden state's part of combined_output_projection. query (h, h) and vector
    (h,): additive attention's; None for the others. init_h, init_c: (b, h), in the target's order.
    keep (N, h): dropout's factors, or None. target, source: layouts, the same b sentences.
    """

    @staticmethod
    def forward(
        ctx: Any,
        gates: Tensor,
        keys: Tensor,
        values: Tensor,
        weight: Tensor,
        mix: Tensor,
        query: Tensor | None,
        vector: Tensor | None,
        init_h: Tensor,
        init_c: Tensor,
        keep: Tensor | None,
        target: Layout,
        source: Layout,
    ) -> Tensor:
        N, h = len(gates), len(mix)
        own = (keys, values, target, source)
        attention = Attention(*own) if vector is None else Additive(*own, query, vector)
        cells, cell = Cells(gates), init_c.clone()
        state = torch.cat((torch.zeros_like(init_h), init_h), dim=1)  # (b, 2h)
        inputs, hiddens, squashed = (gates.new_empty(N, size) for size in (2 * h, h, h))
        outputs = squashed if keep is None else torch.empty_like(squashed)
        weight_t, mix_t = weight.t().contiguous(), mix.t().contiguous()
        for step in target.steps:
            n = step.stop - step.start
            inputs[step] = state[:n]
            torch.addmm(gates[step], inputs[step], weight_t, out=cells.gates[step])
            hidden = cells.forward(step, cell[:n], hiddens[step])
            context = attention.forward(step, hidden)  # (n, h)
            torch.addmm(context, hidden, mix_t, out=squashed[step]).tanh_()
            if keep is not None:
                torch.mul(squashed[step], keep[step], out=outputs[step])
            state[:n, :h], state[:n, h:] = outputs[step], hidden
        ctx.save_for_backward(weight, mix, inputs, hiddens, squashed, keep)
        ctx.steps, ctx.cells, ctx.attention = target.steps, cells, attention
        return outputs

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_outputs: Tensor) -> tuple[Tensor | None, ...]:
        weight, mix, inputs, hiddens, squashed, keep = ctx.saved_tensors
        h, b = len(mix), ctx.steps[0].stop
        d_state = squashed.new_zeros(b, 2 * h)  # of what the next step reads
        d_output, d_hidden = d_state.chunk(2, dim=1)
        d_cell = squashed.new_zeros(b, h)
        ctx.cells.prepare_backward()
        slope = 1 - squashed * squashed  # (N, h)
        if keep is not None:
            slope *= keep
        d_gates, d_sums = torch.empty_like(ctx.cells.gates), torch.empty_like(squashed)
        for step in reversed(ctx.steps):
            n = step.stop - step.start
            torch.add(d_outputs[step], d_output[:n], out=d_sums[step]).mul_(slope[step])
            now = torch.addmm(d_hidden[:n], d_sums[step], mix)  # (n, h)
            ctx.attention.backward(step, d_sums[step], now)
            ctx.cells.backward(step, now, d_cell[:n], d_gates[step])
            torch.mm(d_gates[step], weight, out=d_state[:n])
        d_keys, d_values, d_query, d_vector = ctx.attention.gradients(hiddens, d_sums)
        d_weight, d_mix = d_gates.t() @ inputs, d_sums.t() @ hiddens
        d_first = (d_hidden.contiguous(), d_cell)
        own = (d_gates, d_keys, d_values, d_weight, d_mix, d_query, d_vector, *d_first)
        return *own, None, None, None
