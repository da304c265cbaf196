"""a4's reference model against the definitions, written out in definitions.py."""

from __future__ import annotations

import pytest
import torch

from tests.assignments.a4.definitions import (
    SOURCES,
    TARGETS,
    attention,
    close,
    encoded,
    likelihood,
    make,
    nmt_model,
    utils,
    vocab,
)

pytestmark = pytest.mark.usefixtures("one_thread")


def test_pad_sents_makes_new_sentences_of_one_length():
    sents = [["a"], ["b", "c", "d"], []]
    padded = utils.pad_sents(sents, "-")
    assert padded == [["a", "-", "-"], ["b", "c", "d"], ["-", "-", "-"]]
    assert sents == [["a"], ["b", "c", "d"], []] and padded[1] is not sents[1]
    assert utils.pad_sents([[5, 6], [7]], 0) == [[5, 6], [7, 0]]


def test_batches_put_the_longest_source_first_and_have_every_pair_once(tmp_path):
    file = tmp_path / "corpus.txt"
    file.write_text("a b\nc\n\nd e f\n", encoding="utf-8")
    source, target = (utils.read_corpus(file, side) for side in ("src", "tgt"))
    assert source[:2] == [["a", "b"], ["c"]] and target[1] == ["<s>", "c", "</s>"]
    data = list(zip(source, target, strict=True))
    for shuffle in (False, True):
        batches = list(utils.batch_iter(data, 3, shuffle))
        assert [len(sources) for sources, _ in batches] == [3, 1]
        for sources, targets in batches:
            assert [len(sent) for sent in sources] == sorted(map(len, sources), reverse=True)
            assert [target[1:-1] for target in targets] == sources
        assert sorted(sent for sources, _ in batches for sent in sources) == sorted(source)


def test_the_two_tables_have_a_vector_for_each_piece_and_none_for_pads():
    tables = make(e=5).model_embeddings
    assert tables.source.weight.shape == (8, 5) and tables.target.weight.shape == (6, 5)
    assert tables.source.padding_idx == tables.target.padding_idx == vocab.PAD_ID


def test_each_sentence_is_encoded_as_if_it_were_alone_in_any_order():
    model = make()
    padded = model.vocab.src.to_input_tensor(SOURCES)
    lengths = [len(sent) for sent in SOURCES]
    enc_hiddens, (init_h, init_c) = model.encode(padded, lengths)
    masks = model.generate_sent_masks(enc_hiddens, lengths)
    assert masks.tolist() == [[0, 0, 1, 1, 1], [0, 0, 0, 0, 0], [0, 1, 1, 1, 1]]
    for row, sent in enumerate(SOURCES):
        states, h, c = encoded(model, sent)
        close(enc_hiddens[row, : len(sent)], states)
        assert not enc_hiddens[row, len(sent) :].any()
        close(init_h[row], h)
        close(init_c[row], c)


@pytest.mark.parametrize("kind", nmt_model.ATTENTIONS)
def test_the_likelihood_is_that_of_each_sentence_by_the_definition(kind):
    model = make(kind)
    each = [likelihood(model, *pair) for pair in zip(SOURCES, TARGETS, strict=True)]
    expected = torch.tensor(each, dtype=torch.float64)
    close(model(SOURCES, TARGETS), expected)
    close(model(SOURCES[2:], TARGETS[2:]), expected[2:])  # batch 1, source length 1


def test_the_first_word_is_not_predicted_and_pads_do_not_count():
    model = make()
    source, lengths = model.vocab.src.to_input_tensor(SOURCES), [2, 5, 1]
    target = model.vocab.tgt.to_input_tensor(TARGETS)
    longer = torch.cat((target, torch.zeros(2, 3, dtype=torch.long)))
    plain = model.log_likelihood(source, lengths, target)
    close(model.log_likelihood(source, lengths, longer), plain)


def test_every_weight_has_a_gradient_but_the_vectors_of_pads():
    for kind in nmt_model.ATTENTIONS:
        model = make(kind)
        model(SOURCES, TARGETS).sum().backward()
        for name, parameter in model.named_parameters():
            assert parameter.grad.abs().sum() > 0, name
        for table in (model.model_embeddings.source, model.model_embeddings.target):
            assert not table.weight.grad[vocab.PAD_ID].any()


def test_scores_of_pads_are_minus_infinity_and_their_states_have_no_weight():
    model = make()
    states = torch.randn(2, 3, 8).double()
    masks = torch.tensor([[0, 0, 1], [0, 0, 0]])
    projected, before = model.project(states), (torch.randn(2, 4).double(),) * 2
    Ybar_t = torch.randn(2, 7).double()
    _, output, e_t = model.step(Ybar_t, before, states, projected, masks)
    assert e_t.isinf().tolist() == [[False, False, True], [False] * 3]
    _, unmasked, _ = model.step(
        Ybar_t[:1], (before[0][:1],) * 2, states[:1, :2], projected[:1, :2], None
    )
    close(output[:1], unmasked)


def test_each_attention_keeps_a_batch_of_one_and_a_source_of_one():
    for b, S in ((1, 1), (1, 3), (3, 1)):
        hidden, states, projected = torch.randn(b, 4), torch.randn(b, S, 8), torch.randn(b, S, 4)
        assert attention.dot_product(hidden, states).shape == (b, S)
        assert attention.multiplicative(hidden, projected).shape == (b, S)
        assert attention.additive(hidden, projected, torch.randn(4)).shape == (b, S)


def test_dropout_is_applied_after_tanh_and_only_in_training():
    model = make(dropout_rate=0.5)
    arguments = (torch.randn(1, 7), (torch.randn(1, 4),) * 2, torch.randn(1, 3, 8))
    arguments = [
        arguments[0].double(),
        tuple(t.double() for t in arguments[1]),
        arguments[2].double(),
    ]
    projected = model.project(arguments[2])
    plain = model.step(*arguments, projected, None)[1]
    model.train()
    seen = [model.step(*arguments, projected, None)[1] for _ in range(50)]
    kept = torch.cat(seen) != 0
    close(torch.cat(seen), kept * 2 * plain)
    assert kept.any(dim=0).all() and not kept.all(dim=0).any()
    model.eval()
    close(model.step(*arguments, projected, None)[1], plain)


def test_an_unknown_attention_is_an_error_that_lists_the_known_ones():
    with pytest.raises(
        ValueError, match="'dot' is not one of dot_product, multiplicative, additive"
    ):
        make("dot")
