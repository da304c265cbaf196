"""Part c: greedy search and beam search."""

import pytest
import torch

pytestmark = pytest.mark.part("c")
SPECIALS = ["<pad>", "<s>", "</s>", "<unk>"]


def model(student):
    """A small model with random weights that make it choose clearly."""
    vocab = student.vocab.Vocab(
        student.vocab.VocabEntry([*SPECIALS, "a", "b", "c"]),
        student.vocab.VocabEntry([*SPECIALS, "x", "y"]),
    )
    nmt = student.nmt_model.NMT(4, 3, vocab, dropout_rate=0.0).eval()
    for parameter in nmt.parameters():
        torch.nn.init.normal_(parameter)
    return nmt


@torch.no_grad()
def likelihood(nmt, sentence, value):
    """The log-probability of a translation with </s>, by `forward`."""
    return nmt.forward([sentence], [["<s>", *value, "</s>"]]).item()


@pytest.mark.points(1)
@pytest.mark.hint("the score is the sum of log-probabilities, that of </s> included")
def test_greedy(student):
    """A greedy translation holds neither <s> nor </s>, and its score is what `forward` says."""
    ended = 0
    for _ in range(30):
        nmt = model(student)
        found = nmt.greedy(["a", "c"], max_decoding_time_step=6)
        assert len(found.value) <= 6, f"{found.value} is longer than 6 pieces"
        assert "</s>" not in found.value, f"</s> is in {found.value}"
        if len(found.value) < 6:  # so it has ended by </s>
            expected = likelihood(nmt, ["a", "c"], found.value)
            assert abs(found.score - expected) < 1e-3, f"the score is {found.score}, not {expected}"
            ended += 1
    assert ended, "none of 30 random models ends a translation by </s>"


@pytest.mark.points(1)
@pytest.mark.hint("with one hypothesis, the likeliest continuation is kept at each step")
def test_beam_of_one(student):
    """A beam of one finds what greedy search finds."""
    for _ in range(5):
        nmt = model(student)
        found = nmt.beam_search(["b"], 1, 5)
        expected = nmt.greedy(["b"], 5)
        assert len(found) == 1, f"{len(found)} hypotheses with a beam of one"
        value = list(found[0].value)
        assert value == list(expected.value), f"{value} in the place of {expected.value}"


@pytest.mark.points(1)
@pytest.mark.hint("best first; at most beam_size; each score is the hypothesis's own")
def test_beam_search(student):
    """The hypotheses come best first, and their scores are what `forward` says."""
    for _ in range(5):
        nmt = model(student)
        found = nmt.beam_search(["c", "a", "b"], 4, 8)
        assert 1 <= len(found) <= 4, f"{len(found)} hypotheses with a beam of 4"
        scores = [each.score for each in found]
        assert scores == sorted(scores, reverse=True), f"the scores are {scores}"
        for each in found:
            if len(each.value) < 8:
                expected = likelihood(nmt, ["c", "a", "b"], each.value)
                assert abs(each.score - expected) < 1e-3, f"{each.score} in place of {expected}"
