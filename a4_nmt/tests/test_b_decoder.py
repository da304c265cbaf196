"""Part b: attention and the decoder."""

import math

import pytest
import torch

pytestmark = pytest.mark.part("b")
SPECIALS = ["<pad>", "<s>", "</s>", "<unk>"]


def model(student, **options):
    """A small model with four words in each language."""
    words = [*SPECIALS, "a", "b", "c", "d"]
    vocab = student.vocab.Vocab(
        student.vocab.VocabEntry(words), student.vocab.VocabEntry([*words, "e"])
    )
    return student.nmt_model.NMT(4, 3, vocab, **{"dropout_rate": 0.0} | options).eval()


def inputs(nmt, b=2, S=3):
    """Random arguments of step, without pads."""
    enc = torch.randn(b, S, 6)
    state = (torch.randn(b, 3), torch.randn(b, 3))
    return torch.randn(b, 7), state, enc, nmt.project(enc), torch.zeros(b, S)


@pytest.mark.points(1)
@pytest.mark.hint("one number for each source word: (b, S), also if S is 1")
def test_scores_by_hand(student):
    """The three scores of one word, worked out by hand."""
    dec, enc = torch.tensor([[1.0, 2.0]]), torch.tensor([[[3.0, 0.0, 1.0, -1.0]]])
    score = student.attention.dot_product(dec, enc)
    expected = (4.0 * 1 - 1.0 * 2) / math.sqrt(2)  # forward + backward is (4, -1)
    assert score.shape == (1, 1), f"dot_product has shape {tuple(score.shape)}, not (1, 1)"
    assert abs(score.item() - expected) < 1e-5, f"dot_product is {score.item()}, not {expected}"
    projected = torch.tensor([[[0.5, -1.0]]])
    score = student.attention.multiplicative(dec, projected).item()
    assert abs(score + 1.5) < 1e-5, f"multiplicative is {score}, not -1.5"
    score = student.attention.additive(dec, projected, torch.tensor([2.0, 1.0])).item()
    expected = 2 * math.tanh(1.5) + math.tanh(1.0)
    assert abs(score - expected) < 1e-5, f"additive is {score}, not {expected}"


@pytest.mark.points(1)
@pytest.mark.hint("U_t is the context a_t, then the decoder's hidden state")
def test_step_of_one_word(student):
    """With a single source word, the context is its state; the combined output follows."""
    nmt = model(student)
    arguments = inputs(nmt, S=1)
    (h, c), output, scores = nmt.step(*arguments)
    right_h, right_c = nmt.decoder(arguments[0], arguments[1])
    assert torch.allclose(h, right_h, atol=1e-5), "the hidden state is not the cell's new one"
    assert torch.allclose(c, right_c, atol=1e-5), "the cell's state is not its new one"
    u = torch.cat((arguments[2][:, 0], right_h), dim=1)
    expected = torch.tanh(nmt.combined_output_projection(u))
    assert torch.allclose(output, expected, atol=1e-5), "the combined output is something else"
    assert scores.shape == (2, 1), f"the scores have shape {tuple(scores.shape)}, not (2, 1)"


@pytest.mark.points(1)
@pytest.mark.hint("masked_fill the scores with -inf where enc_masks is 1, before the softmax")
def test_pads_do_not_count(student):
    """What stands at a pad changes nothing, and by the scores e_t it has no weight."""
    nmt = model(student)
    Ybar, state, enc, _, masks = inputs(nmt)
    masks[1, 2] = 1
    outputs = []
    for number in (0.0, 9.0):
        enc[1, 2] = number
        _, output, scores = nmt.step(Ybar, state, enc, nmt.project(enc), masks)
        outputs.append(output)
    assert torch.allclose(*outputs, atol=1e-5), "a state at a pad changes the combined output"
    weight = scores.softmax(dim=1)[1, 2].item()
    assert weight < 1e-30, f"by the scores that step returns, a pad has the weight {weight}"


@pytest.mark.points(1)
@pytest.mark.hint("self.dropout, which model.train() and model.eval() turn on and off")
def test_dropout(student):
    """In training some of the combined output is 0, in evaluation nothing."""
    nmt = model(student, dropout_rate=0.5)
    arguments = inputs(nmt, b=50)
    assert (nmt.step(*arguments)[1] != 0).all(), "a number is dropped in evaluation"
    share = (nmt.train().step(*arguments)[1] == 0).float().mean().item()
    assert 0.2 < share < 0.8, f"with dropout_rate=0.5, {share:.2f} of the numbers are 0"


@pytest.mark.points(1)
@pytest.mark.hint("o_prev is zeros at first, then each step's combined output")
def test_decode(student):
    """decode returns what `step` does, fed with the words and its own last output."""
    nmt = model(student)
    _, state, enc, projected, masks = inputs(nmt)
    ids = torch.tensor([[1, 1], [5, 8], [7, 4], [2, 2]])  # (T, b)
    outputs = nmt.decode(enc, masks, state, ids)
    assert outputs.shape == (3, 2, 3), f"the outputs have shape {tuple(outputs.shape)}"
    o_prev = torch.zeros(2, 3)
    for place in range(3):
        Ybar = torch.cat((nmt.model_embeddings.target(ids[place]), o_prev), dim=1)
        state, o_prev, _ = nmt.step(Ybar, state, enc, projected, masks)
        assert torch.allclose(outputs[place], o_prev, atol=1e-5), f"step {place} is something else"
