"""Part a: attention, the layer, the embeddings."""

import math

import pytest
import torch

pytestmark = pytest.mark.part("a")


def config(student, **changes):
    """A small model without dropout."""
    sizes = {"vocab_size": 9, "hidden_size": 8, "num_attention_heads": 2, "num_hidden_layers": 2}
    sizes |= {"intermediate_size": 12, "max_position_embeddings": 6}
    sizes |= {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    return student.config.BertConfig(**sizes | changes)


@pytest.mark.points(1)
@pytest.mark.hint("scores are divided by sqrt(hs), the size of one head, and not by sqrt(hidden)")
def test_attention_by_hand(student):
    """Two tokens and one head of four channels, worked out by hand."""
    attention = student.bert.BertSelfAttention(
        config(student, hidden_size=4, num_attention_heads=1)
    )
    attention.eval()
    key, query, value = (torch.zeros(1, 1, 2, 4) for _ in range(3))
    key[0, 0, :, 0] = torch.tensor([1.0, 3.0])
    query[0, 0, :, 0] = 1.0
    value[0, 0, :, 0] = torch.tensor([10.0, 20.0])
    # The scores are 1 / sqrt(4) and 3 / sqrt(4).
    weight = math.exp(0.5) / (math.exp(0.5) + math.exp(1.5))
    expected = weight * 10 + (1 - weight) * 20
    y = attention.attention(key, query, value, torch.zeros(1, 1, 1, 2))
    assert y.shape == (1, 2, 4), f"the shape is {tuple(y.shape)}, not (1, 2, 4)"
    result = y[0, 0, 0].item()
    assert abs(result - expected) < 1e-4, f"the result is {result:.4f}, not {expected:.4f}"


@pytest.mark.points(1)
@pytest.mark.hint("transpose the heads back before they are put side by side")
def test_heads_lie_side_by_side(student):
    """With equal keys, each head's channels hold the mean of its values."""
    attention = student.bert.BertSelfAttention(config(student)).eval()
    value = torch.randn(3, 2, 5, 4)
    y = attention.attention(
        torch.ones(3, 2, 5, 4), torch.randn(3, 2, 5, 4), value, torch.zeros(3, 1, 1, 5)
    )
    expected = value.mean(2).flatten(1)[:, None].expand(3, 5, 8)
    difference = (y - expected).abs().max().item()
    assert difference < 1e-5, f"the largest difference from the mean is {difference:.3g}"


@pytest.mark.points(1)
@pytest.mark.hint("add the mask to the scores before the softmax")
def test_padding_is_not_seen(student):
    """A token at a hidden position changes no other token's result."""
    attention = student.bert.BertSelfAttention(config(student)).eval()
    key, query, value = (torch.randn(1, 2, 4, 4) for _ in range(3))
    mask = torch.tensor([0.0, 0.0, 0.0, -10000.0]).view(1, 1, 1, 4)
    before = attention.attention(key, query, value, mask)
    value[:, :, 3] = 100.0
    after = attention.attention(key, query, value, mask)
    difference = (after - before).abs().max().item()
    assert difference < 1e-5, f"the largest difference is {difference:.3g}"


@pytest.mark.points(1)
@pytest.mark.hint("ln_layer(input + dropout(dense_layer(output)))")
def test_add_norm_of_zeros(student):
    """If dense_layer gives zeros, add_norm is the layer norm of its input."""
    layer = student.bert.BertLayer(config(student)).eval()
    torch.nn.init.zeros_(layer.attention_dense.weight)
    torch.nn.init.zeros_(layer.attention_dense.bias)
    x, y = torch.randn(2, 3, 8), torch.randn(2, 3, 8)
    norm = layer.attention_layer_norm
    result = layer.add_norm(x, y, layer.attention_dense, layer.attention_dropout, norm)
    assert torch.allclose(result, norm(x), atol=1e-5), "the result is not the input, normalised"


@pytest.mark.points(1)
@pytest.mark.hint("add_norm twice; the first one's result is the second one's input")
def test_layer_is_normalised(student):
    """A new layer's result has the mean 0 and the deviation 1 at each token."""
    layer = student.bert.BertLayer(config(student)).eval()
    y = layer(torch.randn(2, 3, 8), torch.zeros(2, 1, 1, 3))
    assert y.shape == (2, 3, 8), f"the shape is {tuple(y.shape)}, not (2, 3, 8)"
    assert y.mean(-1).abs().max() < 1e-4, "the mean over the channels is not 0"
    deviation = y.std(-1, unbiased=False)
    assert (deviation - 1).abs().max() < 1e-3, "the deviation over the channels is not 1"


@pytest.mark.points(1)
@pytest.mark.hint("interm_af(interm_dense(...)), then add_norm through the out_... layers")
def test_gelu_of_a_layer(student):
    """gelu makes nothing of -10, so that it does not matter what out_dense does with that."""
    layer = student.bert.BertLayer(config(student)).eval()
    torch.nn.init.zeros_(layer.interm_dense.weight)
    torch.nn.init.constant_(layer.interm_dense.bias, -10.0)
    x, mask = torch.randn(2, 3, 8), torch.zeros(2, 1, 1, 3)
    before = layer(x, mask)
    torch.nn.init.normal_(layer.out_dense.weight)
    assert torch.allclose(layer(x, mask), before, atol=1e-5), "the inner states are not 0"


@pytest.mark.points(1)
@pytest.mark.hint("words, positions and types are added before the layer norm")
def test_embed_knows_positions_and_types(student):
    """Equal words have other embeddings at another position, and of another type."""
    model = student.bert.BertModel(config(student)).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter)
    ids = torch.full((1, 6), 3)
    x = model.embed(ids)
    assert x.shape == (1, 6, 8), f"the shape is {tuple(x.shape)}, not (1, 6, 8)"
    assert not torch.allclose(x[0, 0], x[0, 5]), "positions make no difference"
    assert not torch.allclose(x, model.embed(ids, torch.ones_like(ids))), "types make no difference"


@pytest.mark.points(1)
@pytest.mark.hint("use the layer's own dropout modules, not new ones and not F.dropout")
def test_evaluation_drops_nothing(student):
    """In evaluation mode a model with dropout says the same each time."""
    dropout = {"hidden_dropout_prob": 0.5, "attention_probs_dropout_prob": 0.5}
    model = student.bert.BertModel(config(student, **dropout)).eval()
    ids, mask = torch.tensor([[1, 5, 2, 7]]), torch.tensor([[1, 1, 1, 0]])
    first, second = (model(ids, mask)["last_hidden_state"] for _ in range(2))
    assert torch.equal(first, second), "two passes in evaluation mode differ"
