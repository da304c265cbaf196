"""From text to pairs (x, y) of characters: span corruption to pretrain on, questions to finetune.

`CharCorruptionDataset.__getitem__` is yours to write (part e); `NameDataset` is given. Span
corruption follows Raffel et al., "Exploring the Limits of Transfer Learning with a Unified
Text-to-Text Transformer" (2020), with one span per document and characters as tokens.
"""

from __future__ import annotations

import random

import torch
from torch import Tensor
from torch.utils.data import Dataset

PAD_CHAR = "\u25a1"  # fills the rest of a block; index 0
MASK_CHAR = "\u2047"  # marks where a span was taken out; index 1


class CharCorruptionDataset(Dataset):
    """Documents, one per line, each with a span taken out and moved to the end.

    The vocabulary is PAD, MASK and then the text's characters in order. `stoi` maps a character
    to its index and `itos` an index to its character. `shortest`, `longest` and `span_share` say
    how a document is corrupted; run.py's options change them.
    """

    def __init__(self, data: str, block_size: int) -> None:
        for char in (PAD_CHAR, MASK_CHAR):
            if char in data:
                raise ValueError(f"the text contains {char!r}, which is reserved")
        chars = [PAD_CHAR, MASK_CHAR, *sorted(set(data))]
        self.MASK_CHAR = MASK_CHAR
        self.PAD_CHAR = PAD_CHAR
        self.stoi = {char: index for index, char in enumerate(chars)}
        self.itos = dict(enumerate(chars))
        self.block_size = block_size
        self.vocab_size = len(chars)
        self.data = data.split("\n")
        self.shortest = 4  # characters that are kept of a document, at least
        self.longest = int(block_size * 7 / 8)  # and at most
        self.span_share = 1 / 4  # of what was kept, the mean length of the span

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, idx: int) -> tuple[Tensor, Tensor]:
        """Document `idx`, corrupted anew at each call. Draws from `random`.

        Returns x and y, both long of shape (block_size - 1,): y is x shifted by one character.
        """
        # TODO(e): return (x, y), two long tensors of shape (block_size - 1,).
        # 1. Keep a random number of the document's first characters, from self.shortest (4) to
        #    self.longest, each number alike (a shorter document: all that it has).
        # 2. Take a span out of what was kept, document = prefix + masked_content + suffix. Its
        #    length varies and is on average self.span_share (a quarter) of what was kept.
        # 3. string = prefix + MASK + suffix + MASK + masked_content + PADs, block_size long.
        # 4. x is the string's indices but the last, y all but the first.
        # Documents of fewer than 4 characters, empty ones too, take part without an error.
        ### BEGIN SOLUTION
        document = self.data[idx][: random.randint(self.shortest, self.longest)]
        # Uniform on 1 .. 2m - 1 has mean m; m is the mean that is wanted, rounded by chance.
        mean = int(len(document) * self.span_share + random.random())
        span = random.randint(1, 2 * mean - 1) if mean else 0
        start = random.randint(0, len(document) - span)
        prefix, content = document[:start], document[start : start + span]
        suffix = document[start + span :]

        string = prefix + MASK_CHAR + suffix + MASK_CHAR + content
        string += PAD_CHAR * (self.block_size - len(string))
        indices = torch.tensor([self.stoi[char] for char in string])  # long, (block_size,)
        return indices[:-1], indices[1:]
        ### END SOLUTION


class NameDataset(Dataset):
    """Questions with their answers, one per line, separated by TAB. Given.

    x is question + MASK + answer + MASK + PADs without the last character; y is x shifted by one
    character, with PAD over the question, so that only the answer counts in the loss.
    All letters are kept: many of the embedded people's names differ only in one that is not ASCII.
    """

    def __init__(self, pretraining_dataset: CharCorruptionDataset, data: str) -> None:
        self.MASK_CHAR = MASK_CHAR
        self.PAD_CHAR = PAD_CHAR
        self.stoi = pretraining_dataset.stoi
        self.itos = pretraining_dataset.itos
        self.block_size = pretraining_dataset.block_size
        self.vocab_size = pretraining_dataset.vocab_size
        self.data = [line for line in data.split("\n") if line]

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, idx: int) -> tuple[Tensor, Tensor]:
        """Returns x and y, both long of shape (block_size - 1,)."""
        question, answer = self.data[idx].split("\t")
        x = question + MASK_CHAR + answer + MASK_CHAR
        x += PAD_CHAR * (self.block_size - len(x))
        y = PAD_CHAR * (len(question) - 1) + x[len(question) :]
        x_indices = torch.tensor([self.stoi[char] for char in x[:-1]], dtype=torch.long)
        y_indices = torch.tensor([self.stoi[char] for char in y], dtype=torch.long)
        return x_indices, y_indices
