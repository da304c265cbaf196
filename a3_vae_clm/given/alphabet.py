"""Characters as numbers, and batches of sequences of different lengths."""

from dataclasses import dataclass

import torch

MAX_LENGTH = 99
"""Characters of a line that count; the rest is cut off."""

UNKNOWN = "\ufffd"
"""How a character that is not in the alphabet is shown."""


class Alphabet:
    """The characters of the training side, numbered.

    With C - 1 distinct characters, their codes are 0 .. C - 2 in Unicode's order, and C - 1 stands
    for every other character. C = `size` is the number of symbols that stand for a character. Four
    codes above them stand for none.

    Attributes:
        characters: The known characters, sorted.
        size: C, the characters and the unknown one: the outputs of a model that is told the length.
        unknown: C - 1.
        end: C, after the last character. A model that writes it has C + 1 outputs.
        begin: C + 1, before the first character.
        pad: C + 2, where a sequence is shorter than its batch.
        absorbed: C + 3, a character that noise has wiped out.
        total: C + 4, the rows of an embedding table that knows all of these.
    """

    def __init__(self, characters: str) -> None:
        """Number the distinct characters of a text, which may be in any order."""
        self.characters = "".join(sorted(set(characters) - {UNKNOWN}))
        self.size = len(self.characters) + 1
        self.unknown = self.size - 1
        self.end, self.begin, self.pad, self.absorbed = range(self.size, self.size + 4)
        self.total = self.size + 4
        self._codes = {character: code for code, character in enumerate(self.characters)}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Alphabet) and self.characters == other.characters

    def __hash__(self) -> int:
        return hash(self.characters)

    def __repr__(self) -> str:
        return f"Alphabet({self.characters!r})"

    def encode(self, text: str) -> list[int]:
        """The code of every character."""
        return [self._codes.get(character, self.unknown) for character in text]

    def decode(self, codes: list[int]) -> str:
        """The text of codes up to the first `end`, or the first `pad`.

        An unknown character, and one that was wiped out, is shown as `UNKNOWN`.
        """
        shown = []
        for code in codes:
            if code in (self.end, self.pad):
                break
            if code != self.begin:
                shown.append(self.characters[code] if code < self.unknown else UNKNOWN)
        return "".join(shown)

    def save(self) -> dict[str, str]:
        """A JSON value, for `load`."""
        return {"characters": self.characters}

    @classmethod
    def load(cls, value: dict[str, str]) -> "Alphabet":
        """The alphabet that `save` saved."""
        return cls(value["characters"])


@dataclass(frozen=True)
class Batch:
    """Sequences of characters, padded at their ends.

    Attributes:
        codes: (B, T) long; T is the length of the longest sequence.
        lengths: (B,) long, 0 .. T.
    """

    codes: torch.Tensor
    lengths: torch.Tensor

    @property
    def mask(self) -> torch.Tensor:
        """(B, T) bool, True at characters."""
        places = torch.arange(self.codes.shape[1], device=self.codes.device)
        return places < self.lengths[:, None]

    def with_end(self, alphabet: Alphabet) -> torch.Tensor:
        """(B, T + 1): the characters, `end`, then `pad`: what an autoregressive model predicts."""
        last = self.codes.new_full((len(self.codes), 1), alphabet.pad)
        padded = torch.cat([self.codes, last], dim=1)
        return padded.scatter(1, self.lengths[:, None], alphabet.end)

    def shifted(self, alphabet: Alphabet) -> torch.Tensor:
        """(B, T + 1): `begin` and the characters: what an autoregressive model reads."""
        first = self.codes.new_full((len(self.codes), 1), alphabet.begin)
        return torch.cat([first, self.codes], dim=1)

    def to(self, device: torch.device | str) -> "Batch":
        """The same batch on a device."""
        return Batch(self.codes.to(device), self.lengths.to(device))

    def __len__(self) -> int:
        return len(self.codes)


def collate(sequences: list[list[int]], alphabet: Alphabet) -> Batch:
    """Sequences of codes as a batch.

    >>> batch = collate([[0, 1, 2], [3]], Alphabet("abcd"))
    >>> batch.codes.tolist(), batch.lengths.tolist()
    ([[0, 1, 2], [3, 7, 7]], [3, 1])
    >>> batch.with_end(Alphabet("abcd")).tolist()
    [[0, 1, 2, 5], [3, 5, 7, 7]]
    """
    longest = max((len(sequence) for sequence in sequences), default=0)
    codes = torch.full((len(sequences), longest), alphabet.pad, dtype=torch.long)
    for row, sequence in enumerate(sequences):
        codes[row, : len(sequence)] = torch.tensor(sequence, dtype=torch.long)
    return Batch(codes, torch.tensor([len(sequence) for sequence in sequences], dtype=torch.long))
