"""A finetuned model in a folder, and back. Given code: there is nothing to write here.

model.safetensors    the weights of BERT and of the heads
model.json           the sizes, and which model it is
vocab.txt            the vocabulary
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import heads
from classifier import BertSentimentClassifier
from config import BertConfig
from tokenizer import BertTokenizer
from torch import nn

from course import checkpoints
from course.errors import UserError
from course.files import is_file, make_folder, read_text, write_aside

SETTINGS, WEIGHTS, VOCAB = "model.json", "model.safetensors", "vocab.txt"


def build(config: Any) -> nn.Module:
    """The model of `config.tasks`: three are MultitaskBERT's, one is the sentiment classifier's."""
    return heads.build(config) if len(config.tasks) > 1 else BertSentimentClassifier(config)


def save(folder: Path, model: nn.Module, config: BertConfig, tokenizer: BertTokenizer) -> None:
    """Write the model. Raises UserError if the folder cannot be written."""
    checkpoints.save_weights(folder / WEIGHTS, model)
    described = json.dumps(config.to_dict(), indent=2) + "\n"
    vocab = "".join(f"{piece}\n" for piece in tokenizer.vocab)
    try:
        make_folder(folder)
        for name, text in ((SETTINGS, described), (VOCAB, vocab)):
            with write_aside(folder / name) as file:
                file.write(text.encode())
    except OSError as error:
        raise UserError(f"cannot write {folder}: {error.strerror or error}") from error


def load(folder: Path) -> tuple[nn.Module, BertConfig, BertTokenizer]:
    """Read a model that `save` wrote. Raises UserError if the folder does not hold one."""
    for name in (SETTINGS, WEIGHTS, VOCAB):
        if not is_file(folder / name):
            raise UserError(f"{folder} has no {name}: name the model folder of a finished run")
    try:
        values = json.loads(read_text(folder / SETTINGS))
        config = BertConfig(**(values | {"pretrained": None}))
        model = build(config)
    except (AttributeError, TypeError, ValueError) as error:
        raise UserError(f"{folder / SETTINGS} does not describe a model: {error}") from error
    checkpoints.load_into(model, folder / WEIGHTS)
    return model, config, BertTokenizer(_pieces(folder / VOCAB))


def _pieces(path: Path) -> Sequence[str]:
    return read_text(path).removesuffix("\n").split("\n")
