"""Small segment models in float64, and every text and every segmentation there is for them."""

from __future__ import annotations

import itertools

import torch

from tests.flat import flat_imports
from tests.programs import ROOT

PROJECT = ROOT / "a3_vae_clm"
with flat_imports(PROJECT / "solution", PROJECT / "given"):
    import alphabet
    import cuts
    import lattice
    import parser
    import reinforce
    import saved
    import segmental
    import segments
    import sizes
    import words

MODULES = {each.__name__: each for each in (cuts, parser, reinforce, saved, segments)}
LETTERS = alphabet.Alphabet("ab")  # and the unknown one: three symbols
SIZES = sizes.Sizes(embed_size=4, hidden_size=6, depth=2, kernel=3, width=3, samples=4)
LONGEST = 4
PARTS = {
    "key-value": (words.KeyValueEncoder, words.KeyValueDecoder),
    "gru": (words.GRUEncoder, words.GRUDecoder),
    "linear": (words.LinearEncoder, words.LinearDecoder),
    "convolution": (words.ConvolutionEncoder, words.ConvolutionDecoder),
}


def randomise(model: torch.nn.Module, seed: int = 0) -> torch.nn.Module:
    """Weights large enough that every part shows."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in model.double().parameters():
        torch.nn.init.normal_(parameter, std=0.6, generator=generator)
    return model


def make(kind: str, by_rule: bool = True, longest: int = LONGEST) -> segmental.SegmentModel:
    encoder, decoder = PARTS[kind]
    context = segmental.SegmentContext(LETTERS, SIZES, encoder)
    own = (context, decoder(LETTERS, SIZES), "a", by_rule)
    model = segmental.SegmentModel(LETTERS, SIZES, *own)
    model.longest = longest
    return randomise(model)


def make_marginal(longest: int = LONGEST) -> lattice.MarginalSegments:
    context = lattice.CharacterContext(LETTERS, SIZES)
    own = (context, words.GRUDecoder(LETTERS, SIZES), "a", False)
    model = segmental.SegmentModel(LETTERS, SIZES, *own)
    model.longest = longest
    return randomise(lattice.MarginalSegments(model))


def batch_of(*texts: list[int]) -> alphabet.Batch:
    return alphabet.collate([list(text) for text in texts], LETTERS)


def all_texts(longest: int = LONGEST) -> list[list[int]]:
    """Every text of at most `longest` characters."""
    return [
        list(text)
        for length in range(longest + 1)
        for text in itertools.product(range(LETTERS.size), repeat=length)
    ]


def segmentations(text: list[int], width: int = SIZES.width) -> list[list[list[int]]]:
    """Every way to cut a text into segments of at most `width` characters."""
    if not text:
        return [[]]
    return [
        [text[:first], *rest]
        for first in range(1, min(width, len(text)) + 1)
        for rest in segmentations(text[first:], width)
    ]


def close(a, b, tolerance: float = 1e-9) -> None:
    torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance, check_dtype=False)
