"""Part d: BertSentimentClassifier."""

import pytest
import torch

pytestmark = pytest.mark.part("d")


def classifier(student, **changes):
    """A small classifier of three labels."""
    sizes = {"hidden_size": 16, "num_attention_heads": 2, "intermediate_size": 24}
    sizes |= {"option": "finetune", "num_labels": 3, "pretrained": None}
    config = student.config.BertConfig.tiny(20, **sizes | changes)
    return student.classifier.BertSentimentClassifier(config)


@pytest.mark.points(1)
@pytest.mark.hint("the linear layer on the pooler's output: no softmax")
def test_logits(student):
    """The logits are (b, num_labels), the same for a sentence with padding and without."""
    model = classifier(student).eval()
    ids, mask = torch.tensor([[1, 7, 2, 0], [1, 3, 9, 2]]), torch.tensor([[1, 1, 1, 0], [1] * 4])
    logits = model(ids, mask)
    assert logits.shape == (2, 3), f"the shape is {tuple(logits.shape)}, not (2, 3)"
    alone = model(ids[:1, :3], mask[:1, :3])
    assert torch.allclose(alone, logits[:1], atol=1e-5), "padding changes the logits"
    sums = logits.sum(-1)
    assert not torch.allclose(sums, torch.ones(2)), "each row sums to 1: is there a softmax?"
    for parameter in model.bert.pooler_dense.parameters():
        torch.nn.init.zeros_(parameter)  # now the pooler's output is 0 for every sentence
    first, second = model(ids, mask)
    assert torch.allclose(first, second, atol=1e-5), "the logits depend on more than pooler_output"


@pytest.mark.points(1)
@pytest.mark.hint("for parameter in self.bert.parameters(): parameter.requires_grad = ...")
def test_options(student):
    """BERT is trained with the option "finetune" and not with "pretrain"."""
    for option, trained in (("finetune", True), ("pretrain", False)):
        model = classifier(student, option=option)
        flags = {parameter.requires_grad for parameter in model.bert.parameters()}
        assert flags == {trained}, f"with {option!r}, requires_grad of BERT's parameters is {flags}"
