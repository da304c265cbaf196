"""How large a model of the family is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """The sizes that models have in common; most models need only some of them."""

    embed_size: int = 64  # E, of a character's vector, or of a latent
    hidden_size: int = 256  # H, of a state
    mixtures: int = 4  # K: softmaxes of an output, components of a prior, or words
    depth: int = 3  # D, layers
    kernel: int = 5  # places that one convolution sees, odd
    width: int = 20  # characters of the longest segment
    steps: int = 100  # levels of noise
    samples: int = 1  # W, draws of the latents for each sequence in training
