"""a3's segments, in the reference solution: cutting, padding, and GRUs that see no padding."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.assignments.a3.segmentations import MODULES, close

segments = MODULES["segments"]


@given(st.lists(st.integers(0, 3), max_size=30), st.integers(1, 6))
@settings(max_examples=200)
def test_segments_end_at_a_separator_at_the_width_or_with_the_text(codes, width):
    found = segments.split(codes, 0, width)
    assert [code for segment in found for code in segment] == codes
    for segment in found:
        assert 0 < len(segment) <= width
        assert 0 not in segment[:-1]
    for segment in found[:-1]:
        assert segment[-1] == 0 or len(segment) == width


def test_a_width_below_1_is_refused():
    with pytest.raises(ValueError, match="width 0 is not at least 1"):
        segments.split([1], 0, 0)


def test_segments_become_a_matrix():
    codes, lengths = segments.pad_segments([[5], [1, 2, 0], []], 7, 9)
    assert codes.tolist() == [[5, 7, 9, 9], [1, 2, 0, 7], [7, 9, 9, 9]]
    assert lengths.tolist() == [2, 4, 1]
    assert codes.dtype == lengths.dtype == torch.long


def test_what_stands_after_a_segment_changes_nothing():
    torch.manual_seed(0)
    encoder, decoder = segments.WordEncoder(10, 3, 4), segments.WordDecoder(10, 8, 3, 4)
    lengths, context = torch.tensor([2, 4]), torch.randn(2, 4)
    codes = torch.tensor([[1, 7, 9, 9], [1, 2, 0, 7]])
    other = torch.tensor([[1, 7, 4, 4], [1, 2, 0, 7]])
    close(encoder(codes, lengths), encoder(other, lengths))
    exact = encoder.double()  # in float32, products of other sizes are rounded differently
    close(exact(codes, lengths)[:1], exact(codes[:1, :2], lengths[:1]))
    scores = [
        segments.segment_log_probs(decoder(context, each, 9), each, lengths)
        for each in (codes, other)
    ]
    close(*scores)
    right = decoder(context[:1], codes[:1, :2], 9)[0]
    close(scores[0][0], right[0, 1] + right[1, 7])


def test_a_place_is_predicted_from_those_before_it():
    torch.manual_seed(0)
    decoder, context = segments.WordDecoder(10, 8, 3, 4), torch.randn(1, 4)
    one, other = (decoder(context, torch.tensor([codes]), 9) for codes in ([1, 2, 3], [1, 5, 3]))
    close(one[:, :2], other[:, :2])
    assert not torch.allclose(one[:, 2], other[:, 2])
    close(one.exp().sum(dim=2), torch.ones(1, 3), 1e-6)


def test_what_is_not_a_number_beyond_a_segment_does_not_count():
    log_probs = torch.full((1, 3, 2), -1.0)
    log_probs[0, 2] = torch.nan
    found = segments.segment_log_probs(log_probs, torch.tensor([[0, 1, 9]]), torch.tensor([2]))
    close(found, torch.tensor([-2.0]))
