"""The gradient with which the notes trained DLM112 to 128, to show what it does. Not to be used.

They drew z by reparameterisation, so that the gradient of log p(x | z) + log p(z) - log q(z | x)
already is that of the bound, and then added the term that belongs to samples that are not
reparameterised: the bound's value times the gradient of log q(z | x). With such samples log q has
only one gradient left, 1/2 for the logarithm of each precision. The value is some -200 nats, so
every step lowers the precision, by far more than the right gradient could raise it; in the notes
only a clip, sigma <= 2.5, ended that.
"""

from __future__ import annotations

from alphabet import Batch
from gaussian import elbo
from torch import Tensor
from variational import VariationalModel


class PublishedGradient(VariationalModel):
    """A VariationalModel that trains with the notes' gradient; its bound is as valid as any."""

    def loss(self, batch: Batch) -> Tensor:
        """A surrogate: its gradient is the notes', its value means nothing."""
        likelihood, prior, posterior = self.terms(batch, self.samples)  # (W, B, T) each
        bounds = elbo(likelihood, prior, posterior, batch.mask)  # (W, B)
        log_q = posterior.masked_fill(~batch.mask, 0.0).sum(dim=2)  # (W, B)
        return -(bounds + bounds.detach() * log_q).mean()
