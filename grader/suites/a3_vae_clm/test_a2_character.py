"""Part a: the autoregressive model of characters."""

from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor

from grader import expect
from grader.random_inputs import indices, normal
from grader.suites.a3_vae_clm.models import (
    INPUTS,
    E,
    H,
    K,
    V,
    check_embedding,
    check_gradients,
    check_layers,
    twins,
)
from grader.suites.a3_vae_clm.variants import expect_right

pytestmark = pytest.mark.part("a")
INIT, NORMALISE = "CharacterGRU.__init__", "CharacterGRU.normalise"
LOG_PROBS, FORWARD = "CharacterGRU.log_probs", "CharacterGRU.forward"
SIZES = ((2, 3), (1, 1), (1, 4), (3, 1), (H, H))  # (B, T)
EPSILON = 1e-5


def make(code: Any, mixtures: int = K) -> Any:
    """A small model of `code`, the student's worker or the reference."""
    return code.autoregressive.CharacterGRU(INPUTS, V, E, H, mixtures)


def pair(student: Any, reference: Any, generator: torch.Generator, mixtures: int = K) -> Any:
    """The student's model and ours, with the same random weights."""
    return twins(student, reference, partial(make, mixtures=mixtures), generator)


@pytest.mark.about(INIT)
@pytest.mark.points(2)
@pytest.mark.hint("nn.Embedding(inputs, E), nn.GRU(E, H, batch_first=True) and three nn.Linear")
def test_layers(student: Any, reference: Any, generator: torch.Generator) -> None:
    """CharacterGRU has the five layers of the handout, of these sizes, and nothing more."""
    check_layers(student, reference, make)
    check_layers(student, reference, partial(make, mixtures=1))
    theirs, ours = pair(student, reference, generator)
    x = normal(generator, 3, 2, E)
    states = expect.items(theirs.gru(x), 2, "what gru returns")[0]
    right = ours.gru(x)[0]
    other = ours.gru(x.transpose(0, 1))[0].transpose(0, 1)
    wrong = {"it takes the time first: batch_first is missing": other}
    expect_right(states, right, wrong, "the states of gru")
    check_embedding(student, reference, theirs, ours)


def over(states: Tensor, divisor: Tensor) -> Tensor:
    return states / (divisor + EPSILON)


@pytest.mark.about(NORMALISE)
@pytest.mark.points(2)
@pytest.mark.hint("states / (states.std(-1, keepdim=True, unbiased=False) + 1e-5)")
def test_normalise(student: Any, reference: Any, generator: torch.Generator) -> None:
    """normalise divides each state by (its standard deviation + 1e-5), and leaves the mean in."""
    theirs = expect.thing(make(student), "CharacterGRU")
    for shape in ((2, 3, H), (1, 1, H), (H,), (2, 3, 4, H), (H, H)):
        for scale in (1.0, 1e-4, 0.0):
            x = scale * (0.5 + normal(generator, *shape))
            centred = x - x.mean(-1, keepdim=True)
            deviation = centred.square().mean(-1, keepdim=True).sqrt()
            right = over(x, deviation)
            wrong = {
                "the mean is taken off": over(centred, deviation),
                "the deviation is divided by H - 1, not by H": over(x, x.std(-1, keepdim=True)),
                "it is divided by the length of the state": over(x, x.norm(dim=-1, keepdim=True)),
                "it is divided by the root of the mean square": (
                    over(x, x.square().mean(-1, keepdim=True).sqrt())
                ),
                "it is divided by the variance": over(x, deviation**2),
                "it is multiplied by the deviation": x * (deviation + EPSILON),
                "1e-5 is added to the variance, not to the deviation": (
                    x / (deviation**2 + EPSILON).sqrt()
                ),
                "one deviation is taken of all states": over(x, x.std(unbiased=False)),
                "1e-5 is missing": x / deviation,
            }
            expect_right(theirs.normalise(x), right, wrong, "what normalise returns")
    x, cotangent = normal(generator, 2, 3, H), normal(generator, 2, 3, H)
    right = reference.probe.input_gradient(make(reference).normalise, [x], cotangent)
    found = student.probe.input_gradient(theirs.normalise, [x], cotangent)
    expect.close(found, right, "the gradient of normalise")


