"""The diffusion models of the family: a network, a kind of noise, and how both are put together.

    member = DIFFUSION["DLM142"]
    model = member.build(alphabet, member.sizes)

family.py has all other models, and these too, in FAMILY. DLM140 to 147 differ in the network, and
those with a word after their number in what the word says.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from alphabet import Alphabet
from denoising import absorbing, experts, uniform
from edits import editing
from member import Member
from networks import AttentionOnly, Convolutions, Skip, Transformer, TwoGRUs
from noise import constant_schedule
from sizes import Sizes
from torch import nn

HEADS = 4  # of the attention in DLM116, 144 and 147

Body = Callable[[Sizes], nn.Module]
Builder = Callable[[Alphabet, Sizes], nn.Module]

DIFFUSION: dict[str, Member] = {}


def convolutions(skip: Skip) -> Body:
    return lambda s: Convolutions(s.embed_size, s.depth, s.kernel, skip)


def transformer(s: Sizes) -> nn.Module:
    """With a convolution before each block."""
    return Transformer(s.embed_size, s.depth, HEADS, s.kernel)


def masked(body: Body) -> Builder:
    """Absorbing noise."""
    return lambda alphabet, s: absorbing(alphabet, s, body(s))


def replaced(body: Body, **options: Any) -> Builder:
    """Uniform noise. options: of denoising.uniform."""
    return lambda alphabet, s: uniform(alphabet, s, body(s), **options)


def edited(body: Body, spurious: float = 0.0) -> Builder:
    """Deletion noise, and insertion noise if spurious is above 0."""
    return lambda alphabet, s: editing(alphabet, s, body(s), spurious)


# ---- absorbing noise -----------------------------------------------------------------------------

_LONG, _DEEP = {"epochs": 20}, Sizes(embed_size=60, depth=11)
DIFFUSION["DLM116"] = Member(
    "masked-diffusion", masked(transformer), Sizes(embed_size=128, depth=4, steps=200), _LONG
)
DIFFUSION["DLM116-convolutions"] = Member(
    "masked-diffusion-by-convolutions",
    masked(convolutions("inside")),
    Sizes(embed_size=60, depth=11, steps=200),
)

# ---- uniform noise: the network ------------------------------------------------------------------

DIFFUSION["DLM140"] = Member(
    "diffusion-grus",
    replaced(lambda s: TwoGRUs(s.embed_size, s.hidden_size, s.depth)),
    Sizes(hidden_size=128, depth=2),
)
DIFFUSION["DLM141"] = Member(
    "diffusion-few-convolutions",
    replaced(convolutions("outside")),
    Sizes(embed_size=60, depth=4),
)
DIFFUSION["DLM142"] = Member("diffusion-convolutions", replaced(convolutions("inside")), _DEEP)
DIFFUSION["DLM142-bare"] = Member(
    "diffusion-convolutions-without-residual", replaced(convolutions("none")), _DEEP
)
DIFFUSION["DLM142-notes"] = Member(
    "diffusion-that-keeps-a-third",
    lambda alphabet, s: uniform(
        alphabet, s, convolutions("inside")(s), keep=constant_schedule(s.steps, 0.05)
    ),
    Sizes(embed_size=60, depth=11, steps=20),
)
DIFFUSION["DLM142-low"] = Member(
    "diffusion-weighted-to-low-noise", replaced(convolutions("inside"), weighting="low"), _DEEP
)
DIFFUSION["DLM142-high"] = Member(
    "diffusion-weighted-to-high-noise", replaced(convolutions("inside"), weighting="high"), _DEEP
)
DIFFUSION["DLM142-bayes"] = Member(
    "diffusion-by-bayes-rule", replaced(convolutions("inside"), output="bayes"), _DEEP
)
DIFFUSION["DLM142-experts"] = Member(
    "diffusion-experts",
    lambda alphabet, s: experts(
        alphabet, s, [convolutions("inside")(s) for _ in range(s.mixtures)]
    ),
    Sizes(embed_size=60, depth=6, mixtures=2),
)
DIFFUSION["DLM143"] = Member("diffusion-skip-gates", replaced(convolutions("gate")), _DEEP)
DIFFUSION["DLM144"] = Member(
    "diffusion-attention",
    replaced(lambda s: AttentionOnly(s.embed_size, s.depth, HEADS)),
    Sizes(embed_size=60, depth=6),
)
DIFFUSION["DLM147"] = Member(
    "diffusion-transformer",
    replaced(lambda s: Transformer(s.embed_size, s.depth, HEADS)),
    Sizes(embed_size=64, depth=4),
)
DIFFUSION["DLM147-bayes"] = Member(
    "best-uniform-diffusion",
    replaced(transformer, output="bayes"),
    Sizes(embed_size=128, depth=4, steps=200),
    _LONG,
)

# ---- noise that makes texts shorter and longer ---------------------------------------------------

DIFFUSION["DLM-insert"] = Member(
    "deletion-noise",
    edited(convolutions("inside")),
    Sizes(embed_size=60, depth=11, steps=200),
)
DIFFUSION["DLM-edit"] = Member(
    "insertion-and-deletion-noise",
    edited(convolutions("inside"), spurious=0.25),
    Sizes(embed_size=60, depth=11, steps=200),
)
