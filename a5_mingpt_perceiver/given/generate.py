"""Answer many questions at once, with cached keys and values. Given: nothing to write here.

`utils.sample` asks the model for one character at a time and recomputes the whole text each time.
Here a batch of texts of different lengths is computed once; each further character needs only its
own position, because the keys and values of earlier ones are cached. The likeliest character is
taken each time, so the answers are those of `utils.sample`; `predict_places` first compares logits
with the model's own forward, and falls back to `utils.sample` if they differ.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence

import torch
from dataset import MASK_CHAR, PAD_CHAR
from torch import Tensor, nn
from torch.nn import functional as F
from utils import sample

BATCH = 128  # questions answered together
TRIAL = 4  # questions on which the cache is compared with the model's forward


def predict_places(
    model: nn.Module, dataset: object, questions: Sequence[str], steps: int
) -> list[str]:
    """The model's answer to each question: what it writes between the first MASK and the next.

    dataset: gives `stoi` and `itos`; steps: maximum number of characters to write.
    """
    device = next(model.parameters()).device
    prompts = [[dataset.stoi[char] for char in question + MASK_CHAR] for question in questions]
    model.eval()
    fits = max(map(len, prompts)) + steps <= model.get_block_size()
    cached = fits and _cache_agrees(model, prompts[:TRIAL], device)
    write = _write_cached if cached else _write_plain
    texts: list[list[int]] = []
    for first in range(0, len(prompts), BATCH):
        texts += write(model, prompts[first : first + BATCH], steps, device)
    return [_answer("".join(dataset.itos[index] for index in text)) for text in texts]


def _answer(text: str) -> str:
    """The text between the first MASK and the next; PADs also end an answer."""
    return text.split(MASK_CHAR)[1].split(PAD_CHAR)[0]


def _write_plain(model, prompts: list[list[int]], steps: int, device) -> list[list[int]]:
    """Write with `utils.sample`, prompts of equal length together."""
    by_length = defaultdict(list)
    for place, prompt in enumerate(prompts):
        by_length[len(prompt)].append(place)
    texts: list[list[int]] = [[] for _ in prompts]
    for places in by_length.values():
        written = sample(model, torch.tensor([prompts[p] for p in places], device=device), steps)
        for place, text in zip(places, written.tolist(), strict=True):
            texts[place] = text
    return texts


@torch.no_grad()
def _write_cached(model, prompts: list[list[int]], steps: int, device) -> list[list[int]]:
    """Write with the cache, prompts of any lengths; the longest and its answer must fit a block."""
    lengths = torch.tensor([len(prompt) for prompt in prompts], device=device)
    width = int(lengths.max())
    idx = torch.zeros(len(prompts), width, dtype=torch.long, device=device)
    for row, prompt in enumerate(prompts):
        idx[row, : len(prompt)] = torch.tensor(prompt)
    cached = CachedGPT(model, len(prompts), width + steps)
    logits = cached(idx, torch.arange(width, device=device).expand_as(idx))  # (B, width, V)
    last = logits[torch.arange(len(prompts)), lengths - 1]  # (B, V)
    written = [last.argmax(-1)]
    for step in range(steps - 1):
        logits = cached(written[-1][:, None], (lengths + step)[:, None])
        written.append(logits[:, 0].argmax(-1))
    answers = torch.stack(written, dim=1).tolist()
    return [prompt + answer for prompt, answer in zip(prompts, answers, strict=True)]


@torch.no_grad()
def _cache_agrees(model, prompts: list[list[int]], device) -> bool:
    """Whether feeding the second half of each prompt one by one gives the model's own logits."""
    try:
        for prompt in prompts:
            idx = torch.tensor([prompt], device=device)
            cached, half = CachedGPT(model, 1, len(prompt)), len(prompt) // 2
            places = torch.arange(len(prompt), device=device)[None]
            parts = [cached(idx[:, :half], places[:, :half])]
            parts += [cached(idx[:, [t]], places[:, [t]]) for t in range(half, len(prompt))]
            plain = model(idx)[0]
            if not torch.allclose(torch.cat(parts, dim=1), plain, rtol=1e-3, atol=1e-3):
                return False
    except (AttributeError, IndexError, RuntimeError, TypeError, ValueError):
        return False  # a different architecture: use utils.sample
    return True


