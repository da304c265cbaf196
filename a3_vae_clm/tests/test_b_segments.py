"""Part b: segments, and the GRUs that read and write them."""

import math

import pytest
import torch

pytestmark = pytest.mark.part("b")
SPACE = 0


@pytest.mark.points(1)
@pytest.mark.hint("a segment ends after the separator, after `width` characters or with the text")
def test_split(student):
    """The separator ends its segment, a long word is cut, and nothing is lost."""
    for codes, width, expected in (
        ([1, 2, SPACE, 3], 9, [[1, 2, SPACE], [3]]),
        ([1, 2, 3, 4, 5], 2, [[1, 2], [3, 4], [5]]),
        ([SPACE, SPACE, 1], 9, [[SPACE], [SPACE], [1]]),
        ([], 9, []),
    ):
        result = student.segments.split(codes, SPACE, width)
        assert result == expected, f"split({codes}, {SPACE}, {width}) returned {result}"


@pytest.mark.points(1)
@pytest.mark.hint("[*segment, end], then pads; lengths are one more than the segments'")
def test_pad_segments(student):
    """Each row is a segment, its end and pads; lengths count the end."""
    segments = [[1, 2, 3], [4]]
    codes, lengths = student.segments.pad_segments(segments, 7, 9)
    assert codes.tolist() == [[1, 2, 3, 7], [4, 7, 9, 9]], f"codes are {codes.tolist()}"
    assert lengths.tolist() == [4, 2], f"lengths are {lengths.tolist()}, not [4, 2]"
    assert segments == [[1, 2, 3], [4]], f"the segments have become {segments}"


@pytest.mark.points(1)
@pytest.mark.hint("the state at place lengths - 1 of each row")
def test_word_encoder(student):
    """A segment's vector is the same by itself and beside a longer one."""
    encoder = student.segments.WordEncoder(10, 4, 3)
    codes = torch.tensor([[1, 2, 3, 7], [4, 7, 9, 9]])
    vectors = encoder(codes, torch.tensor([4, 2]))
    assert vectors.shape == (2, 3), f"the result has shape {tuple(vectors.shape)}, not (2, 3)"
    alone = encoder(codes[1:, :2], torch.tensor([2]))
    assert torch.allclose(vectors[1:], alone, atol=1e-5), "pads change a segment's vector"


@pytest.mark.points(1)
@pytest.mark.hint("read begin and codes[:, :-1], starting from the state context.unsqueeze(0)")
def test_word_decoder(student):
    """Probabilities add up to 1; a place rests on the context and on earlier codes alone."""
    decoder = student.segments.WordDecoder(10, 8, 4, 3)
    codes, context = torch.tensor([[1, 2, 7]]), torch.randn(1, 3)
    result = decoder(context, codes, 8)
    assert result.shape == (1, 3, 8), f"the result has shape {tuple(result.shape)}, not (1, 3, 8)"
    total = result.exp().sum(-1)
    assert torch.allclose(total, torch.ones(1, 3), atol=1e-5), f"the sums are {total.tolist()}"
    other = decoder(context, torch.tensor([[1, 3, 7]]), 8)
    assert torch.allclose(result[:, :2], other[:, :2], atol=1e-5), "a place reads its own code"
    assert not torch.allclose(result[:, 2], other[:, 2]), "the code before a place is not read"
    assert not torch.allclose(result, decoder(-context, codes, 8)), "the context is not used"


@pytest.mark.points(1)
@pytest.mark.hint("gather the codes' log-probabilities; beyond a segment's length nothing counts")
def test_segment_log_probs(student):
    """Three symbols of probability 1/2 and one of 1/4; a pad's code may have no column."""
    half, quarter, rest = math.log(1 / 2), math.log(1 / 4), math.log(3 / 4)
    log_probs = torch.tensor([[[half, half], [half, half]], [[half, half], [quarter, rest]]])
    codes = torch.tensor([[0, 5], [1, 0]])
    result = student.segments.segment_log_probs(log_probs, codes, torch.tensor([1, 2])).tolist()
    expected = [half, half + quarter]
    assert result == pytest.approx(expected, abs=1e-5), f"it returned {result}, not {expected}"
