"""minBERT's model: the same values as transformers' own, and padding that changes nothing."""

from __future__ import annotations

import pytest
import torch

from course.errors import UserError

SENTENCES = ["Good.", "A longer sentence, of eleven words and some commas, too.", "Not bad at all!"]
OTHERS = ["Is it good, or is it only long?", "No.", "It is rather good"]
# float32: sums over 384 or 1,536 terms in a different order, six layers deep.
TOLERANCE = 1e-5


def tiny(minbert, **kwargs):
    torch.manual_seed(1)
    model = minbert.bert.BertModel(minbert.config.BertConfig.tiny(50, **kwargs)).eval()
    for parameter in model.parameters():  # far from the start, where every norm is 1
        parameter.data.add_(0.1 * torch.randn_like(parameter))
    return model


def batch(lengths: list[int]) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(2)
    mask = (torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]).long()
    ids = torch.randint(5, 50, mask.shape, generator=generator)
    types = torch.randint(0, 2, mask.shape, generator=generator)
    return {"input_ids": ids * mask, "attention_mask": mask, "token_type_ids": types * mask}


def compare(ours: dict, theirs, mask: torch.Tensor) -> None:
    real = mask.bool()
    states = ours["last_hidden_state"][real], theirs.last_hidden_state[real]
    torch.testing.assert_close(*states, rtol=0, atol=TOLERANCE)
    pooled = ours["pooler_output"], theirs.pooler_output
    torch.testing.assert_close(*pooled, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("pairs", [None, OTHERS], ids=["sentences", "pairs"])
@torch.no_grad()
def test_minilm_computes_what_transformers_computes(minbert, pairs) -> None:
    """Mixed lengths with padding, and pairs with their types; the two share only the file."""
    transformers = pytest.importorskip("transformers")
    folder = minbert.weights.find("minilm")
    inputs = minbert.tokenizer.BertTokenizer.from_pretrained("minilm")(SENTENCES, pairs)
    assert not inputs["attention_mask"].all()
    assert bool(inputs["token_type_ids"].any()) == bool(pairs)
    ours = minbert.bert.BertModel.from_pretrained("minilm").eval()(**inputs)
    theirs = transformers.BertModel.from_pretrained(folder).eval()(**inputs)
    compare(ours, theirs, inputs["attention_mask"])


@torch.no_grad()
def test_saved_weights_are_read_by_transformers(minbert, tmp_path) -> None:
    transformers = pytest.importorskip("transformers")
    model = tiny(minbert)
    minbert.weights.save(tmp_path, model.config, model.state_dict(), _vocab(50))
    inputs = batch([9, 2, 5])
    theirs = transformers.BertModel.from_pretrained(tmp_path).eval()(**inputs)
    compare(model(**inputs), theirs, inputs["attention_mask"])


def _vocab(size: int) -> list[str]:
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    return special + [f"word{number}" for number in range(size - len(special))]


@torch.no_grad()
def test_padding_changes_nothing(minbert) -> None:
    model, inputs = tiny(minbert), batch([9, 2, 5])
    together = model(**inputs)
    for row, length in enumerate([9, 2, 5]):
        alone = model(**{name: x[row : row + 1, :length] for name, x in inputs.items()})
        states = together["last_hidden_state"][row, :length], alone["last_hidden_state"][0]
        torch.testing.assert_close(*states, rtol=0, atol=TOLERANCE)


@torch.no_grad()
def test_types_default_to_the_first(minbert) -> None:
    model, inputs = tiny(minbert), batch([4, 3])
    inputs["token_type_ids"].zero_()
    expected = model(**inputs)["pooler_output"]
    del inputs["token_type_ids"]
    assert torch.equal(model(**inputs)["pooler_output"], expected)


def test_dropout_lives_in_training_only(minbert) -> None:
    model = tiny(minbert, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.5)
    inputs = batch([6, 6])
    assert torch.equal(model(**inputs)["pooler_output"], model(**inputs)["pooler_output"])
    model.train()
    assert not torch.equal(model(**inputs)["pooler_output"], model(**inputs)["pooler_output"])


def test_an_override_changes_the_configuration(minbert) -> None:
    model = minbert.bert.BertModel.from_pretrained("minilm", hidden_dropout_prob=0.3)
    assert model.embed_dropout.p == model.bert_layers[5].out_dropout.p == 0.3
    assert model.bert_layers[0].self_attention.dropout.p == 0.1


def test_an_override_that_does_not_fit_is_one_line(minbert) -> None:
    with pytest.raises(
        UserError, match=r"minilm does not fit the model; tensors unexpected: "
    ) as e:
        minbert.bert.BertModel.from_pretrained("minilm", num_hidden_layers=5)
    assert "bert_layers.5.attention_dense.bias (384,)" in str(e.value)
    assert "and 11 more" in str(e.value)


def test_fresh_weights_are_berts(minbert) -> None:
    torch.manual_seed(3)
    model = minbert.bert.BertModel(minbert.config.BertConfig.tiny(5000))
    assert abs(model.word_embedding.weight.std().item() - 0.02) < 1e-4
    assert model.bert_layers[0].interm_dense.bias.abs().max() == 0
    assert model.embed_layer_norm.weight.eq(1).all()


def test_heads_that_do_not_divide_the_width_are_refused(minbert) -> None:
    with pytest.raises(ValueError, match="64 is not a multiple of 5"):
        minbert.bert.BertModel(minbert.config.BertConfig.tiny(9, num_attention_heads=5))


def test_a_configuration_lists_all_its_values(minbert) -> None:
    config = minbert.config.BertConfig.tiny(9, hidden_dropout_prob=0.0)
    values = config.to_dict()
    assert values["hidden_size"] == 64
    assert values["type_vocab_size"] == 2
    assert config.replace(hidden_size=32).hidden_size == 32
    assert config.hidden_size == 64


def test_the_mask_is_added_to_the_scores(minbert) -> None:
    mask = minbert.utils.get_extended_attention_mask(torch.tensor([[1, 1, 0]]))
    assert mask.shape == (1, 1, 1, 3)
    assert mask.flatten().tolist() == [0, 0, -10000]
