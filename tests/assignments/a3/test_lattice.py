"""a3's sum over all segmentations of a text, against every one of them written down."""

from __future__ import annotations

import torch

from tests.assignments.a3.segmentations import (
    LETTERS,
    all_texts,
    batch_of,
    close,
    make_marginal,
    segmentations,
)

TEXTS = [[1, 0, 2, 1, 1, 0, 2], [], [1, 1, 2], [0], [2, 0, 0, 2, 1, 0, 1, 1]]


def enumerated(marginal, text: list[int]) -> torch.Tensor:
    return marginal.model.log_likelihood(segmentations(text))


def test_the_likelihood_is_the_sum_over_all_segmentations():
    for longest in (8, 99):  # a text of 8 characters ends for certain, or has to say so
        marginal = make_marginal(longest)
        right = torch.stack([enumerated(marginal, text).logsumexp(0) for text in TEXTS])
        close(marginal.bound(batch_of(*TEXTS)), right)


def test_all_texts_have_a_probability_of_1_together():
    marginal = make_marginal()
    close(marginal.bound(batch_of(*all_texts())).exp().sum(), torch.ones(()))


def test_a_character_has_the_share_that_texts_beginning_like_this_have():
    """p(x_t | what is before it), by adding up the texts that begin like this."""
    marginal, texts = make_marginal(), all_texts()
    probabilities = marginal.bound(batch_of(*texts)).exp()
    text = [1, 0, 2]
    shares = marginal.characters(batch_of(text, [1, 0, 2, 2]))

    def begins(prefix: list[int]) -> torch.Tensor:
        alike = torch.tensor([each[: len(prefix)] == prefix for each in texts])
        return probabilities[alike].sum()

    for place in range(3):
        right = (begins(text[: place + 1]) / begins(text[:place])).log()
        close(shares[0, place], right)
    close(shares[0, 3], (probabilities[texts.index(text)] / begins(text)).log())
    close(shares[0, 4], torch.zeros(()))


def test_shares_add_up_to_the_likelihood():
    marginal = make_marginal(longest=8)
    batch = batch_of(*TEXTS)
    close(marginal.characters(batch).sum(dim=1), marginal.bound(batch))


def test_the_likeliest_segmentation_is_shown():
    marginal = make_marginal(longest=99)
    for text in TEXTS:
        best = segmentations(text)[int(enumerated(marginal, text).argmax())]
        assert marginal.segmented(batch_of(text)) == [[LETTERS.decode(each) for each in best]]


def test_the_loss_teaches_every_parameter():
    marginal = make_marginal(longest=8)
    loss = marginal.loss(batch_of(*TEXTS))
    close(loss, -marginal.bound(batch_of(*TEXTS)).mean())
    loss.backward()
    assert all(each.grad is not None and each.grad.any() for each in marginal.parameters())
    assert marginal.sample(3, seed=0) == marginal.sample(3, seed=0)
