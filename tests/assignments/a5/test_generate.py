"""Answers in batches, with keys and values kept, are those of one question at a time."""

import importlib
from types import SimpleNamespace

import pytest
import torch

from tests.flat import flat_imports
from tests.programs import ROOT

A5 = ROOT / "a5_mingpt_perceiver"
MODULES = ("model", "attention", "dataset", "utils", "generate")
QUESTIONS = ("Where was Bo born?", "Where was Bartholomew Cubbins born?", "Who?", "Was Al born?")


@pytest.fixture(scope="module")
def a5():
    torch.set_num_threads(1)
    with flat_imports(A5 / "solution", A5 / "given"):
        yield SimpleNamespace(**{name: importlib.import_module(name) for name in MODULES})


@pytest.fixture
def dataset(a5):
    return a5.dataset.CharCorruptionDataset("\n".join(QUESTIONS), 64)


def make_model(a5, dataset, variant: str, seed: int):
    """Random weights far from zero, so that each character changes what follows."""
    torch.manual_seed(seed)
    config = a5.model.GPTConfig(
        dataset.vocab_size,
        64,
        n_layer=4,
        n_head=2,
        n_embd=16,
        perceiver=variant == "perceiver",
        bottleneck_dim=20,
    )
    model = a5.model.GPT(config)
    for parameter in model.parameters():
        parameter.data.add_(0.4 * torch.randn_like(parameter))
    return model.eval()


def one_at_a_time(a5, model, dataset, questions, steps: int) -> list[str]:
    places = []
    for question in questions:
        x = torch.tensor([[dataset.stoi[char] for char in question + a5.dataset.MASK_CHAR]])
        text = "".join(dataset.itos[i] for i in a5.utils.sample(model, x, steps)[0].tolist())
        places.append(text.split(a5.dataset.MASK_CHAR)[1].split(a5.dataset.PAD_CHAR)[0])
    return places


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("variant", ["vanilla", "perceiver"])
def test_cached_answers_are_those_of_sample(a5, dataset, variant, seed, monkeypatch):
    # Questions shorter and longer than the bottleneck, and answers that cross it.
    model = make_model(a5, dataset, variant, seed)
    expected = one_at_a_time(a5, model, dataset, QUESTIONS, 24)
    monkeypatch.setattr(a5.generate, "_write_plain", None)  # not to be called
    assert a5.generate.predict_places(model, dataset, QUESTIONS, 24) == expected


@pytest.mark.parametrize("variant", ["vanilla", "perceiver"])
def test_another_computation_is_sampled_without_a_cache(a5, dataset, variant, monkeypatch):
    model = make_model(a5, dataset, variant, 0)
    block = model.blocks[0]
    block.attn.forward = lambda inputs: 1.5 * type(block.attn).forward(block.attn, inputs)
    expected = one_at_a_time(a5, model, dataset, QUESTIONS, 24)
    monkeypatch.setattr(a5.generate, "_write_cached", None)
    assert a5.generate.predict_places(model, dataset, QUESTIONS, 24) == expected


def test_answers_that_do_not_fit_the_block_are_those_of_sample(a5, dataset):
    model = make_model(a5, dataset, "vanilla", 1)
    expected = one_at_a_time(a5, model, dataset, QUESTIONS, 50)
    assert a5.generate.predict_places(model, dataset, QUESTIONS, 50) == expected
