"""Part a: pad_sents, the embeddings, the layers and the encoder."""

import pytest
import torch

pytestmark = pytest.mark.part("a")
SPECIALS = ["<pad>", "<s>", "</s>", "<unk>"]


def vocabulary(student):
    """Two source words and three target words, beside the special pieces."""
    entry = student.vocab.VocabEntry
    return student.vocab.Vocab(
        entry([*SPECIALS, "eins", "zwei"]), entry([*SPECIALS, "one", "two", "six"])
    )


def model(student):
    """A small model without dropout."""
    return student.nmt_model.NMT(4, 3, vocabulary(student), dropout_rate=0.0).eval()


@pytest.mark.points(1)
@pytest.mark.hint("append pad_token to the shorter sentences, in new lists")
def test_pad_sents(student):
    """pad_sents makes two sentences as long as the longer one, and changes neither."""
    sents = [["eins"], ["zwei", "drei", "vier"]]
    result = student.utils.pad_sents(sents, "#")
    expected = [["eins", "#", "#"], ["zwei", "drei", "vier"]]
    assert result == expected, f"pad_sents returned {result}"
    assert sents == [["eins"], ["zwei", "drei", "vier"]], f"the sentences have become {sents}"


@pytest.mark.points(1)
@pytest.mark.hint("nn.Embedding(number of pieces, embed_size, padding_idx=...)")
def test_embeddings(student):
    """Each language has a table of its own, in which <pad> is zeros."""
    tables = student.model_embeddings.ModelEmbeddings(4, vocabulary(student))
    for name, rows in (("source", 6), ("target", 7)):
        weight = getattr(tables, name).weight
        assert weight.shape == (rows, 4), f"{name} has shape {tuple(weight.shape)}, not {(rows, 4)}"
        assert not weight[0].any(), f"the row of <pad> in {name} is {weight[0].tolist()}"
        assert weight[1:].any(dim=1).all(), f"another row of {name} is zeros"


@pytest.mark.points(1)
@pytest.mark.hint("the layers that the TODO of NMT.__init__ lists, by these names")
def test_layers(student):
    """The layers have the handout's names and shapes."""
    shapes = {name: tuple(p.shape) for name, p in model(student).named_parameters()}
    for name, shape in (
        ("post_embed_cnn.weight", (4, 4, 2)),
        ("encoder.weight_ih_l0_reverse", (12, 4)),
        ("decoder.weight_ih", (12, 7)),
        ("h_projection.weight", (3, 6)),
        ("c_projection.weight", (3, 6)),
        ("combined_output_projection.weight", (3, 9)),
        ("target_vocab_projection.weight", (7, 3)),
    ):
        assert name in shapes, f"{name} is missing; there are {', '.join(shapes)}"
        assert shapes[name] == shape, f"{name} has shape {shapes[name]}, not {shape}"
        assert not name.startswith(("h_", "c_")) or f"{name[0]}_projection.bias" not in shapes, (
            f"{name[0]}_projection has a bias"
        )


@pytest.mark.points(1)
@pytest.mark.hint("enc_hiddens is batch first; pack the sentences, so that pads are zeros")
def test_encode(student):
    """A short sentence has the same states beside a longer one as by itself, and then zeros."""
    nmt = model(student)
    ids = torch.tensor([[4, 5], [5, 4], [4, 0]])  # two columns: of three words and of two
    hiddens, (h, c) = nmt.encode(ids, [3, 2])
    assert hiddens.shape == (2, 3, 6), f"enc_hiddens has shape {tuple(hiddens.shape)}"
    assert (h.shape, c.shape) == ((2, 3), (2, 3)), f"the states are {h.shape} and {c.shape}"
    assert not hiddens[1, 2].any(), "enc_hiddens is not zeros at a pad"
    alone, (h_alone, _) = nmt.encode(ids[:2, 1:], [2])
    assert torch.allclose(alone[0], hiddens[1, :2], atol=1e-5), "a longer neighbour changes states"
    assert torch.allclose(h_alone[0], h[1], atol=1e-5), "a longer neighbour changes init_h"


@pytest.mark.points(1)
@pytest.mark.hint("enforce_sorted=False; or sort a copy, and bring all results back in order")
def test_encode_unsorted(student):
    """The shorter sentence may come first, and the lengths stay as they are."""
    nmt = model(student)
    ids, lengths = torch.tensor([[5, 4], [4, 5], [0, 4]]), [2, 3]
    hiddens, states = nmt.encode(ids, lengths)
    assert lengths == [2, 3], f"encode has made {lengths} of the lengths [2, 3]"
    turned, turned_states = nmt.encode(ids.flip(1), [3, 2])
    assert torch.allclose(hiddens, turned.flip(0), atol=1e-5), "enc_hiddens: in another order"
    for name, state, other in zip(("init_h", "init_c"), states, turned_states, strict=True):
        assert torch.allclose(state, other.flip(0), atol=1e-5), f"{name}: in another order"


@pytest.mark.points(1)
@pytest.mark.hint("torch.cat((last_hidden[0], last_hidden[1]), dim=1): (b, 2h), forward first")
def test_initial_state(student):
    """For one word both directions have read all: init_h is h_projection of its states."""
    nmt = model(student)
    hiddens, (h, _) = nmt.encode(torch.tensor([[5, 4]]), [1, 1])
    expected = nmt.h_projection(hiddens[:, 0])
    assert torch.allclose(h, expected, atol=1e-5), "init_h is something else"
