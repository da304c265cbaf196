"""Pretraining: the masking rule, the pairs, the heads, and a training that resumes and learns."""

from __future__ import annotations

import random
from itertools import pairwise
from types import SimpleNamespace

import pytest
import torch

pytestmark = pytest.mark.usefixtures("one_thread")

SEED = 11711


@pytest.fixture(scope="module")
def tokenizer(minbert):
    stories = minbert.documents.documents(300)
    vocab = minbert.tokenizer.learn_vocab([text for story in stories for text in story], 1000)
    return minbert.tokenizer.BertTokenizer(vocab)


def fresh_model(minbert, tokenizer, **changes):
    torch.manual_seed(SEED)
    config = minbert.config.BertConfig.tiny(tokenizer.vocab_size, **changes)
    return minbert.pretraining.BertForPretraining(minbert.bert.BertModel(config))


def pairs_of(minbert, tokenizer, count: int, split: str = "train"):
    """A function from an epoch's number to its examples."""
    stories = minbert.documents.documents(count, split)

    def examples(epoch: int):
        rows = minbert.sentences.next_sentence_pairs(stories, random.Random(epoch))
        return minbert.sentences.encode(tokenizer, rows, max_length=64)

    return examples


# The masking rule. Shares are of many tokens: each bound is at least 5 standard deviations wide.
TOKENS, MASK_ID, VOCAB_SIZE = (400, 500), 4, 1000


@pytest.fixture(scope="module")
def masked(minbert) -> SimpleNamespace:
    generator = torch.Generator().manual_seed(SEED)
    ids = torch.randint(5, VOCAB_SIZE, TOKENS, generator=generator)
    special = torch.rand(TOKENS, generator=generator) < 0.1
    before = ids.clone()
    inputs, labels = minbert.masking.mask_tokens(ids, special, MASK_ID, VOCAB_SIZE, generator)
    assert torch.equal(ids, before)
    return SimpleNamespace(ids=ids, special=special, inputs=inputs, labels=labels)


def test_15_percent_are_selected_and_special_tokens_never(masked) -> None:
    selected = masked.labels != -100
    assert not (selected & masked.special).any()
    assert selected[~masked.special].double().mean().item() == pytest.approx(0.15, abs=0.005)
    assert torch.equal(masked.labels[selected], masked.ids[selected])


def test_of_those_80_percent_become_mask_10_any_word_and_10_stay(masked) -> None:
    selected = masked.labels != -100
    inputs, ids = masked.inputs[selected], masked.ids[selected]
    hidden, kept = inputs == MASK_ID, inputs == ids
    assert hidden.double().mean().item() == pytest.approx(0.8, abs=0.015)
    assert kept.double().mean().item() == pytest.approx(0.1, abs=0.01)
    replaced = inputs[~hidden & ~kept]
    assert replaced.double().mean().item() == pytest.approx(VOCAB_SIZE / 2, rel=0.05)
    assert torch.equal(masked.inputs[~selected], masked.ids[~selected])


def test_the_generator_alone_decides(minbert, masked) -> None:
    def draw(seed: int):
        generator = torch.Generator().manual_seed(seed)
        return minbert.masking.mask_tokens(
            masked.ids, masked.special, MASK_ID, VOCAB_SIZE, generator, share=0.5
        )

    assert all(torch.equal(one, other) for one, other in zip(draw(1), draw(1), strict=True))
    assert not torch.equal(draw(1)[0], draw(2)[0])


# Pairs of sentences, and the embedded documents.
def test_half_of_the_pairs_are_true_and_no_random_one_is(minbert) -> None:
    """The sentence of another document often reads like the true next one: that is not drawn."""
    stories = minbert.documents.documents(200)
    after: dict[str, set[str]] = {}
    for story in stories:
        for first, second in pairwise(story):
            after.setdefault(first, set()).add(second)
    rows = minbert.sentences.next_sentence_pairs(stories, random.Random(SEED))
    places = [(story, s) for story in stories for s in range(len(story) - 1)]
    assert len(rows) == len(places) == 800
    for row, (story, s) in zip(rows, places, strict=True):
        assert row.first == story[s]
        true = row.label == minbert.sentences.IS_NEXT
        assert row.second == story[s + 1] if true else row.second not in after[row.first]
    assert sum(row.label == minbert.sentences.IS_NEXT for row in rows) == 400


def test_documents_that_are_all_alike_have_no_random_next_sentence(minbert) -> None:
    with pytest.raises(ValueError, match="no other document"):
        minbert.sentences.next_sentence_pairs([["b", "b", "b"], ["b", "b"]], random.Random(0))


def test_a_long_pair_is_cut_to_the_limit(minbert, tokenizer) -> None:
    row = minbert.sentences.Row("the cook " * 50, "the bread was warm .", minbert.sentences.IS_NEXT)
    (example,) = minbert.sentences.encode(tokenizer, [row], max_length=20)
    assert len(example.ids) == len(example.types) == 20
    assert example.ids.count(tokenizer.sep_id) == 2 and example.ids[0] == tokenizer.cls_id


def test_no_story_is_in_both_splits(minbert) -> None:
    train, dev = minbert.documents.documents(500), minbert.documents.documents(300, "dev")
    assert len({tuple(story) for story in train + dev}) == 800
    assert train == minbert.documents.documents(500)


