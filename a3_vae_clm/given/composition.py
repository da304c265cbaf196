"""The words in which family.py says how a model of latents is put together.

    latents("mixture", encoder=Layers(1, residual=True), decoder=Layers(1, activation="before"))

is a builder: called with an alphabet and sizes it returns the model.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from alphabet import Alphabet
from convolution import ConvolutionStack
from mixture import MixturePrior
from posteriors import START, MixturePosterior, OwnPrecision, SharedPrecision
from priors import Bigram, Chain, Independent, Memory, Nested, Window
from sizes import Sizes
from torch import nn
from variational import Nothing, VariationalModel

Builder = Callable[[Alphabet, Sizes], VariationalModel]


@dataclass(frozen=True)
class Layers:
    """A stack of convolutions; see convolution.py. depth: None is the depth in the sizes."""

    depth: int | None = None
    residual: bool = False
    shared: bool = False
    activation: str = "none"

    def build(self, sizes: Sizes) -> nn.Module:
        """A stack with the sizes' embed_size and kernel; of no layers, what changes nothing."""
        depth = sizes.depth if self.depth is None else self.depth
        if not depth:
            return Nothing()
        return ConvolutionStack(
            sizes.embed_size, depth, sizes.kernel, self.residual, self.shared, self.activation
        )


NONE = Layers(0)
DEEP = Layers(residual=True, activation="before")  # the encoder and decoder of our own models


def latents(
    prior: str,
    encoder: Layers = NONE,
    decoder: Layers = NONE,
    posterior: str = "shared",
    model: type[VariationalModel] = VariationalModel,
    start: Callable[[VariationalModel], VariationalModel] = lambda model: model,
) -> Builder:
    """A builder of a model with these parts. prior: a name in PRIORS; posterior: in POSTERIORS.

    start: what is done with the fresh model, such as `matched`.
    """

    def build(alphabet: Alphabet, sizes: Sizes) -> VariationalModel:
        parts = PRIORS[prior](sizes), encoder.build(sizes), decoder.build(sizes)
        q = POSTERIORS[posterior](sizes)
        return start(model(alphabet, sizes.embed_size, *parts, q, sizes.samples))

    return build


@torch.no_grad()
def matched(model: VariationalModel) -> VariationalModel:
    """Let the training begin where every character's latent fits a component of the prior.

    The prior's first means are the characters' vectors, its precision is that of q, and residual
    convolutions add nothing yet. So the latents say everything from the first step on, and what is
    left to learn is how likely they are. From random places the KL is hundreds of nats at first,
    and a training empties the latents before it learns to use them.
    """
    mixture = model.prior.mixture
    known = min(len(mixture.means), model.alphabet.size)
    mixture.means[:known] = model.embedding.weight[:known]
    mixture.log_precisions.fill_(START)
    for layer in (*model.encoder.modules(), *model.decoder.modules()):
        if isinstance(layer, nn.Conv1d):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
    return model


def _mixture(sizes: Sizes, learn_weights: bool = False) -> MixturePrior:
    return MixturePrior(sizes.mixtures, sizes.embed_size, learn_weights)


def _nested(sizes: Sizes) -> Nested:
    inner = Independent(_mixture(sizes, learn_weights=True))
    posterior = OwnPrecision(sizes.embed_size)
    return Nested(_mixture(sizes), inner, DEEP.build(sizes), DEEP.build(sizes), posterior)


def _chain(sizes: Sizes, reader: nn.Module) -> Chain:
    return Chain(_mixture(sizes), reader, sizes.hidden_size)


PRIORS: dict[str, Callable[[Sizes], nn.Module]] = {
    "gaussian": lambda sizes: Independent(MixturePrior(1, sizes.embed_size)),
    "mixture": lambda sizes: Independent(_mixture(sizes)),
    "weighted": lambda sizes: Independent(_mixture(sizes, learn_weights=True)),
    "bigram": lambda sizes: Bigram(_mixture(sizes)),
    "chain": lambda sizes: _chain(sizes, Window(sizes.embed_size, sizes.hidden_size, 1)),
    "window": lambda sizes: _chain(sizes, Window(sizes.embed_size, sizes.hidden_size, 5)),
    "memory": lambda sizes: _chain(sizes, Memory(sizes.embed_size, sizes.hidden_size)),
    "nested": _nested,
}
POSTERIORS: dict[str, Callable[[Sizes], nn.Module]] = {
    "shared": lambda sizes: SharedPrecision(sizes.embed_size),
    "own": lambda sizes: OwnPrecision(sizes.embed_size),
    "mixture": lambda sizes: MixturePosterior(sizes.embed_size, components=4),
}
