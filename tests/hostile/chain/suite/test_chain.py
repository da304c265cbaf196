"""The chain's hidden suite."""

import pytest
import torch

from grader import expect


@pytest.fixture(name="x")
def _x(generator):
    """(5, 3)."""
    return torch.randn(5, 3, generator=generator)


@pytest.mark.part("a")
@pytest.mark.about("scale")
@pytest.mark.points(2)
def test_scale(student, reference, x):
    """scale takes away the mean of the rows, and divides by the norm."""
    expect.close(student.chain.scale(x), reference.chain.scale(x), "the rows")


@pytest.mark.part("b")
@pytest.mark.about("mix")
@pytest.mark.points(2)
def test_mix(student, reference, x):
    """mix gives the means of the rows so far."""
    expect.close(student.chain.mix(x), reference.chain.mix(x), "the means")


@pytest.mark.part("b")
@pytest.mark.about("twin")
@pytest.mark.points(2)
def test_twin(student, reference, x):
    """twin gives the means of the rows so far."""
    expect.close(student.chain.twin(x), reference.chain.mix(x), "the means")


@pytest.mark.part("b")
@pytest.mark.about("mix", "twin")
@pytest.mark.points(1)
def test_both(student, reference, x):
    """mix and twin give the same, for whole numbers too."""
    for function in (student.chain.mix, student.chain.twin):
        expect.close(function(x.round()), reference.chain.mix(x.round()), "the means")


@pytest.mark.part("c")
@pytest.mark.about("Head.forward")
@pytest.mark.points(2)
def test_head(student, reference, generator, x):
    """The head multiplies what is mixed by its weight."""
    weight = torch.randn(3, 4, generator=generator)
    theirs = student.head.Head(weight).forward(x)
    expect.close(theirs, reference.head.Head(weight).forward(x), "the output")


@pytest.mark.part("c")
@pytest.mark.about("Head.forward")
@pytest.mark.points(1)
def test_shape(student, x):
    """The head gives what its weight makes of it."""
    expect.tensor(student.head.Head(torch.ones(3, 4)).forward(x), (5, 4), torch.float32, "it")
