"""Part e: the block and the models."""

import pytest
import torch

pytestmark = pytest.mark.part("e")


def config(student, **changes):
    return student.bow.BoWConfig(7, 6, 8, n_embd2=5, **changes)


@pytest.mark.points(1)
@pytest.mark.hint("x + cbow(x) first, then add the network's output")
def test_block(student):
    """With c_proj set to zeros, BoWBlock returns x + cbow(x)."""
    block = student.bow.BoWBlock(config(student))
    torch.nn.init.zeros_(block.c_proj.weight)
    torch.nn.init.zeros_(block.c_proj.bias)
    x = torch.randn(2, 4, 8)
    expected = x + student.bow.CausalBoW()(x)
    assert torch.allclose(block(x), expected, atol=1e-6), "it is not x + cbow(x)"


@pytest.mark.points(1)
@pytest.mark.hint("the state_dict has wte, block.c_fc, block.c_proj and lm_head")
def test_bow(student):
    """BoW returns logits (B, T, V) and a loss, and rejects a text longer than its block."""
    for attention in (False, True):
        model = student.bow.BoW(config(student, attention=attention))
        idx = torch.tensor([[0, 1, 2], [6, 5, 4]])
        logits, loss = model(idx)
        assert logits.shape == (2, 3, 7), f"the logits' shape is {tuple(logits.shape)}"
        assert loss is None, f"the loss without targets is {loss}, not None"
        assert torch.isfinite(model(idx, idx)[1]), "the loss is not finite"
        with pytest.raises(ValueError, match="block_size"):
            model(torch.zeros(2, model.block_size + 1, dtype=torch.long))


@pytest.mark.points(1)
@pytest.mark.hint("lm_head(attn(x)): at position 0 the attention gives x itself")
def test_bigram_v2(student):
    """At position 0, BigramV2 returns lm_head of the character's own vector."""
    model = student.bow.BigramV2(config(student, pe_type="rope"))
    idx = torch.tensor([[3, 1, 2]])
    logits, _ = model(idx)
    state = model.state_dict()
    own = state["lm_head.weight"] @ state["wte.weight"][3] + state["lm_head.bias"]
    assert torch.allclose(logits[0, 0], own, atol=1e-5), "position 0 has wrong logits"
