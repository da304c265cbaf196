"""Part e: MultitaskBERT and round_robin."""

import pytest
import torch

pytestmark = pytest.mark.part("e")


def multitask(student):
    """A small model for three tasks."""
    sizes = {"hidden_size": 16, "num_attention_heads": 2, "intermediate_size": 24}
    sizes |= {"option": "finetune", "pretrained": None}
    config = student.config.BertConfig.tiny(20, **sizes)
    return student.multitask_classifier.MultitaskBERT(config)


@pytest.mark.points(1)
@pytest.mark.hint("one number per pair; squeeze(-1), so that a batch of one stays a batch")
def test_shapes(student):
    """Five logits for a sentence, one number for a pair of sentences."""
    model = multitask(student).eval()
    for b in (1, 3):
        one, two = torch.randint(1, 20, (b, 5)), torch.randint(1, 20, (b, 7))
        first, second = (one, torch.ones_like(one)), (two, torch.ones_like(two))
        assert model.predict_sentiment(*first).shape == (b, 5)
        for predict in (model.predict_paraphrase, model.predict_similarity):
            shape = tuple(predict(*first, *second).shape)
            assert shape in ((b,), (b, 1)), f"the shape is {shape}, not ({b},) or ({b}, 1)"


@pytest.mark.points(1)
@pytest.mark.hint("encode both sentences, each with its own mask")
def test_padding(student):
    """Padding of the second sentence changes nothing."""
    model = multitask(student).eval()
    one, two = torch.tensor([[1, 5, 6, 2]]), torch.tensor([[1, 7, 2, 9, 9]])
    mask = torch.tensor([[1, 1, 1, 0, 0]])
    for predict in (model.predict_paraphrase, model.predict_similarity):
        with_padding = predict(one, torch.ones_like(one), two, mask)
        without = predict(one, torch.ones_like(one), two[:, :3], mask[:, :3])
        assert torch.allclose(with_padding, without, atol=1e-5), "padding changes the result"


@pytest.mark.points(1)
@pytest.mark.hint("a loader that runs out starts again")
def test_round_robin(student):
    """Two tasks take turns, and the shorter one starts again."""
    loaders = {"sentiment": ["a", "b", "c"], "similarity": ["x"]}
    pairs = [tuple(pair) for pair in student.multitask_classifier.round_robin(loaders, 5)]
    expected = [
        ("sentiment", "a"),
        ("similarity", "x"),
        ("sentiment", "b"),
        ("similarity", "x"),
        ("sentiment", "c"),
    ]
    assert pairs == expected, f"round_robin gives {pairs}"
