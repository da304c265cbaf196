"""Part c: mask_tokens."""

import pytest
import torch

pytestmark = pytest.mark.part("c")
IDS = torch.arange(10, 1010).view(10, 100)
MASK, WORDS = 4, 2000


def masked(student, **options):
    """What mask_tokens makes of 1,000 different words, the first of each text special."""
    special = torch.zeros(10, 100, dtype=torch.bool)
    special[:, 0] = True
    return student.masking.mask_tokens(IDS.clone(), special, MASK, WORDS, **options)


@pytest.mark.points(1)
@pytest.mark.hint("labels: the token where it is selected, -100 everywhere else")
def test_labels(student):
    """A label is the position's own token or -100, and only labelled positions change."""
    inputs, labels = masked(student)
    chosen = labels != -100
    assert torch.equal(labels[chosen], IDS[chosen]), "a label is not the token that was there"
    assert torch.equal(inputs[~chosen], IDS[~chosen]), "a token without a label has changed"
    assert not chosen[:, 0].any(), "a special token has a label"


@pytest.mark.points(1)
@pytest.mark.hint("15 % are selected; 80 % of those become [MASK], 10 % a random word")
def test_shares(student):
    """Of 1,000 words, about 150 have labels, and about 120 of those are [MASK]."""
    inputs, labels = masked(student)
    chosen = labels != -100
    count, hidden = int(chosen.sum()), int((inputs[chosen] == MASK).sum())
    assert 80 < count < 220, f"{count} words have labels"
    assert 0.65 < hidden / count < 0.92, f"{hidden} of {count} selected words are [MASK]"
