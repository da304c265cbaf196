"""Every model of the family: a number, a readable name, and how it is put together from parts.

    number = find("character-gru")  # "DLM100"
    member = FAMILY[number]
    model = member.build(alphabet, member.sizes)

The numbers are those of the notes on compositional language models. Two models differ in what
stands in their two entries here, or in diffusion_family.py, which has those of diffusion.
"""

from __future__ import annotations

from dataclasses import replace

from causal import CausalModel
from character import CharacterModel
from collapse import Cure, SentenceModel
from composition import DEEP, Layers, latents, matched
from diffusion_family import DIFFUSION
from lattice import after_characters, marginal
from member import Member
from parser import parsed
from paths import PathModel
from published import PublishedGradient
from segmental import by_rule, with_ends
from sizes import Sizes
from words import (
    ConvolutionDecoder,
    ConvolutionEncoder,
    GRUDecoder,
    GRUEncoder,
    KeyValueDecoder,
    KeyValueEncoder,
    LinearDecoder,
    LinearEncoder,
)
from wordwise import WordModel

from course.errors import UserError

FAMILY: dict[str, Member] = {}

# ---- exact: one character after another ----------------------------------------------------------

FAMILY["DLM100"] = Member(
    "character-gru", CharacterModel, Sizes(embed_size=48, mixtures=10), {"epochs": 15}
)
FAMILY["DLM100-large"] = Member(
    "large-character-gru",
    CharacterModel,
    Sizes(hidden_size=640, mixtures=8),
    {"average": 0.999, "epochs": 12},
)
FAMILY["DLM100-words"] = Member("word-gru", WordModel, Sizes(embed_size=96, mixtures=1))
FAMILY["DLM110"] = Member("word-paths", PathModel, Sizes(mixtures=128, width=6), {"lr": 0.1})
FAMILY["DLM111"] = Member("causal-convolutions", CausalModel, Sizes(hidden_size=128, depth=5))

# ---- one segment after another: exact, but for those with end symbols ----------------------------

FAMILY["DLM101"] = Member("key-value-words", by_rule(KeyValueEncoder, KeyValueDecoder))
FAMILY["DLM101-a"] = Member("cut-at-a", by_rule(KeyValueEncoder, KeyValueDecoder, "a"))
FAMILY["DLM101-b"] = Member("cut-at-b", by_rule(KeyValueEncoder, KeyValueDecoder, "b"))
FAMILY["DLM101-c"] = Member("cut-at-c", by_rule(KeyValueEncoder, KeyValueDecoder, "c"))
FAMILY["DLM101-i"] = Member("cut-at-i", by_rule(KeyValueEncoder, KeyValueDecoder, "i"))
FAMILY["DLM102"] = Member("gru-words", by_rule(GRUEncoder, GRUDecoder))
FAMILY["DLM102-encoder"] = Member("gru-encoder-only", by_rule(GRUEncoder, KeyValueDecoder))
FAMILY["DLM102-decoder"] = Member("gru-decoder-only", by_rule(KeyValueEncoder, GRUDecoder))
FAMILY["DLM104"] = Member("linear-words", by_rule(LinearEncoder, LinearDecoder))
FAMILY["DLM104-convolution"] = Member(
    "convolution-words", by_rule(ConvolutionEncoder, ConvolutionDecoder)
)
FAMILY["DLM106"] = Member("linear-words-with-ends", with_ends(LinearEncoder, LinearDecoder))
FAMILY["DLM106-gru"] = Member("gru-words-with-ends", with_ends(GRUEncoder, GRUDecoder))

# ---- segments that are latent --------------------------------------------------------------------

_DRAWN, _SLOW = Sizes(samples=4), {"epochs": 2}
FAMILY["DLM107"] = Member(
    "parsed-linear-words", parsed(with_ends(LinearEncoder, LinearDecoder)), _DRAWN, _SLOW
)
FAMILY["DLM108"] = Member(
    "parsed-gru-words", parsed(with_ends(GRUEncoder, GRUDecoder)), _DRAWN, _SLOW
)
FAMILY["DLM108-characters"] = Member(
    "parsed-after-characters", parsed(after_characters(GRUDecoder)), replace(_DRAWN, width=8), _SLOW
)
FAMILY["DLM108-exact"] = Member(
    "all-segmentations", marginal(after_characters(GRUDecoder)), Sizes(width=8), _SLOW
)

# ---- a Gaussian latent at each character ---------------------------------------------------------

