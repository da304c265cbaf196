"""Text to pieces and back, learned from the training side alone. Nothing to write here.

    source = Subwords.train(texts, "bpe", size=8000)
    source.encode("ein Hund")  # ["▁ein", "▁Hund"]
    vocab_entry = VocabEntry(source.words)

Pieces are parts of words by byte pair encoding (Sennrich et al., "Neural Machine Translation of
Rare Words with Subword Units", 2016), whole words, or characters. A space is the character "▁" as
in SentencePiece, here always the first of a word, so that the pieces side by side are the text
again. Punctuation is apart from words.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from vocab import END, PAD, SPECIALS, START, UNKNOWN

from course.errors import UserError
from course.files import read_text, write_all

# A unigram model is not among them: trained twice on the same text, it has other pieces.
KINDS = ("bpe", "word", "character")
SPACE = "▁"


class Subwords:
    """One language's pieces. Made by `train` or `load`.

    words: all pieces in order, the special ones first, as a VocabEntry wants them.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer  # a tokenizers.Tokenizer
        places = tokenizer.get_vocab()
        self.words: list[str] = sorted(places, key=places.__getitem__)

    @classmethod
    def train(cls, texts: Iterable[str], kind: str = "bpe", size: int = 8000) -> Subwords:
        """Learn at most `size` pieces, the special ones among them, from texts.

        kind: one of KINDS. Raises UserError for another, or if a size leaves no room for a piece.
        """
        if kind not in KINDS:
            raise UserError(f"{kind!r} is not a kind of pieces: choose from {', '.join(KINDS)}")
        if size <= len(SPECIALS):
            raise UserError(f"a vocabulary of {size} has no room: more than {len(SPECIALS)}")
        texts = list(texts)
        spaced = 2 * sum(" " in text for text in texts) > len(texts)
        tokenizer = _untrained(kind, spaced)
        tokenizer.train_from_iterator(texts, _trainer(kind, size))
        return cls(tokenizer)

    def encode(self, text: str) -> list[str]:
        """The text's pieces; "<unk>" stands for what the training side did not have."""
        return list(self._tokenizer.encode(text).tokens)

    def encode_batch(self, texts: Sequence[str]) -> list[list[str]]:
        """`encode` of each text."""
        return [each.tokens for each in self._tokenizer.encode_batch(list(texts))]

    def decode(self, pieces: Iterable[str]) -> str:
        """The text of pieces, without <pad>, <s> and </s>."""
        text = "".join(piece for piece in pieces if piece not in (PAD, START, END))
        return text.replace(SPACE, " ").strip()

    def unknown(self, text: str) -> list[str]:
        """The parts of a text that only "<unk>" can stand for, in order."""
        encoded = self._tokenizer.encode(text)
        parts = zip(encoded.tokens, encoded.offsets, strict=True)
        return [text[first:last].strip() for piece, (first, last) in parts if piece == UNKNOWN]

    def save(self, path: Path) -> None:
        """Write it as JSON, in the format of `tokenizers`."""
        write_all(path.parent, {path.name: self._tokenizer.to_str(pretty=True).encode() + b"\n"})

    @classmethod
    def load(cls, path: Path) -> Subwords:
        """Read what `save` wrote. Raises UserError for another file."""
        from tokenizers import Tokenizer

        text = read_text(path)
        try:
            return cls(Tokenizer.from_str(text))
        except Exception as error:  # tokenizers raises Exception itself
            raise UserError(f"{path} is not a tokenizer in JSON: {error}") from error


def _untrained(kind: str, spaced: bool) -> Any:
    """spaced: whether words are written apart, so that each begins with a space, the first too."""
    from tokenizers import Regex, Tokenizer, models
    from tokenizers import pre_tokenizers as pre

    model = (models.BPE if kind == "bpe" else models.WordLevel)(unk_token=UNKNOWN)
    scheme = "always" if spaced else "never"
    if kind == "character":
        apart = pre.Split(Regex("."), "isolated")
    else:
        apart = pre.Punctuation("isolated")
    tokenizer = Tokenizer(model)
    spaces = pre.Metaspace(replacement=SPACE, prepend_scheme=scheme, split=kind != "character")
    tokenizer.pre_tokenizer = pre.Sequence([spaces, apart])
    return tokenizer


def _trainer(kind: str, size: int) -> Any:
    from tokenizers import trainers

    options = {"vocab_size": size, "special_tokens": list(SPECIALS), "show_progress": False}
    if kind == "bpe":
        return trainers.BpeTrainer(limit_alphabet=size - len(SPECIALS), **options)
    return trainers.WordLevelTrainer(**options)
