"""Part e: the block and the models."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from grader import expect
from grader.random_inputs import indices, normal
from grader.suites.a2_bigram_bow.models import BLOCK, PE_TYPES, C, V, check_model, config, twins
from grader.suites.a2_bigram_bow.training import hidden_loss, learn, tales

pytestmark = pytest.mark.part("e")


def model(name: str, **changes: Any) -> Callable[[Any], Any]:
    return lambda code: getattr(code.bow, name)(config(code, **changes))


@pytest.mark.about("BoWBlock.__init__", "BoWBlock.forward")
@pytest.mark.points(4)
@pytest.mark.hint("x + cbow(x), then add c_proj(tanh(c_fc(.))) of that sum")
def test_block(student: Any, reference: Any, generator: torch.Generator) -> None:
    """BoWBlock adds its bag of words, uniform or with attention, and then its network's output."""
    for attention in (False, True):
        theirs, ours = twins(student, reference, model("BoWBlock", attention=attention), generator)
        for shape in ((1, 1, C), (3, 9, C)):
            x = normal(generator, *shape)
            expect.close(theirs(x), ours(x), "BoWBlock", atol=1e-4)


@pytest.mark.about("BoW.forward")
@pytest.mark.points(4)
@pytest.mark.hint("embed, encode the positions, apply the block, then lm_head")
def test_bow(student: Any, reference: Any, generator: torch.Generator) -> None:
    """BoW with each encoding agrees with the reference on the same weights."""
    for pe_type in PE_TYPES:
        for attention in (False, True):
            theirs, ours = twins(
                student, reference, model("BoW", pe_type=pe_type, attention=attention), generator
            )
            for length in (1, 7, BLOCK):
                idx, targets = indices(generator, V, 2, length), indices(generator, V, 2, length)
                check_model(theirs, ours, idx, targets, "BoW")


@pytest.mark.about("BigramV2.forward")
@pytest.mark.points(4)
@pytest.mark.hint("lm_head of the attention's output, without a residual")
def test_bigram_v2(student: Any, reference: Any, generator: torch.Generator) -> None:
    """BigramV2 with each encoding agrees with the reference on the same weights."""
    for pe_type in PE_TYPES:
        theirs, ours = twins(student, reference, model("BigramV2", pe_type=pe_type), generator)
        for length in (1, 7, BLOCK):
            idx, targets = indices(generator, V, 2, length), indices(generator, V, 2, length)
            check_model(theirs, ours, idx, targets, "BigramV2")


@pytest.mark.about("BoW.forward", "BigramV2.forward")
@pytest.mark.points(2)
@pytest.mark.hint("no position may see a later one")
def test_causal(student: Any, reference: Any, generator: torch.Generator) -> None:
    """The logits of a position do not depend on later characters."""
    for name, changes in (("BoW", {}), ("BoW", {"attention": True}), ("BigramV2", {})):
        theirs, ours = twins(student, reference, model(name, **changes), generator)
        idx = indices(generator, V, 2, 6)
        other = (idx + 1 + indices(generator, 9, 2, 6)) % 11

        def logits(x: torch.Tensor, theirs: Any = theirs) -> Any:
            return expect.items(theirs(x), 2, "what the model returns")[0]

        expect.causal(logits, idx, other, "the logits")
        # The first character sees only itself, whatever the bag is. One fixed vector for each
        # character would be causal too.
        result = expect.tensor(logits(idx), (2, 6, V), "float", "the logits")
        expect.close(result[:, :1], ours(idx)[0][:, :1], "the logits of the first character")


@pytest.mark.about("BoW.forward", "BigramV2.forward")
@pytest.mark.points(2)
@pytest.mark.hint("no detach and no torch.no_grad on the way")
def test_gradients(student: Any, reference: Any, generator: torch.Generator) -> None:
    """The loss's gradient reaches every parameter of both models."""
    for name, changes in (("BoW", {"pe_type": "sinpe"}), ("BigramV2", {})):
        theirs, ours = twins(student, reference, model(name, **changes), generator)
        inputs = [indices(generator, V, 3, 7), indices(generator, V, 3, 7)]
        gradients = student.probe.parameter_gradients(theirs, inputs, 1)
        expect.gradients(gradients, [reference.probe.parameter_gradients(ours, inputs, 1)], name)


@pytest.mark.slow
@pytest.mark.limit(60)
@pytest.mark.about("BoW.forward", "BigramV2.forward")
@pytest.mark.points(2)
@pytest.mark.hint("finish parts c and d first: the model needs positions, a mean and a residual")
def test_learning(student: Any, reference: Any, seed: int, worker_seed: int) -> None:
    """After a few seconds of training, your bag of words predicts better than bigrams can."""
    text = tales(reference, seed)
    loss = hidden_loss(learn(student, reference, text, worker_seed), text)
    # The bigrams are counted on 80 % of the text and tested on the rest.
    assert loss < text.bigram_loss - text.margin, (
        f"the loss on hidden text is {loss:.2f}; that of bigrams is {text.bigram_loss:.2f}, and "
        f"yours should be at least {text.margin} lower"
    )
