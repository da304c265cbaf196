"""a3's deletion and insertion noise: the bound against a sum over all paths, the sampler too."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import pytest
import torch

from tests.flat import flat_imports

PROJECT = Path(__file__).resolve().parents[3] / "a3_vae_clm"

with flat_imports(PROJECT / "solution", PROJECT / "given"):
    import diffusion
    import editor
    import edits
    import networks
    from alphabet import Alphabet, Batch, collate

pytestmark = pytest.mark.usefixtures("one_thread")
A = Alphabet("a")  # two symbols: "a" and the unknown one
SYMBOLS = 2
STEPS = 2
LENGTH = 2
TEXTS = list(itertools.product(range(SYMBOLS), repeat=LENGTH))


class Random(torch.nn.Module):
    """A network that answers at random, but always the same."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: dict[tuple, tuple[torch.Tensor, torch.Tensor]] = {}

    def answer(self, text: tuple[int, ...], keep: float, missing: int):
        key = (text, round(keep, 3), missing)
        if key not in self.answers:
            generator = torch.Generator().manual_seed(len(self.answers))
            logits = 1.5 * torch.randn(len(text) + 1, SYMBOLS, generator=generator)
            delete = torch.rand(len(text) + 1, generator=generator) * 0.9
            self.answers[key] = (logits.flatten().log_softmax(0).view_as(logits), delete)
        return self.answers[key]

    def forward(self, x_t, mask, keep_t, missing):
        log_insert = torch.full((*x_t.shape, SYMBOLS), -torch.inf)
        delete = torch.zeros(x_t.shape)
        for row, count in enumerate(mask.sum(1).tolist()):
            assert x_t[row, 0] == A.begin
            text = tuple(x_t[row, 1:count].tolist())
            known = self.answer(text, keep_t[row].item(), int(missing[row]))
            log_insert[row, :count], delete[row, :count] = known
        return log_insert, delete


def make(spurious: float):
    model = edits.EditDiffusion(A, Random(), diffusion.linear_schedule(STEPS), spurious)
    model.lengths.counts.zero_()
    model.lengths.counts[LENGTH] = 1.0
    return model


def path_log_prob(model, slots: list[tuple[int, bool, int]]) -> float:
    """log p of one path, step by step. slots: (symbol, own, time) in their order."""
    total = -math.log(SYMBOLS) * sum(not own for _, own, _ in slots)
    missing = sum(own for _, own, _ in slots)
    for level in range(STEPS, 0, -1):
        keep_s, keep_t = model.keep[level - 1].item(), model.keep[level].item()
        rho = (keep_s - keep_t) / (1 - keep_t)
        shown = [(time > level) == own for _, own, time in slots]
        text = tuple(slot[0] for slot, seen in zip(slots, shown, strict=True) if seen)
        log_insert, delete = model.network.answer(text, keep_t, missing)
        gap, back, gone = 0, [0] * (len(text) + 1), [0] * (len(text) + 1)
        for (symbol, own, time), seen in zip(slots, shown, strict=True):
            gap += seen
            if seen and model.spurious:
                leaves = rho * delete[gap].item()
                total += math.log(leaves if not own and time == level else 1 - leaves)
            elif own and not seen and time == level:
                total += log_insert[gap, symbol].item()
                back[gap] += 1
            elif not own and not seen:
                gone[gap] += 1
        restored = sum(back)
        chance = math.comb(missing, restored) * rho**restored * (1 - rho) ** (missing - restored)
        total += math.log(chance) + math.lgamma(restored + 1)
        for k, r in zip(back, gone, strict=True):
            total -= math.lgamma(k + 1) + math.log(math.comb(r + k, k))
        missing -= restored
    return total


def exact(model, text: tuple[int, ...]) -> tuple[float, float]:
    """(log p(text), its bound) over all paths."""
    added = round(model.spurious * len(text))
    size = len(text) + added
    probability, bound = 0.0, 0.0
    for places in itertools.combinations(range(size), added):
        for noise in itertools.product(range(SYMBOLS), repeat=added):
            letters, others = iter(text), iter(noise)
            kinds = [
                (next(others), False) if place in places else (next(letters), True)
                for place in range(size)
            ]
            for times in itertools.product(range(1, STEPS + 1), repeat=size):
                slots = [(*kind, time) for kind, time in zip(kinds, times, strict=True)]
                log_p = path_log_prob(model, slots)
                q = STEPS**-size / math.comb(size, added) / SYMBOLS**added
                probability += math.exp(log_p)
                bound += q * (log_p - math.log(q))
    return math.log(probability), bound


@pytest.mark.parametrize("spurious", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("samples", [1, None])
def test_the_bound_is_the_mean_over_all_paths(spurious: float, samples: int | None) -> None:
    torch.manual_seed(0)
    model = make(spurious)
    for text in TEXTS[1:3]:
        log_prob, bound = exact(model, text)
        assert bound < log_prob
        batch = Batch(torch.tensor([text]).expand(3000, -1), torch.full((3000,), LENGTH))
        drawn = model.bound(batch, samples)
        error = drawn.std().item() / math.sqrt(len(drawn))
        assert drawn.mean().item() == pytest.approx(bound, abs=4 * error + 1e-5)


def test_the_sampler_draws_from_the_model() -> None:
    model = make(0.0)
    count = 2000
    texts = model.sample(count, seed=0)
    expected = [math.exp(exact(model, text)[0]) for text in TEXTS]
    assert sum(expected) == pytest.approx(1, abs=1e-5)
    for text, share in zip(TEXTS, expected, strict=True):
        found = texts.count(A.decode(list(text))) / count
        assert found == pytest.approx(share, abs=4 * math.sqrt(share / count))


def test_what_wrong_deletions_cost_is_charged() -> None:
    """A text is drawn at least as often as the model's likelihood says: some paths are not q's."""
    model = make(1.0)
    count = 2000
    texts = model.sample(count, seed=0)
    expected = [math.exp(exact(model, text)[0]) for text in TEXTS]
    assert 0.05 < sum(expected) < 1
    for text, share in zip(TEXTS, expected, strict=True):
        found = texts.count(A.decode(list(text))) / count
        assert found > share - 4 * math.sqrt(share / count)


@pytest.mark.parametrize("spurious", [0.0, 0.4])
def test_an_editor_learns(spurious: float) -> None:
    torch.manual_seed(0)
    ab = Alphabet("ab")
    network = editor.Editor(ab, 8, networks.Convolutions(8, 2, 3, "inside"))
    model = edits.EditDiffusion(ab, network, diffusion.linear_schedule(20), spurious)
    batch = collate([[0, 1, 0, 1, 0], [1, 1, 1], []] * 8, ab)
    model.lengths.count([5, 3, 0] * 8)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    before = model.bound(batch, None).mean().item()
    for _ in range(30):
        optimizer.zero_grad()
        model.loss(batch).backward()
        optimizer.step()
    for name, parameter in model.named_parameters():
        if spurious or "delete" not in name:
            assert parameter.grad.isfinite().all(), name
    shares = model.characters(batch, None)
    assert shares.sum(1).mean().item() > before + 1
    assert (shares[1, 4:] == 0).all()
    lengths = model.lengths.log_prob(batch.lengths)
    torch.testing.assert_close(shares[torch.arange(24), batch.lengths], lengths)
    assert len(model.sample(5, 0)) == 5
