"""WordPiece: from text to the ids that BERT reads. Given code: there is nothing to write here.

    tokenizer = BertTokenizer.from_pretrained("minilm")
    batch = tokenizer(["A sentence.", "Another, longer one."])  # {"input_ids": (2, T), ...}
    batch = tokenizer(["How old are you?"], ["What is your age?"])  # [CLS] a [SEP] b [SEP]

The splitting into words, and of words into pieces, is BERT's (Devlin et al., 2019, and the code
published with it), done by Hugging Face's `tokenizers`; a vocabulary file has one piece a line.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import torch
import weights
from torch import Tensor

from course.errors import UserError
from course.files import read_text

PAD, UNKNOWN, CLS, SEP, MASK = SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
MAX_LENGTH = 512  # BERT has no more positions
MAX_LETTERS = 100  # BERT's: a longer word is [UNK]


class BertTokenizer:
    """The ids of texts, for one vocabulary.

    vocab: {piece: id}. pad_id, unk_id, cls_id, sep_id, mask_id: the special pieces' ids.
    """

    def __init__(self, vocab_file: Path | str | Sequence[str], lowercase: bool = True) -> None:
        """vocab_file: a file with one piece a line, or the pieces themselves.

        lowercase: whether to drop case and accents. Raises UserError for a file that cannot be
        read, a piece that comes twice, or a vocabulary without the special pieces.
        """
        pieces, source = _pieces(vocab_file)
        self.vocab = {piece: number for number, piece in enumerate(pieces)}
        _check(pieces, self.vocab, source)
        ids = (self.vocab[piece] for piece in SPECIAL)
        self.pad_id, self.unk_id, self.cls_id, self.sep_id, self.mask_id = ids
        self._pieces = pieces
        self._tokenizer = _build(self.vocab, lowercase)

    @classmethod
    def from_pretrained(cls, name_or_path: str | Path) -> BertTokenizer:
        """The tokenizer of the weights in a local folder, on the hub, or in `minilm`."""
        folder = weights.find(name_or_path)
        lowercase = True
        settings = folder / "tokenizer_config.json"
        if settings.is_file():
            lowercase = bool(json.loads(read_text(settings)).get("do_lower_case", True))
        return cls(folder / weights.VOCAB_FILE, lowercase)

    @property
    def vocab_size(self) -> int:
        return len(self.vocab)

    def __call__(
        self,
        texts: Sequence[str],
        pairs: Sequence[str] | None = None,
        max_length: int = MAX_LENGTH,
    ) -> dict[str, Tensor]:
        """A padded batch: input_ids, attention_mask (1 at real tokens) and token_type_ids.

        Each is (b, T) long, with T the longest's length, at most max_length. With `pairs`, row i is
        the pair of texts[i] and pairs[i].
        """
        ids, types = self.encode_batch(texts, pairs, max_length)
        return self.pad(ids, types)

    def encode_batch(
        self,
        texts: Sequence[str],
        pairs: Sequence[str] | None = None,
        max_length: int = MAX_LENGTH,
    ) -> tuple[list[list[int]], list[list[int]]]:
        """The ids and the types of each text, or of each pair, without padding.

        Of a pair that is too long, the longer sentence is shortened first.
        """
        if pairs is not None and len(pairs) != len(texts):
            raise ValueError(f"{len(texts)} texts but {len(pairs)} pairs")
        self._tokenizer.enable_truncation(max_length, strategy="longest_first")
        rows = list(texts) if pairs is None else list(zip(texts, pairs, strict=True))
        encoded = self._tokenizer.encode_batch(rows)
        return [each.ids for each in encoded], [each.type_ids for each in encoded]

    def pad(self, ids: list[list[int]], types: list[list[int]] | None = None) -> dict[str, Tensor]:
        """A batch, as from calling the tokenizer, of rows that `encode_batch` made."""
        size = (len(ids), max(map(len, ids), default=0))
        batch = {
            "input_ids": torch.full(size, self.pad_id),
            "attention_mask": torch.zeros(size, dtype=torch.long),
            "token_type_ids": torch.zeros(size, dtype=torch.long),
        }
        for row, own in enumerate(ids):
            batch["input_ids"][row, : len(own)] = torch.tensor(own)
            batch["attention_mask"][row, : len(own)] = 1
            if types is not None:
                batch["token_type_ids"][row, : len(own)] = torch.tensor(types[row])
        return batch

    def tokens(self, ids: Sequence[int]) -> list[str]:
        """The pieces of these ids."""
        return [self._pieces[number] for number in ids]

    def decode(self, ids: Sequence[int]) -> str:
        """The text of these ids, without the special pieces, words separated by blanks."""
        words = [piece for piece in self.tokens(ids) if piece not in SPECIAL]
        return " ".join(words).replace(" ##", "")


def learn_vocab(texts: Iterable[str], vocab_size: int, lowercase: bool = True) -> list[str]:
    """The pieces of a new vocabulary: special ones, every character, then the commonest words.

    At most `vocab_size` pieces, and the same texts always give the same ones, which the training of
    WordPiece in `tokenizers` does not do.
    """
    tokenizer = _build({piece: number for number, piece in enumerate(SPECIAL)}, lowercase)
    counts: Counter[str] = Counter()
    for text in texts:
        normal = tokenizer.normalizer.normalize_str(text)
        counts.update(word for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(normal))
    letters = sorted(set("".join(counts)))
    pieces = [*SPECIAL, *letters, *(f"##{letter}" for letter in letters)]
    words = sorted(counts, key=lambda word: (-counts[word], word))
    return list(dict.fromkeys([*pieces, *words]))[:vocab_size]


def _pieces(vocab: Path | str | Sequence[str]) -> tuple[list[str], str]:
    """The pieces in the order of their ids, and a name for them in messages."""
    if isinstance(vocab, str | Path):
        return read_text(Path(vocab)).removesuffix("\n").split("\n"), str(vocab)
    return list(vocab), "the vocabulary"


def _check(pieces: list[str], vocab: dict[str, int], source: str) -> None:
    missing = [piece for piece in SPECIAL if piece not in vocab]
    if missing:
        raise UserError(f"{source} is not a vocabulary of BERT: it has no {', '.join(missing)}")
    if len(vocab) < len(pieces):
        number, piece = next((n, p) for n, p in enumerate(pieces) if vocab[p] != n)
        raise UserError(f"{source}, line {number + 1}: {piece!r} comes twice")


def _build(vocab: dict[str, int], lowercase: bool) -> Any:
    """A tokenizer of the library, imported here because only commands need it."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    model = models.WordPiece(vocab, unk_token=UNKNOWN, max_input_chars_per_word=MAX_LETTERS)
    tokenizer = Tokenizer(model)
    tokenizer.add_special_tokens(list(SPECIAL))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing((SEP, vocab[SEP]), (CLS, vocab[CLS]))
    return tokenizer