_LATENT = Sizes(embed_size=32, mixtures=30)
# Adam moves a number by about its rate, and vectors drawn from N(0, 1) have far to go: at 2e-3,
# models with convolutions are still above the unigrams after ten epochs.
_FAR = {"lr": 3e-2, "epochs": 20}
_FROM_TANH = Layers(1, activation="before")
FAMILY["DLM112"] = Member("gaussian-prior", latents("gaussian"), _LATENT, _FAR)
FAMILY["DLM112-published"] = Member(
    "gaussian-prior-published-gradient", latents("gaussian", model=PublishedGradient), _LATENT
)
FAMILY["DLM114"] = Member("mixture-prior", latents("mixture"), _LATENT, _FAR)
FAMILY["DLM115"] = Member("bigram-prior", latents("bigram"), _LATENT, _FAR)
FAMILY["DLM117"] = Member(
    "linear-convolution", latents("mixture", Layers(1), Layers(1)), _LATENT, _FAR
)
FAMILY["DLM118"] = Member(
    "residual-convolution",
    latents("mixture", Layers(1, residual=True), Layers(1, residual=True)),
    _LATENT,
    _FAR,
)
FAMILY["DLM119"] = Member(
    "tanh-decoder", latents("mixture", Layers(1, residual=True), _FROM_TANH), _LATENT, _FAR
)
FAMILY["DLM120"] = Member(
    "no-residual-encoder", latents("mixture", Layers(1), _FROM_TANH), _LATENT, _FAR
)
FAMILY["DLM121"] = Member(
    "same-convolution-twice",
    latents(
        "mixture",
        Layers(2, residual=True, shared=True),
        Layers(2, shared=True, activation="before"),
    ),
    _LATENT,
    _FAR,
)
FAMILY["DLM122"] = Member(
    "two-convolutions",
    latents("mixture", Layers(2, residual=True), Layers(2, activation="before")),
    _LATENT,
    _FAR,
)
FAMILY["DLM123"] = Member(
    "shared-convolutions",
    latents(
        "mixture",
        Layers(residual=True, shared=True),
        Layers(shared=True, activation="before"),
    ),
    _LATENT,
    _FAR,
)
FAMILY["DLM124"] = Member(
    "shared-tanh-encoder",
    latents(
        "mixture",
        Layers(residual=True, shared=True, activation="before"),
        Layers(shared=True, activation="before"),
    ),
    replace(_LATENT, depth=5),
    _FAR,
)
FAMILY["DLM128"] = Member(
    "deep-convolutions",
    latents("mixture", Layers(residual=True), Layers(activation="before")),
    Sizes(embed_size=44, mixtures=30, depth=5),
    _FAR,
)
_LESS_FAR = {"lr": 1e-2, "epochs": 20}
_MATCHED = replace(_LATENT, hidden_size=128, mixtures=96)  # a component for each character
FAMILY["DLM128-matched"] = Member(
    "matched-start", latents("weighted", DEEP, DEEP, start=matched), _MATCHED, _LESS_FAR
)
FAMILY["DLM128-own"] = Member(
    "own-precision-posterior",
    latents("weighted", DEEP, DEEP, "own", start=matched),
    _MATCHED,
    _LESS_FAR,
)
FAMILY["DLM128-nested"] = Member(
    "nested-prior", latents("nested", DEEP, DEEP, start=matched), _MATCHED, _LESS_FAR
)
FAMILY["DLM128-mixture"] = Member(
    "mixture-posterior", latents("weighted", DEEP, DEEP, "mixture"), _LATENT, _LESS_FAR
)
FAMILY["DLM128-chain"] = Member(
    "chain-prior", latents("chain", DEEP, DEEP, start=matched), _MATCHED
)
FAMILY["DLM128-window"] = Member("window-prior", latents("window", start=matched), _MATCHED)
FAMILY["DLM128-memory"] = Member(
    "memory-prior", latents("memory", start=matched), replace(_MATCHED, hidden_size=256)
)

# ---- one Gaussian latent for the whole text ------------------------------------------------------

_SENTENCE = Sizes(embed_size=32, hidden_size=256)
FAMILY["sentence"] = Member(
    "sentence-latent",
    lambda alphabet, sizes: SentenceModel(alphabet, sizes.embed_size, sizes.hidden_size),
    _SENTENCE,
)
FAMILY["sentence-cured"] = Member(
    "sentence-latent-in-use",
    lambda alphabet, sizes: SentenceModel(
        alphabet, sizes.embed_size, sizes.hidden_size, Cure(warm_up=0.3, free=8.0, dropout=0.3)
    ),
    _SENTENCE,
)

# ---- diffusion: see diffusion_family.py ----------------------------------------------------------

FAMILY.update(DIFFUSION)


def find(name: str) -> str:
    """The number of a model, from its number or its readable name; case does not count.

    Raises UserError for a name that no model has.
    """
    for number, member in FAMILY.items():
        if name.lower() in (number.lower(), member.name.lower()):
            return number
    raise UserError(f"{name!r} is not a model: choose from {', '.join(FAMILY)}")