def distributions(ours: Any, states: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The logits of each expert (B, T, K, V), the experts (B, T, K, E) and pi (B, T, K)."""
    states = states.double()
    weight, bias = ours.experts.weight.double(), ours.experts.bias.double()
    experts = [states @ w.t() + b for w, b in zip(weight.split(E), bias.split(E), strict=True)]
    stacked = torch.stack(experts, dim=2)
    return readout(ours, stacked.tanh()), stacked, mixture(ours, states).softmax(-1)


def mixture(ours: Any, states: Tensor) -> Tensor:
    """The logits of pi, (B, T, K)."""
    result: Tensor = states @ ours.weights.weight.double().t() + ours.weights.bias.double()
    return result


def readout(ours: Any, vectors: Tensor) -> Tensor:
    """(..., E) -> (..., V)."""
    result: Tensor = vectors @ ours.output.weight.double().t() + ours.output.bias.double()
    return result


def mixed(logits: Tensor, pi: Tensor) -> Tensor:
    """log sum_k pi_k softmax_k, by logarithms, (B, T, V)."""
    terms = pi.log()[..., None] + logits.log_softmax(-1)
    return terms.logsumexp(2)


@pytest.mark.about(LOG_PROBS)
@pytest.mark.points(3)
@pytest.mark.hint("log_softmax of the weights plus log_softmax of each expert's logits, logsumexp")
def test_log_probs(student: Any, reference: Any, generator: torch.Generator) -> None:
    """log_probs is the logarithm of a mixture of K softmaxes of tanh of the experts."""
    for mixtures in (K, 1, 2):
        theirs, ours = pair(student, reference, generator, mixtures)
        for b, t in SIZES:
            check_log_probs(theirs, ours, 2 * normal(generator, b, t, H))


def check_log_probs(theirs: Any, ours: Any, states: Tensor) -> None:
    """Compares the mixture with the definition, and with what mistakes give."""
    logits, experts, pi = distributions(ours, states)
    right = mixed(logits, pi)
    k = logits.size(2)
    flat = torch.full_like(pi, 1 / k)
    interleaved = experts.flatten(2).unflatten(2, (E, k)).transpose(2, 3)
    context = (pi[..., None] * experts.tanh()).sum(2)
    again = ours.normalise(states.double())
    wrong = {
        "the experts' weights are left out: all count the same": mixed(logits, flat),
        "log-probabilities are averaged, not probabilities": (
            (pi[..., None] * logits.log_softmax(-1)).sum(2)
        ),
        "logits are averaged before the softmax": (pi[..., None] * logits).sum(2).log_softmax(-1),
        "the experts are averaged before the softmax": readout(ours, context).log_softmax(-1),
        "the experts do not go through tanh": mixed(readout(ours, experts), pi),
        "a sigmoid is in the place of tanh": mixed(readout(ours, experts.sigmoid()), pi),
        "a ReLU is in the place of tanh": mixed(readout(ours, experts.relu()), pi),
        "expert k takes every K-th number of `experts`, not the k-th run of E": (
            mixed(readout(ours, interleaved.tanh()), pi)
        ),
        "the probabilities are returned, not their logarithms": right.exp(),
        "the states are normalised once more, which forward does": (
            mixed(distributions(ours, again)[0], distributions(ours, again)[2])
        ),
        "the weights are not divided by their sum": (
            mixed(logits, mixture(ours, states.double()).exp())
        ),
        "the weights are sigmoids, not a softmax": (
            mixed(logits, mixture(ours, states.double()).sigmoid())
        ),
        "the softmax runs over the experts, not over the symbols": (
            (pi.log()[..., None] + logits.log_softmax(2)).logsumexp(2)
        ),
        "the largest expert alone counts": (pi.log()[..., None] + logits.log_softmax(-1)).amax(2),
    }
    expect_right(theirs.log_probs(states), right, wrong, "what log_probs returns")


@pytest.mark.about(LOG_PROBS)
@pytest.mark.points(1)
@pytest.mark.hint("torch.logsumexp of sums of logarithms: log(softmax(x).sum()) is log(0)")
def test_log_probs_of_large_logits(
    student: Any, reference: Any, generator: torch.Generator
) -> None:
    """Probabilities that are 0 in floating point still have finite, right logarithms."""
    for names in (["output"], ["weights"], ["output", "weights"]):
        theirs, ours = pair(student, reference, generator)
        enlarge(student, theirs, ours, names)
        states = normal(generator, 2, 3, H)
        right = mixed_of_logits(ours, states)
        what = f"log_probs for large logits of {' and '.join(names)}"
        found = expect.tensor(theirs.log_probs(states), right.shape, "float", what)
        assert found.isfinite().all(), f"{what} is infinite or nan"
        expect.close(found, right, what, atol=1e-3)


def enlarge(student: Any, theirs: Any, ours: Any, names: list[str]) -> None:
    """Makes the weights of the named layers 500 times as large, in both models."""
    large = {f"{name}.weight": 500 * getattr(ours, name).weight.detach() for name in names}
    ours.load_state_dict(ours.state_dict() | large)
    student.probe.fill_named(theirs, large)


def mixed_of_logits(ours: Any, states: Tensor) -> Tensor:
    """The mixture, right for pi of 0 in floating point, too."""
    logits, _, _ = distributions(ours, states)
    pi = mixture(ours, states.double()).log_softmax(-1)
    return (pi[..., None] + logits.log_softmax(-1)).logsumexp(2)


@pytest.mark.about(LOG_PROBS)
@pytest.mark.points(1)
@pytest.mark.hint("no detach, no .data, no torch.no_grad")
def test_log_probs_gradients(student: Any, reference: Any, generator: torch.Generator) -> None:
    """Gradients reach the experts, their weights, the output layer and the states."""
    theirs, ours = pair(student, reference, generator)
    states, cotangent = normal(generator, 2, 3, H), normal(generator, 2, 3, V)
    check_gradients(student, reference, theirs, ours, "log_probs", [states])
    right = reference.probe.input_gradient(ours.log_probs, [states], cotangent)
    found = student.probe.input_gradient(theirs.log_probs, [states], cotangent)
    expect.close(found, right, "the gradient of the states of log_probs")


@pytest.mark.about(FORWARD)
@pytest.mark.points(2)
@pytest.mark.hint("embedding, gru, normalise, log_probs: the state at t predicts what follows t")
def test_forward(student: Any, reference: Any, generator: torch.Generator) -> None:
    """forward gives what follows each place from the GRU's normalised states, gradients too."""
    theirs, ours = pair(student, reference, generator)
    for b, t in SIZES:
        x = indices(generator, INPUTS, b, t)
        embedded = ours.embedding(x)
        states = ours.gru(embedded)[0]
        back = ours.gru(embedded.flip(1))[0].flip(1)
        late = torch.cat((torch.zeros_like(states[:, :1]), states[:, :-1]), dim=1)
        columns = ours.gru(embedded.transpose(0, 1))[0].transpose(0, 1)
        wrong = {
            "the states are not normalised": ours.log_probs(states),
            "the states are normalised twice": predict(ours, ours.normalise(states)),
            "the embeddings are normalised, not the states": (
                ours.log_probs(ours.gru(ours.normalise(embedded))[0])
            ),
            "the text is read from back to front": predict(ours, back),
            "the output at place t does not know the symbol at t": predict(ours, late),
            "the GRU runs over the batch, not over the places": predict(ours, columns),
            "the probabilities are returned, not their logarithms": predict(ours, states).exp(),
            "a tanh follows the GRU": predict(ours, states.tanh()),
        }
        right = predict(ours, states)
        expect_right(theirs(x), right, wrong, "what forward returns")
    check_gradients(student, reference, theirs, ours, "forward", [x])
    theirs.train()
    expect.close(theirs(x), right, "what forward returns in training mode")
    enlarge(student, theirs, ours, ["output"])
    right = predict(ours, ours.gru(ours.embedding(x))[0])
    expect.close(theirs(x), right, "what forward returns for large logits", atol=1e-3)


def predict(ours: Any, states: Tensor) -> Tensor:
    """The log-probabilities of a GRU's states."""
    result: Tensor = ours.log_probs(ours.normalise(states))
    return result
