"""a4's models in folders."""

from __future__ import annotations

import pytest
import torch

from course.errors import UserError
from tests.assignments.a4.definitions import (
    MODULES,
    PROJECT,
    SOURCES,
    TARGETS,
    close,
    make,
    nmt_model,
    saved,
    subwords,
    vocab,
)
from tests.flat import kept_in_place

_project = kept_in_place(MODULES, PROJECT)


@pytest.mark.parametrize("kind", nmt_model.ATTENTIONS)
def test_a_saved_model_comes_back_as_it_was(tmp_path, kind):
    model = make(kind, dropout_rate=0.3).float()
    model.save(tmp_path / "model")
    names = {path.name for path in (tmp_path / "model").iterdir()}
    assert names == {"model.safetensors", "model.json", "vocab.json"}
    back = nmt_model.NMT.load(tmp_path / "model")
    assert not back.training and back.dropout_rate == 0.3
    close(back(SOURCES, TARGETS), model(SOURCES, TARGETS))


def with_pieces(folder):
    """A model saved with what makes pieces of text, and these."""
    texts = [["ab cd", "ba"], ["xy yx", "x"]]
    source, target = (subwords.Subwords.train(text, "character", 20) for text in texts)
    entries = (vocab.VocabEntry(pieces.words) for pieces in (source, target))
    model = nmt_model.NMT(3, 4, vocab.Vocab(*entries))
    saved.save(folder, model, source, target)
    return model, source, target


def test_a_model_is_saved_with_its_pieces(tmp_path):
    model, source, target = with_pieces(tmp_path)
    back = saved.load(tmp_path)
    assert back.source.encode("abd") == source.encode("abd")
    assert back.target.words == target.words == back.model.vocab.tgt.words
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, back.model.state_dict()[name])


def rename(folder, old: str, new: str) -> None:
    """Put another file in the place of `new`."""
    (folder / new).write_bytes((folder / old).read_bytes())


def replaced(name: str, old: str, new: str):
    def spoil(folder) -> None:
        text = (folder / name).read_text(encoding="utf-8")
        assert old in text
        (folder / name).write_text(text.replace(old, new), encoding="utf-8")

    return spoil


SPOILT = {
    "has no vocab.json": lambda folder: (folder / "vocab.json").unlink(),
    "another vocabulary": replaced("vocab.json", '"x"', '"z"'),
    "other pieces than the vocabulary": lambda folder: rename(folder, "src.json", "tgt.json"),
    "is not a tokenizer": lambda folder: (folder / "src.json").write_text("{}"),
    "not JSON": lambda folder: (folder / "model.json").write_text("{"),
    "does not describe a model": replaced("model.json", "embed_size", "emb"),
    "hidden_size is 0, not above 0": replaced("model.json", '"hidden_size": 4', '"hidden_size": 0'),
    "attention 'dot'": replaced("model.json", "multiplicative", "dot"),
    "tensor .* has shape": replaced("model.json", '"hidden_size": 4', '"hidden_size": 5'),
    "broken": lambda folder: (folder / "model.safetensors").write_bytes(b"x"),
}


@pytest.mark.parametrize("message", SPOILT)
def test_a_folder_that_holds_no_whole_model_is_a_users_error(tmp_path, message):
    with_pieces(tmp_path)
    SPOILT[message](tmp_path)
    with pytest.raises(UserError, match=message):
        saved.load(tmp_path)
