"""Pieces of text to numbers and back. Given code: there is nothing to write here.

A piece is what one embedding stands for: a part of a word, a whole word or a character. Each
language has a `VocabEntry`; the two together are a `Vocab`, which is what a model is made from.

    vocab = Vocab(VocabEntry([*SPECIALS, "三", "点"]), VocabEntry([*SPECIALS, "three", "o'clock"]))
    vocab.src.to_input_tensor([["三", "点"], ["三"]])  # (2, 2), one column for each sentence
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor
from utils import pad_sents

from course.errors import UserError
from course.files import read_text, write_all

PAD, START, END, UNKNOWN = SPECIALS = ("<pad>", "<s>", "</s>", "<unk>")
PAD_ID, START_ID, END_ID, UNKNOWN_ID = range(len(SPECIALS))


class VocabEntry:
    """One language's pieces. A piece's index is its place in `words`; the four special ones, which
    are `SPECIALS`, come first.

    Raises UserError for a list that does not begin with them, or has the same piece twice.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self.words = list(words)
        self.word2id = {word: index for index, word in enumerate(self.words)}
        if tuple(self.words[: len(SPECIALS)]) != SPECIALS:
            raise UserError(
                f"a vocabulary begins with {', '.join(SPECIALS)}; this one with {self.words[:4]}"
            )
        if len(self.word2id) < len(self.words):
            twice = next(word for i, word in enumerate(self.words) if self.word2id[word] != i)
            raise UserError(f"the vocabulary has {twice!r} twice: each piece may stand once")

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: str) -> bool:
        return word in self.word2id

    def __getitem__(self, word: str) -> int:
        """The piece's index; that of <unk> if it is not in the vocabulary."""
        return self.word2id.get(word, UNKNOWN_ID)

    def words2indices(self, sents: Sequence[Sequence[str]]) -> list[list[int]]:
        """The indices of each sentence's pieces."""
        return [[self[word] for word in sent] for sent in sents]

    def indices2words(self, indices: Sequence[int]) -> list[str]:
        """The pieces of one sentence."""
        return [self.words[index] for index in indices]

    def to_input_tensor(
        self, sents: Sequence[Sequence[str]], device: torch.device | str = "cpu"
    ) -> Tensor:
        """Sentences as columns, padded with 0: (max_len, b) long."""
        rows = pad_sents(self.words2indices(sents), PAD_ID)
        return torch.tensor(rows, dtype=torch.long, device=device).t().contiguous()


class Vocab:
    """The two languages of a model: `src`, which it reads, and `tgt`, which it writes."""

    def __init__(self, src: VocabEntry, tgt: VocabEntry) -> None:
        self.src, self.tgt = src, tgt

    def save(self, path: Path) -> None:
        """Write both as JSON. Raises UserError if the file cannot be written."""
        content = {"src": self.src.words, "tgt": self.tgt.words}
        text = json.dumps(content, ensure_ascii=False, indent=0) + "\n"
        write_all(path.parent, {path.name: text.encode()})

    @classmethod
    def load(cls, path: Path) -> Vocab:
        """Read what `save` wrote. Raises UserError for a file that is no vocabulary."""
        try:
            content = json.loads(read_text(path))
            src, tgt = content["src"], content["tgt"]
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(f'{path} is no vocabulary: JSON with "src" and "tgt"') from error
        for words in (src, tgt):
            if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
                raise UserError(f'{path} is no vocabulary: "src" and "tgt" must be lists of texts')
        return cls(VocabEntry(src), VocabEntry(tgt))
