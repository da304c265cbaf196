"""A training that takes a second: sentences to turn round, and a model for them."""

from __future__ import annotations

import copy
import sys

import torch

from tests.flat import flat_imports
from tests.programs import ROOT

PROJECT = ROOT / "a4_nmt"
with flat_imports(PROJECT / "solution", PROJECT / "given"):
    import batches
    import nmt_model
    import trainer
    import vocab

    names = {
        path.stem for folder in ("solution", "given") for path in (PROJECT / folder).glob("*.py")
    }
    LOADED = {name: sys.modules[name] for name in names & set(sys.modules)}

WORDS = "abcdef"
QUICK = trainer.Settings(steps=12, evaluate_every=4, batch_size=4, learning_rate=0.01)


def reversals(count: int, seed: int) -> list[tuple[list[str], list[str]]]:
    """Sources of 1 to 4 letters, and the same letters the other way round."""
    draw = torch.Generator().manual_seed(seed)
    sources = []
    for _ in range(count):
        size = int(torch.randint(1, 5, (), generator=draw))
        ids = torch.randint(len(WORDS), (size,), generator=draw).tolist()
        sources.append([WORDS[index] for index in ids])
    return [(source, source[::-1]) for source in sources]


def fresh(seed: int = 0, **own) -> nmt_model.NMT:
    entry = vocab.VocabEntry([*vocab.SPECIALS, *WORDS])
    model = nmt_model.NMT(8, 16, vocab.Vocab(entry, entry), **({"dropout_rate": 0.1} | own))
    trainer.initialise(model, seed)
    return model


def make(settings: trainer.Settings = QUICK, model=None, bleu=None) -> trainer.Trainer:
    model = model or fresh()
    train, dev = (batches.encode(reversals(*own), model.vocab) for own in ((30, 1), (10, 2)))
    return trainer.Trainer(model, train, dev, settings, bleu)


def scripted(monkeypatch, *values: float) -> None:
    """Let dev have these perplexities, one after another; the last one again and again."""
    left = list(values)
    pop = lambda *_: left.pop(0) if len(left) > 1 else left[0]  # noqa: E731
    monkeypatch.setattr(trainer, "perplexity", pop)


def weights(model) -> dict:
    return copy.deepcopy(model.state_dict())


def equal(a: dict, b: dict) -> bool:
    return all(torch.equal(a[name], b[name]) for name in a)
