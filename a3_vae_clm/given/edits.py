"""Deletion and insertion noise: a diffusion whose noisy texts are shorter, longer or both.

The model writes a text by insertions and deletions, all over the text at once. At the last level
nothing is left of the text's n characters, and N = spurious * n characters that never belonged to
it stand there instead, each a uniform draw; N = 0 is deletion noise alone. Downwards, each step
puts some characters back and takes some of the others away.

The bound. Every character of either kind has a *slot* in one order, and a level at which it
changes. That is the latent path, and the model makes one as well: it draws n, then at each step how
many of the M missing characters come back, K of Binomial(M, rho), and for each of the K a gap and a
character out of one softmax over both. So, with the sum over all steps, for each step
    log M! / (M - K)! + sum log p(gap, character) - sum over gaps of log (r + k)! / r!
is log p - log q, where k of the K are in one gap, in any order with the r characters that were
taken away there. The first terms add up to log n!. A character of x_t is taken away with
probability rho * sigma, where sigma is the network's and rho the noise's. Last comes
log (N + n)! / (N! n!), for the order of the slots.

After Johnson et al., "Beyond In-Place Corruption: Insertion and Deletion in Denoising Probabilistic
Models" (2021), whose paths are others. Letters in the shapes: B batch, T places of the text, S
slots, G gaps, which are places of x_t with `begin` before it, C symbols.
"""

from __future__ import annotations

from dataclasses import dataclass

import diffusion
import torch
from alphabet import Alphabet, Batch
from denoising import LEVELS_DRAWN, spread_levels, stratum_levels
from editor import Editor
from lengths import LengthPrior
from sizes import Sizes
from torch import Tensor, nn
from torch.nn import functional


def log_factorial(n: Tensor) -> Tensor:
    """log n!, of any shape."""
    return torch.lgamma(n + 1.0)


@dataclass(frozen=True)
class Slots:
    """The characters of a text and those that never belonged to it, in one order.

    symbols: (B, S) long. own: (B, S) bool, the text's characters. mask: (B, S) bool. places: (B, S)
    long, which character of the text. times: (B, S) long, 1 to steps: an own character is there
    below its time, another from its time on.
    """

    symbols: Tensor
    own: Tensor
    mask: Tensor
    places: Tensor
    times: Tensor

    def visible(self, levels: Tensor) -> Tensor:
        """(B, S) bool: what stands in x_t. levels: (B,)."""
        before = levels[:, None] < self.times
        return self.mask & (before == self.own)


@dataclass(frozen=True)
class Scores:
    """What the network says of each slot at a level.

    visible: (B, S) bool. gaps: (B, S) long, the gap that a missing slot belongs to. log_insert:
    (B, S), log p(gap, character). delete: (B, S), sigma.
    """

    visible: Tensor
    gaps: Tensor
    log_insert: Tensor
    delete: Tensor


