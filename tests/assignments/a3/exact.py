"""What the tests of the exact models share: every text of a tiny alphabet, and tiny models."""

from __future__ import annotations

import itertools

import torch

from tests.flat import flat_imports
from tests.programs import ROOT

PROJECT = ROOT / "a3_vae_clm"
with flat_imports(PROJECT / "solution", PROJECT / "given"):
    import alphabet
    import autoregressive
    import causal
    import character
    import fast
    import lefttoright
    import measure
    import paths
    import recurrence
    import sizes
    import softmaxes
    import spelling
    import wordwise

MODULES = (
    alphabet,
    autoregressive,
    causal,
    character,
    fast,
    lefttoright,
    measure,
    paths,
    recurrence,
    sizes,
    softmaxes,
    spelling,
    wordwise,
)
LETTERS = alphabet.Alphabet("ab")  # and the unknown character
TINY = sizes.Sizes(embed_size=3, hidden_size=4, mixtures=2, depth=2, kernel=3, width=3)


def enlarged(model, seed: int = 0):
    """The model in float64, with weights large enough that every part of it shows."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in model.double().parameters():
        if parameter.requires_grad:
            parameter.data = torch.randn(parameter.shape, generator=generator).double()
    return model.eval()


def texts(longest: int, letters: int = LETTERS.size) -> list[list[int]]:
    """Every sequence of at most so many characters."""
    lengths = range(longest + 1)
    return [list(text) for T in lengths for text in itertools.product(range(letters), repeat=T)]


def batch(sequences, letters=LETTERS):
    return alphabet.collate(sequences, letters)