class Cache:
    """The keys and values of one attention: (B, nh, length, hs) each, by position."""

    def __init__(self, attn: nn.Module, batch: int, length: int) -> None:
        C, weight = attn.key.weight.size(0), attn.key.weight
        shape = (batch, attn.n_head, length, C // attn.n_head)
        self.attn, self.k, self.v = attn, weight.new_zeros(shape), weight.new_zeros(shape)

    def keep(self, x: Tensor, positions: Tensor) -> None:
        """Store keys and values of x (B, T, C) at positions (B, T); positions past the end are
        dropped."""
        _, nh, length, hs = self.k.shape
        rows, at = (positions < length).nonzero(as_tuple=True)
        for store, linear in ((self.k, self.attn.key), (self.v, self.attn.value)):
            store[rows, :, positions[rows, at]] = linear(x[rows, at]).view(-1, nh, hs)

    def read(self, x: Tensor, positions: Tensor) -> Tensor:
        """Attention output for queries x (B, T, C) at positions (B, T); each sees up to its own."""
        B, nh, length, hs = self.k.shape
        T = x.size(1)
        q = self.attn.query(x).view(B, T, nh, hs).transpose(1, 2)  # (B, nh, T, hs)
        scores = q @ self.k.transpose(-2, -1) / math.sqrt(hs)  # (B, nh, T, length)
        hidden = torch.arange(length, device=x.device) > positions[:, None, :, None]
        weights = F.softmax(scores.masked_fill(hidden, -torch.inf), dim=-1)
        return self.attn.proj((weights @ self.v).transpose(1, 2).reshape(B, T, -1))


class CachedGPT:
    """A model fed piece by piece. Call it with idx (B, T) and positions (B, T)."""

    def __init__(self, model: nn.Module, batch: int, length: int) -> None:
        self.model, self.perceiver = model, hasattr(model, "down_block")
        inner = length
        if self.perceiver:
            inner = min(length, model.down_block.C.size(1))
            self.down = Cache(model.down_block.attn, batch, inner)
            self.up = Cache(model.up_block.attn, batch, inner)
        self.inner = [Cache(block.attn, batch, inner) for block in model.blocks]

    def __call__(self, idx: Tensor, positions: Tensor) -> Tensor:
        """Logits (B, T, V)."""
        model = self.model
        x = model.tok_emb(idx) + model.pos_emb[0][positions]  # (B, T, C)
        if self.perceiver:
            x = self._perceiver(x, positions)
        else:
            x = self._blocks(x, positions)
        return model.head(model.ln_f(x))

    def _blocks(self, x: Tensor, positions: Tensor) -> Tensor:
        for block, cache in zip(self.model.blocks, self.inner, strict=True):
            x = _residual(block, x, positions, cache, block.ln1)
        return x

    def _perceiver(self, x: Tensor, positions: Tensor) -> Tensor:
        """Place p of the bottleneck reads the input up to p, so it is complete once p is fed."""
        down, up = self.model.down_block, self.model.up_block
        self.down.keep(down.ln1(x), positions)
        places = positions.clamp(max=down.C.size(1) - 1)  # past the last: computed, then dropped
        y = down.C[0][places]  # (B, T, C)
        y = y + self.down.read(y, positions)
        y = y + down.mlp(down.ln2(y))
        y = self._blocks(y, positions)
        self.up.keep(up.ln1(y), positions)
        x = x + self.up.read(x, positions)
        return x + up.mlp(up.ln2(x))


def _residual(
    block: nn.Module, x: Tensor, positions: Tensor, cache: Cache, norm: Callable[[Tensor], Tensor]
) -> Tensor:
    normed = norm(x)
    cache.keep(normed, positions)
    x = x + cache.read(normed, positions)
    return x + block.mlp(block.ln2(x))