class EditDiffusion(nn.Module):
    """A network that edits, and the levels of the noise.

    keep: (steps + 1,), the probability that a character of the text is there; from 1 to 0.
    spurious: characters that are to be deleted, for each one of the text.
    """

    exact = False
    keep: Tensor

    def __init__(
        self, alphabet: Alphabet, network: nn.Module, keep: Tensor, spurious: float = 0.0
    ) -> None:
        super().__init__()
        self.alphabet, self.network, self.spurious = alphabet, network, spurious
        self.lengths = LengthPrior()
        self.register_buffer("keep", keep)

    @property
    def steps(self) -> int:
        """The number of steps from the text to the last level."""
        return len(self.keep) - 1

    def added(self, lengths: Tensor) -> Tensor:
        """N, the spurious characters of texts of these lengths, (B,) long."""
        return (lengths * self.spurious).round().long()

    def draw(self, batch: Batch, generator: torch.Generator) -> Slots:
        """A path for each text: the order of the slots and their times."""
        codes, lengths = batch.codes.cpu(), batch.lengths.cpu()
        added = self.added(lengths)  # (B,)
        shape = (len(lengths), max(1, int((lengths + added).max())))
        mask = torch.arange(shape[1]) < (lengths + added)[:, None]  # (B, S)
        keys = torch.rand(shape, generator=generator).masked_fill(~mask, 2.0)
        own = mask & (keys.argsort(1).argsort(1) >= added[:, None])  # any N slots are not
        places = (own.cumsum(1) - 1).clamp_min(0)
        width = max(1, codes.size(1))
        texts = functional.pad(codes, (0, width - codes.size(1)))
        noise = torch.randint(self.alphabet.size, shape, generator=generator)
        symbols = torch.where(own, texts.gather(1, places.clamp_max(width - 1)), noise)
        falls = self.keep[:-1].cpu() - self.keep[1:].cpu()  # (steps,)
        times = 1 + torch.multinomial(
            falls, shape[0] * shape[1], replacement=True, generator=generator
        )
        parts = (symbols, own, mask, places, times.view(shape))
        return Slots(*(part.to(batch.codes.device) for part in parts))

    def scores(self, slots: Slots, levels: Tensor) -> Scores:
        """What the network says of each slot, given x_t. levels: (B,)."""
        visible = slots.visible(levels)  # (B, S)
        order = (~visible).int().argsort(dim=1, stable=True)
        longest = int(visible.sum(1).max())
        x_t = slots.symbols.gather(1, order)[:, :longest]
        x_t = functional.pad(x_t, (1, 0), value=self.alphabet.begin)  # (B, G)
        mask = torch.arange(longest + 1, device=x_t.device) <= visible.sum(1)[:, None]
        x_t = x_t.masked_fill(~mask, self.alphabet.pad)
        missing = (slots.own & slots.mask & ~visible).sum(1)  # (B,)
        log_insert, delete = self.network(x_t, mask, self.keep[levels], missing)
        gaps = visible.cumsum(1)  # (B, S); of a visible slot it is its own place
        rows = torch.arange(len(gaps), device=gaps.device)[:, None]
        return Scores(visible, gaps, log_insert[rows, gaps, slots.symbols], delete.gather(1, gaps))

    def step_share(self, slots: Slots, levels: Tensor) -> tuple[Tensor, Tensor]:
        """One step's log p - log q: of each slot, (B, S), and of the whole text, (B,), nats.

        What is linear in the number of restored or deleted slots is averaged over all that could
        be; the gaps' factorials are those of the path. log n! and the slots' order are not in it.
        """
        scores = self.scores(slots, levels)
        rho = ((self.keep[levels - 1] - self.keep[levels]) / (1 - self.keep[levels]))[:, None]
        missing = slots.own & slots.mask & ~scores.visible
        inserted = torch.where(missing, rho * scores.log_insert, 0.0)  # (B, S)
        if not self.spurious:
            return inserted, self.orders(slots, scores, levels)
        stays = 1 - rho * scores.delete
        wrong = (
            rho * scores.delete.log() + torch.xlogy(1 - rho, stays) - torch.xlogy(1 - rho, 1 - rho)
        )
        deleted = torch.where(slots.own, stays.log(), wrong)  # (B, S)
        deleted = torch.where(scores.visible, deleted, 0.0)
        return inserted, self.orders(slots, scores, levels) + deleted.sum(1)

    def orders(self, slots: Slots, scores: Scores, levels: Tensor) -> Tensor:
        """Minus the sum over gaps of log (r + k)! / r!, (B,)."""
        back = slots.mask & slots.own & (slots.times == levels[:, None])
        gone = slots.mask & ~slots.own & ~scores.visible
        B, S = scores.gaps.shape
        empty = torch.zeros(B, S + 1, device=scores.gaps.device)
        k = empty.scatter_add(1, scores.gaps, back.float())  # (B, G)
        r = empty.scatter_add(1, scores.gaps, gone.float())  # (B, G)
        return -(log_factorial(r + k) - log_factorial(r)).sum(1)

    def orders_of_slots(self, lengths: Tensor) -> Tensor:
        """log n! + log (N + n)! / (N! n!), (B,): what no step changes."""
        added = self.added(lengths)
        return log_factorial(lengths + added) - log_factorial(added)

    def step_shares(self, batch: Batch, levels: Tensor) -> Tensor:
        """One step's share of every character, (B, T + 1), nats: an equal part of the text's."""
        slots = self.draw(batch, torch.default_generator)
        inserted, whole = self.step_share(slots, levels.to(batch.codes.device))
        shares = torch.zeros(len(batch), batch.codes.size(1) + 1, device=batch.codes.device)
        return shares.scatter_add(1, slots.places, inserted) + self.spread(whole, batch)

    def spread(self, whole: Tensor, batch: Batch) -> Tensor:
        """(B,) figures of texts, in equal parts at their characters, (B, T + 1).

        An empty text's is at the place of the length.
        """
        places = functional.pad(batch.mask, (0, 1)).float()  # (B, T + 1)
        places[:, 0].masked_fill_(batch.lengths == 0, 1.0)
        return places * (whole / places.sum(1))[:, None]

    def characters(self, batch: Batch, samples: int | None = LEVELS_DRAWN) -> Tensor:
        """The bound's share of every character, then of the length: (B, T + 1), nats."""
        samples = self.steps if samples is None else samples
        total = self.spread(self.orders_of_slots(batch.lengths), batch)
        for sample in range(samples):
            levels = stratum_levels(
                sample, samples, self.steps, len(batch), torch.default_generator
            )
            total = total + self.step_shares(batch, levels) * (self.steps / samples)
        length = self.lengths.log_prob(batch.lengths)[:, None]
        return total.scatter_add(1, batch.lengths[:, None], length)

    def loss(self, batch: Batch) -> Tensor:
        """Minus the bound, estimated at one level a text; a scalar, nats a text."""
        levels = spread_levels(len(batch), self.steps, torch.default_generator)
        steps = self.step_shares(batch, levels).sum(1) * self.steps  # (B,)
        whole = self.lengths.log_prob(batch.lengths) + self.orders_of_slots(batch.lengths)
        return -(steps + whole).mean()

    def bound(self, batch: Batch, samples: int | None = LEVELS_DRAWN) -> Tensor:
        """An unbiased estimate of a lower bound of log p(x, length), (B,), nats."""
        return self.characters(batch, samples).sum(1)

    @torch.no_grad()
    def sample(self, count: int, seed: int) -> list[str]:
        """`count` texts. A wrong deletion makes a text shorter or longer than was drawn."""
        generator = torch.Generator().manual_seed(seed)
        lengths = self.lengths.sample(count, generator)
        missing = lengths.clone()
        size = self.alphabet.size
        texts = [
            torch.randint(size, (added,), generator=generator).tolist()
            for added in self.added(lengths).tolist()
        ]
        for level in range(self.steps, 0, -1):
            before, after = self.keep[level - 1].item(), self.keep[level].item()
            rho = (before - after) / (1 - after)
            odds = torch.full((count,), rho)
            back = torch.binomial(missing.float(), odds, generator=generator).long()
            log_insert, delete = self._predict(texts, level, missing)
            for row in range(count):
                chosen = _draw(log_insert[row], int(back[row]), generator)
                gone = torch.rand(len(delete[row]), generator=generator) < rho * delete[row]
                removed = gone.tolist() if self.spurious else [False] * len(gone)
                texts[row] = _edit(texts[row], chosen, removed)
            missing = missing - back
        return [self.alphabet.decode(text) for text in texts]

    def _predict(
        self, texts: list[list[int]], level: int, missing: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The network's answer for unfinished texts, on the CPU."""
        device = self.keep.device
        widest = max(map(len, texts)) + 1
        rows = [[self.alphabet.begin, *text] for text in texts]
        padded = [row + [self.alphabet.pad] * (widest - len(row)) for row in rows]
        x_t = torch.tensor(padded, device=device)
        keep_t = self.keep[level].expand(len(texts))
        answer = self.network(x_t, x_t != self.alphabet.pad, keep_t, missing.to(device))
        return answer[0].cpu(), answer[1].cpu()


def editing(
    alphabet: Alphabet, sizes: Sizes, body: nn.Module, spurious: float = 0.0
) -> EditDiffusion:
    """Diffusion by deletions, and by as many insertions as `spurious` says."""
    network = Editor(alphabet, sizes.embed_size, body)
    return EditDiffusion(alphabet, network, diffusion.linear_schedule(sizes.steps), spurious)


def _draw(log_insert: Tensor, count: int, generator: torch.Generator) -> list[tuple[int, int]]:
    """`count` insertions, each a gap and a symbol. log_insert: (G, C)."""
    if count == 0:
        return []
    flat = log_insert.exp().flatten()
    drawn = torch.multinomial(flat, count, replacement=True, generator=generator).tolist()
    return [divmod(each, log_insert.size(1)) for each in drawn]


def _edit(text: list[int], insertions: list[tuple[int, int]], removed: list[bool]) -> list[int]:
    """The text after one step. removed: of each place, the first of which is before the text."""
    edited = []
    for gap in range(len(text) + 1):
        if gap > 0 and not removed[gap]:
            edited.append(text[gap - 1])
        edited += [symbol for place, symbol in insertions if place == gap]
    return edited