# The heads.
def test_the_decoder_is_the_word_embedding_itself(minbert, tokenizer) -> None:
    """One tensor, before and after a training step: not a copy that drifts away."""
    model = fresh_model(minbert, tokenizer)
    head, embedding = model.masked_language, model.bert.word_embedding
    config = minbert.pretraining.PretrainingConfig(steps=1, batch_size=8)
    before = embedding.weight.detach().clone()
    examples = pairs_of(minbert, tokenizer, 20)
    minbert.pretraining.Trainer(model, examples, tokenizer, config).train()
    assert head.decoder.weight is embedding.weight
    assert not torch.equal(before, embedding.weight)
    assert head.decoder.bias.shape == (tokenizer.vocab_size,)
    assert sum(p is embedding.weight for p in model.parameters()) == 1


def test_padding_changes_no_loss(minbert, tokenizer) -> None:
    """Two short pairs have the same losses beside a long one as in a batch of their own."""
    model = fresh_model(minbert, tokenizer).eval()
    examples = pairs_of(minbert, tokenizer, 10)(0)[:2]
    batch = minbert.sentences.collate(examples, tokenizer)
    long = minbert.sentences.Row("the cook " * 20, "the bread was warm .", -100)
    examples += minbert.sentences.encode(tokenizer, [long], max_length=64)
    padded = minbert.sentences.collate(examples, tokenizer)
    generator = torch.Generator().manual_seed(SEED)
    sizes = (tokenizer.mask_id, tokenizer.vocab_size)
    inputs, labels = minbert.masking.mask_tokens(
        batch.input_ids, batch.special, *sizes, generator, share=0.4
    )
    wide_inputs, wide_labels = padded.input_ids.clone(), torch.full_like(padded.input_ids, -100)
    wide_inputs[:2, : inputs.size(1)] = inputs
    wide_labels[:2, : inputs.size(1)] = labels
    alone = minbert.pretraining.losses(model, inputs, labels, batch)
    beside = minbert.pretraining.losses(model, wide_inputs, wide_labels, padded)
    torch.testing.assert_close(alone, beside)


def test_single_texts_have_no_next_sentence_loss(minbert, tokenizer) -> None:
    model = fresh_model(minbert, tokenizer)
    rows = [minbert.sentences.Row("the cook came to the kitchen .")] * 3
    batch = minbert.sentences.collate(
        minbert.sentences.encode(tokenizer, rows, max_length=64), tokenizer
    )
    labels = batch.input_ids.masked_fill(batch.special, -100)
    masked, follows = minbert.pretraining.losses(model, batch.input_ids, labels, batch)
    assert follows.item() == 0.0 and masked.item() > 1.0
    (masked + follows).backward()
    assert torch.isfinite(model.next_sentence.weight.grad).all()


# The training.
def test_a_resumed_training_ends_where_an_unbroken_one_does(minbert, tokenizer) -> None:
    """Dropout, masks, pairs and batches included: every weight is equal, bit by bit."""
    config = minbert.pretraining.PretrainingConfig(steps=14, batch_size=16, warmup_steps=4)
    examples = pairs_of(minbert, tokenizer, 20)  # 5 steps an epoch

    def trainer():
        return minbert.pretraining.Trainer(
            fresh_model(minbert, tokenizer), examples, tokenizer, config
        )

    unbroken, states = trainer(), {}
    unbroken.on_step = lambda each: states.setdefault(each.step, _copy(each.state_dict()))
    unbroken.train()
    for stop in (1, 5, 8):
        resumed = trainer()
        resumed.load_state_dict(states[stop])
        torch.manual_seed(stop)  # the process's own draws do not matter
        resumed.train()
        assert resumed.step == 14 and resumed.loss == unbroken.loss
        for name, weight in unbroken.model.state_dict().items():
            assert torch.equal(weight, resumed.model.state_dict()[name]), name


def _copy(state):
    """What a checkpoint's file would hold."""
    import io

    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    return torch.load(file, weights_only=True)


def test_the_rate_rises_to_its_highest_and_falls_to_zero(minbert, tokenizer) -> None:
    config = minbert.pretraining.PretrainingConfig(steps=10, warmup_steps=4)
    trainer = minbert.pretraining.Trainer(
        fresh_model(minbert, tokenizer), pairs_of(minbert, tokenizer, 20), tokenizer, config
    )
    rates = []
    for trainer.step in range(11):
        rates.append(round(trainer.rate_multiplier(), 3))
    assert rates == [0.25, 0.5, 0.75, 1.0, 1.0, 0.833, 0.667, 0.5, 0.333, 0.167, 0.0]


def test_a_few_hundred_steps_beat_the_guess_that_does_not_look(minbert, tokenizer) -> None:
    config = minbert.pretraining.PretrainingConfig(steps=250, batch_size=16, learning_rate=3e-3)
    model = fresh_model(minbert, tokenizer, hidden_dropout_prob=0.0)
    examples = pairs_of(minbert, tokenizer, 150)
    minbert.pretraining.Trainer(model, examples, tokenizer, config).train()
    held_out = pairs_of(minbert, tokenizer, 40, "dev")(0)
    scores = minbert.held_out.evaluate(model, held_out, tokenizer)
    blind = minbert.held_out.unigram(examples(0), held_out, tokenizer)
    assert scores.accuracy > 1.5 * blind.accuracy
    assert scores.perplexity < blind.perplexity / 2


@pytest.mark.slow
def test_a_longer_training_learns_which_sentence_is_next(minbert, tokenizer) -> None:
    config = minbert.pretraining.PretrainingConfig(seed=SEED)
    model = fresh_model(minbert, tokenizer)
    examples = pairs_of(minbert, tokenizer, 400)
    minbert.pretraining.Trainer(model, examples, tokenizer, config).train()
    held_out = pairs_of(minbert, tokenizer, 100, "dev")(0)
    scores = minbert.held_out.evaluate(model, held_out, tokenizer)
    assert scores.accuracy > 0.6 and scores.perplexity < 5 and scores.next_accuracy > 0.75
