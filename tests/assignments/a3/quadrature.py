"""Models with one number for a latent, small enough that every integral is a sum over a grid."""

from __future__ import annotations

import itertools

import numpy as np
import torch
from torch import Tensor, nn

from tests.flat import flat_imports
from tests.programs import ROOT

PROJECT = ROOT / "a3_vae_clm"
with flat_imports(PROJECT / "solution", PROJECT / "given"):
    import alphabet
    import collapse
    import composition
    import convolution
    import diagnostics
    import gaussian
    import mixture
    import posteriors
    import priors
    import published
    import sizes
    import variational

MODULES = {
    each.__name__: each
    for each in (
        *(alphabet, collapse, composition, convolution, diagnostics, gaussian, mixture),
        *(posteriors, priors, published, sizes, variational),
    )
}
AB = alphabet.Alphabet("ab")  # and the unknown one: three symbols
PLACES = 2
TEXTS = list(itertools.product(range(AB.size), repeat=PLACES))
PRIORS = ("gaussian", "mixture", "bigram", "chain", "memory", "nested")


def make_prior(kind: str, size: int = 1, mixtures: int = 2) -> nn.Module:
    weighted = kind in ("gaussian", "mixture", "bigram")  # the others' weights depend on the past
    mixed = mixture.MixturePrior(1 if kind == "gaussian" else mixtures, size, weighted)
    if kind in ("gaussian", "mixture"):
        return priors.Independent(mixed)
    if kind == "bigram":
        return priors.Bigram(mixed)
    if kind == "chain":
        return priors.Chain(mixed, priors.Window(size, 4, order=1), 4)
    if kind == "memory":
        return priors.Chain(mixed, priors.Memory(size, 4), 4)
    inner = priors.Independent(mixture.MixturePrior(2, size))
    return priors.Nested(mixed, inner, stack(size), stack(size), posteriors.OwnPrecision(size))


def stack(size: int = 1, depth: int = 1) -> nn.Module:
    return convolution.ConvolutionStack(size, depth, 3, True, False, "before")


def make(prior: str = "mixture", posterior: str = "SharedPrecision", seed: int = 0, **own):
    """A model in float64 with weights large enough to show; every text has PLACES characters."""
    size, kind = own.pop("size", 1), own.pop("kind", variational.VariationalModel)
    layers = own.pop("layers", None) or (stack(size), stack(size))
    options = (3,) if posterior == "MixturePosterior" else ()
    torch.manual_seed(seed)
    q = getattr(posteriors, posterior)(size, *options)
    model = kind(AB, size, make_prior(prior, size), *layers, q, **own).double()
    for name, parameter in model.named_parameters():
        if "log_precision" not in name:
            nn.init.normal_(parameter, std=0.8)
    with torch.no_grad():
        model.embedding.weight[:3, 0] = torch.tensor([1.5, -1.5, 0.3])
        for name, parameter in model.posterior.named_parameters():
            if name in ("log_precision", "log_precision.bias"):
                parameter.fill_(-1.0)  # q reaches everywhere where the prior does
    return only_length(model, PLACES)


def only_length(model: nn.Module, length: int) -> nn.Module:
    """The same model, for which every text has this length for certain."""
    model.lengths.counts.zero_()
    model.lengths.counts[length] = 1.0
    return model


def batch_of(*texts) -> alphabet.Batch:
    return alphabet.collate([list(text) for text in texts], AB)


def exact(model, text) -> Tensor:
    """log p(text) by a sum over a grid of all its latents, from -14 to 14 each; only for PLACES."""
    step = 0.25
    line = torch.arange(-14, 14, step, dtype=torch.float64)
    z = torch.cartesian_prod(line, line)[:, None, :, None]  # (N, 1, PLACES, 1)
    batch = batch_of(text)
    log_joint = model.log_likelihood(z, batch) + model.prior.log_prob(z, batch.mask)
    return log_joint.sum(dim=2).logsumexp(0).squeeze() + PLACES * np.log(step)


def expected_elbo(model, text) -> Tensor:
    """The ELBO of one text, the mean over q by Gauss and Hermite's rule; gradients go through."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    pairs = torch.cartesian_prod(*[torch.from_numpy(nodes)] * PLACES)  # (N, PLACES)
    own = torch.cartesian_prod(*[torch.from_numpy(weights)] * PLACES).prod(dim=1)
    batch = batch_of(text)
    mean, log_precision = model.posterior.gaussian(model.encode(batch))
    z = gaussian.reparameterise(mean, log_precision, pairs[:, None, :, None])  # (N, 1, PLACES, 1)
    log_q = gaussian.gaussian_log_prob(z, mean, log_precision)
    terms = (model.log_likelihood(z, batch), model.prior.log_prob(z, batch.mask), log_q)
    values = gaussian.elbo(*terms, batch.mask).squeeze(1)  # (N,)
    return (values * own / own.sum()).sum()


def mean_and_error(values: Tensor) -> tuple[float, float]:
    """The mean of independent values and four times its standard error."""
    return values.mean().item(), 4 * values.std().item() / len(values) ** 0.5
