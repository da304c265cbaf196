"""A prior of K Gaussians over each latent, and its bigram variant. Part (d).

With one Gaussian as the prior every character's latent has to lie in the same cloud; with a mixture
each kind of character may have a cloud of its own. Tomczak and Welling, "VAE with a VampPrior"
(2018), compare such priors.

Letters in the shapes: K components, E numbers of one latent, B batch, T places.
"""

from __future__ import annotations

import torch
from gaussian import gaussian_log_prob
from torch import Tensor, nn
from torch.nn import functional as F


class MixturePrior(nn.Module):
    """p(z) = sum_k pi_k N(z; means[k], 1 / precisions), with pi = softmax(logits).

    learn_weights: whether the logits are trained; if not, all components weigh the same.
    """

    def __init__(self, mixtures: int, embed_size: int, learn_weights: bool = False) -> None:
        super().__init__()
        # TODO(d): parameters means (K, E), drawn from N(0, I), and log_precisions (E,), zeros,
        # which all components share; logits (K,), zeros: a parameter if learn_weights, else a
        # buffer.
        ### BEGIN SOLUTION
        self.means = nn.Parameter(torch.randn(mixtures, embed_size))
        self.log_precisions = nn.Parameter(torch.zeros(embed_size))
        if learn_weights:
            self.logits = nn.Parameter(torch.zeros(mixtures))
        else:
            self.register_buffer("logits", torch.zeros(mixtures))
        ### END SOLUTION

    def component_log_probs(self, z: Tensor) -> Tensor:
        """The log-density of z under each component, without its weight.

        z: (.., E). Returns (.., K).
        """
        # TODO(d): return (.., K): log N(z; means[k], 1 / precisions) for each k.
        ### BEGIN SOLUTION
        return gaussian_log_prob(z.unsqueeze(-2), self.means, self.log_precisions)
        ### END SOLUTION

    def log_prob(self, z: Tensor) -> Tensor:
        """The log-density of z under the mixture. z: (.., E). Returns (..)."""
        # TODO(d): return (..): log sum_k pi_k N(z; means[k], 1 / precisions), also where every
        # component's density is too small for exp.
        ### BEGIN SOLUTION
        weighted = F.log_softmax(self.logits, dim=0) + self.component_log_probs(z)  # (.., K)
        return weighted.logsumexp(dim=-1)
        ### END SOLUTION

    def responsibilities(self, z: Tensor) -> Tensor:
        """How likely each component is to have made z: p(k | z). z: (.., E). Returns (.., K)."""
        # TODO(d): return (.., K): the probability of each component given z; they sum to 1.
        ### BEGIN SOLUTION
        return (self.logits + self.component_log_probs(z)).softmax(dim=-1)
        ### END SOLUTION

    @torch.no_grad()
    def sample(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        """Draws from the mixture, each with a component of its own. Returns (*shape, E).

        generator: where all the random numbers come from, on the parameters' device.
        """
        # TODO(d): return (*shape, E): a component drawn by its weight, then a draw from it.
        ### BEGIN SOLUTION
        count = torch.Size(shape).numel()
        weights = self.logits.softmax(dim=0)  # (K,)
        chosen = torch.multinomial(weights, count, replacement=True, generator=generator)
        means = self.means[chosen]  # (count, E)
        noise = torch.randn(
            means.shape, generator=generator, dtype=means.dtype, device=means.device
        )
        draws = means + noise * (-0.5 * self.log_precisions).exp()
        return draws.view(*shape, -1)
        ### END SOLUTION


def bigram_log_prob(prior: MixturePrior, linear: nn.Linear, z: Tensor) -> Tensor:
    """The log-density of each latent when the one before it may say what it is.

    Component 0 moves: at place t >= 1 its mean is linear(z at t - 1); at place 0 it is means[0].
    The others, the weights and the precisions are those of the prior.
    linear: E -> E. z: (B, T, E), or with more dimensions in front. Returns (B, T).
    """
    # TODO(d): return (B, T): log sum_k pi_k N(z_t; mean_k, 1 / precisions), where mean_0 depends on
    # the latent before.
    ### BEGIN SOLUTION
    first = prior.means[0].expand_as(z[..., :1, :])  # (B, 1, E)
    moving = torch.cat((first, linear(z[..., :-1, :])), dim=-2)  # (B, T, E)
    of_first = gaussian_log_prob(z, moving, prior.log_precisions).unsqueeze(-1)  # (B, T, 1)
    of_others = prior.component_log_probs(z)[..., 1:]  # (B, T, K - 1)
    densities = torch.cat((of_first, of_others), dim=-1)  # (B, T, K)
    return (F.log_softmax(prior.logits, dim=0) + densities).logsumexp(dim=-1)
    ### END SOLUTION
