"""How large a model of the family is, and which sizes there can be."""

from __future__ import annotations

from dataclasses import dataclass, fields

from course import cli
from course.errors import UserError


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

    def half(self) -> int:
        """Half of hidden_size, the state of each of two GRUs. Raises UserError if that is none."""
        if self.hidden_size < 2:
            raise UserError(
                f"--hidden_size {self.hidden_size}: this model halves it, so it must be at least 2"
            )
        return self.hidden_size // 2


NAMES = tuple(each.name for each in fields(Sizes))
ODD = cli.Rule(lambda value: value % 2 == 1, "it must be odd")
WHOLE = cli.Rule(lambda value: type(value) is int, "it must be a whole number")
RULES: dict[str, cli.Rules] = dict.fromkeys(NAMES, (WHOLE, *cli.positive(8192)))
RULES["kernel"] = (WHOLE, *cli.positive(99), ODD)


def check(sizes: Sizes) -> None:
    """Raise UserError for a size, of whatever type, that breaks its flag's rules."""
    for name in NAMES:
        value = getattr(sizes, name)
        broken = next((rule for rule in RULES[name] if not rule.valid(value)), None)
        if broken:
            raise UserError(f"--{name} {value!r}: {broken.words}")
