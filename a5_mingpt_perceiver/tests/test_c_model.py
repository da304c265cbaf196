"""Part c: attention, the block, the model, and how it is finetuned."""

import math

import pytest
import torch

pytestmark = pytest.mark.part("c")


def config(student, **changes):
    """A small model without dropout."""
    sizes = {"n_layer": 2, "n_head": 2, "n_embd": 8}
    dropout = dict.fromkeys(("embd_pdrop", "resid_pdrop", "attn_pdrop"), 0)
    return student.model.GPTConfig(7, 6, **(sizes | dropout | changes))


@pytest.mark.points(1)
@pytest.mark.hint("view(B, T, nh, hs).transpose(1, 2), and back at the end")
def test_attention_shape(student):
    """CausalSelfAttention returns (B, T, C), the shape of its input."""
    attention = student.attention.CausalSelfAttention(config(student))
    for shape in ((1, 1, 8), (3, 4, 8), (2, 6, 8)):
        y = attention(torch.randn(shape))
        assert y.shape == shape, f"an input of shape {shape} gives shape {tuple(y.shape)}"


@pytest.mark.points(2)
@pytest.mark.hint("print the (T, T) weights of a head: the upper right triangle should be 0")
def test_attention_averages_the_past(student):
    """With queries and keys of zeros, each position gets the mean of the values up to it."""
    attention = student.attention.CausalSelfAttention(config(student))
    for layer in (attention.query, attention.key):
        torch.nn.init.zeros_(layer.weight)
        torch.nn.init.zeros_(layer.bias)
    for layer in (attention.value, attention.proj):
        torch.nn.init.eye_(layer.weight)
        torch.nn.init.zeros_(layer.bias)
    x = torch.randn(2, 5, 8)
    mean = x.cumsum(1) / torch.arange(1, 6).view(1, 5, 1)
    difference = (attention(x) - mean).abs().max().item()
    assert difference < 1e-5, f"the largest difference from the mean is {difference:.3g}"


@pytest.mark.points(2)
@pytest.mark.hint("scores are divided by sqrt(hs), the size of one head, and not by sqrt(C)")
def test_attention_scale(student):
    """Two positions and two heads, worked out by hand."""
    attention = student.attention.CausalSelfAttention(config(student))
    for layer in (attention.query, attention.key, attention.value, attention.proj):
        torch.nn.init.eye_(layer.weight)
        torch.nn.init.zeros_(layer.bias)
    x = torch.zeros(1, 2, 8)
    x[0, 0, 0], x[0, 1, 0] = 1.0, 2.0  # the first channel of the first head of four
    # Scores of position 1: 2 * 1 / sqrt(4) = 1 for position 0, 2 * 2 / sqrt(4) = 2 for itself.
    weight = math.exp(1) / (math.exp(1) + math.exp(2))
    expected = weight * 1.0 + (1 - weight) * 2.0
    result = attention(x)[0, 1, 0].item()
    assert abs(result - expected) < 1e-4, f"the output is {result:.4f}, not {expected:.4f}"


@pytest.mark.points(1)
@pytest.mark.hint("x + attn(ln1(x)), then the same with the mlp and ln2")
def test_block_is_a_sum(student):
    """A Block whose attention and mlp give zeros returns its input."""
    block = student.model.Block(config(student))
    for layer in (block.attn.proj, block.mlp[2]):
        torch.nn.init.zeros_(layer.weight)
        torch.nn.init.zeros_(layer.bias)
    x = torch.randn(2, 3, 8)
    assert torch.equal(block(x), x), "the output is not the input: is a residual missing?"


@pytest.mark.points(2)
@pytest.mark.hint("F.cross_entropy wants (N, V) and (N,), and ignore_index for PAD")
def test_gpt_logits_and_loss(student):
    """GPT returns logits (B, T, V), and the mean loss of the targets that are not PAD."""
    model = student.model.GPT(config(student))
    idx = torch.tensor([[2, 3, 4, 5], [6, 2, 2, 3]])
    logits, loss = model(idx)
    assert logits.shape == (2, 4, 7), f"the logits' shape is {tuple(logits.shape)}"
    assert loss is None, f"the loss without targets is {loss}, not None"
    targets = torch.tensor([[3, 4, 5, 0], [2, 0, 0, 0]])
    logits, loss = model(idx, targets)
    counts = targets != 0
    expected = -logits.log_softmax(-1)[counts, targets[counts]].mean()
    assert abs(loss - expected) < 1e-5, f"the loss is {loss:.5f}, not {expected:.5f}"


@pytest.mark.points(1)
@pytest.mark.hint("add pos_emb: the model must know each character's position")
def test_gpt_knows_positions(student):
    """A character's logits depend on its position if pos_emb is not zeros."""
    model = student.model.GPT(config(student)).eval()
    torch.nn.init.normal_(model.pos_emb)
    logits, _ = model(torch.full((1, 6), 3))
    assert not torch.allclose(logits[0, 0], logits[0, 5]), "six equal characters have equal logits"


@pytest.mark.points(1)
@pytest.mark.hint("the handout's table")
def test_recipe(student):
    """build_model and finetune_config have the numbers of the handout's table."""
    model = student.recipe.build_model("vanilla", 50)
    assert len(model.blocks) == 4, f"the model has {len(model.blocks)} blocks, not 4"
    assert model.get_block_size() == 128, f"its block size is {model.get_block_size()}, not 128"
    for pretrained, epochs in ((True, 10), (False, 75)):
        result = student.recipe.finetune_config(pretrained, 100).max_epochs
        assert result == epochs, f"{result} epochs with pretrained={pretrained}, not {epochs}"
