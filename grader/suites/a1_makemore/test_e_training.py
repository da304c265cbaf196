"""Part e: initialisation, the loss, the learning rate, SGD and the training loop."""

import math
from typing import Any

import pytest
import torch

from grader import expect
from grader.random_inputs import indices, normal
from grader.suites.a1_makemore import by_hand
from grader.suites.a1_makemore.layers import fill_wavenet, matching, wavenets
from grader.suites.a1_makemore.training import hidden_indices, hidden_loss, learn

pytestmark = pytest.mark.part("e")
# After 800 steps the reference's hidden loss is 2.02 to 2.08 over the seeds 100 to 111; from
# character frequencies alone it is 2.82 (tests/grader/suites/test_a1.py repeats both for six).
ENOUGH = 2.3


def loss_of(student: Any, logits: torch.Tensor, y: torch.Tensor) -> float:
    return expect.number(student.makemore.cross_entropy(logits, y), "cross_entropy's result")


@pytest.mark.about("init_weights")
@pytest.mark.points(2)
@pytest.mark.hint("multiply only the last layer's weight by LAST_SCALE")
def test_init_weights(student: Any, reference: Any, generator: torch.Generator) -> None:
    """init_weights multiplies the last layer's weight by 0.1 and changes nothing else."""
    model, ours = wavenets(student, reference, generator, 9, 4, 3, 5)
    values = [p.clone() for p in ours.parameters()]
    student.makemore.init_weights(model)
    right = [*values[:-2], values[-2] * 0.1, values[-1]]
    result = matching(model, [tuple(value.shape) for value in values])
    expect.close(result[-2], right[-2], "the last layer's weight")
    for mine, wanted in zip(result, right, strict=True):
        expect.close(mine, wanted, "a parameter after init_weights")


@pytest.mark.about("init_weights")
@pytest.mark.points(1)
@pytest.mark.hint("parameter.requires_grad_()")
def test_asks_for_gradients(student: Any, reference: Any, generator: torch.Generator) -> None:
    """After build_model every parameter gets a gradient, and the first loss is near ln V."""
    model = expect.thing(student.makemore.build_model(27), "build_model's model")
    x = indices(generator, 27, 256, 8)
    logits = expect.tensor(model(x), (256, 27), "float", "the model's output")
    loss = torch.nn.functional.cross_entropy(logits, x[:, 0])
    assert abs(float(loss) - math.log(27)) < 0.1, (
        f"the first loss is {float(loss):.2f}; it should be near ln 27 = 3.30"
    )
    small = expect.thing(student.makemore.build_model(9, 4, 3, 5), "build_model's model")
    ours = reference.makemore.build_model(9, 4, 3, 5)
    fill_wavenet(student, small, [p.detach() for p in ours.parameters()])
    x, cotangent = indices(generator, 9, 12, 4), normal(generator, 12, 9)
    right = reference.probe.model_gradients(ours, x, cotangent)
    result = student.probe.model_gradients(small, x, cotangent)
    gradients = matching(small, [tuple(gradient.shape) for gradient in right], result)
    for gradient, wanted in zip(gradients, right, strict=True):
        assert gradient is not None, "after build_model some parameters get no gradient"
        expect.close(gradient, wanted, "a parameter's gradient after build_model", atol=1e-4)


@pytest.mark.about("cross_entropy")
@pytest.mark.points(2)
@pytest.mark.hint("logsumexp of the row minus the logit of y, and the mean over the rows")
def test_cross_entropy(student: Any, reference: Any, generator: torch.Generator) -> None:
    """cross_entropy is the mean of -ln p(y)."""
    for B, V in ((1, 3), (6, 27), (33, 5)):
        logits, y = 3 * normal(generator, B, V), indices(generator, V, B)
        right = float(reference.makemore.cross_entropy(logits, y))
        assert abs(loss_of(student, logits, y) - right) < 1e-4, "the loss is wrong"


@pytest.mark.about("cross_entropy")
@pytest.mark.points(2)
@pytest.mark.hint("exp(1000) is inf: torch.logsumexp subtracts the largest first")
def test_cross_entropy_large(student: Any, reference: Any, generator: torch.Generator) -> None:
    """cross_entropy is finite and right for logits of 1000 and -1000."""
    logits = 1000 * torch.sign(normal(generator, 8, 5)) + normal(generator, 8, 5)
    for y in (logits.argmax(1), logits.argmin(1)):
        right = float(reference.makemore.cross_entropy(logits, y))
        assert abs(loss_of(student, logits, y) - right) < 1e-3 * (1 + right), "the loss is wrong"


@pytest.mark.about("cross_entropy")
@pytest.mark.points(1)
@pytest.mark.hint("a tensor with its graph, not a float")
def test_cross_entropy_gradient(student: Any, generator: torch.Generator) -> None:
    """The gradient of cross_entropy with respect to the logits is (softmax - one-hot) / B."""
    logits, y = normal(generator, 7, 5), indices(generator, 5, 7)
    one = torch.tensor(1.0)
    result = student.probe.input_gradient(student.makemore.cross_entropy, [logits, y], one)
    right = (logits.softmax(1) - torch.eye(5)[y]) / 7
    expect.close(result, right, "the gradient with respect to the logits")


@pytest.mark.about("learning_rate")
@pytest.mark.points(2)
@pytest.mark.hint("step < 0.75 * max_steps")
def test_learning_rate(student: Any) -> None:
    """learning_rate is 0.1, then 0.01 in the last quarter of the steps."""
    right = {}
    for max_steps in (200_000, 1000, 8, 12):
        first = math.ceil(0.75 * max_steps)
        for step in (0, 1, first - 1, first, max_steps - 1):
            right[step, max_steps] = 0.1 if step < first else 0.01
    rates = [student.makemore.learning_rate(*steps) for steps in right]
    rates = [expect.number(rate, "learning_rate's result") for rate in rates]
    for (step, max_steps), rate in zip(right, rates, strict=True):
        assert abs(rate - right[step, max_steps]) < 1e-9, (
            f"the learning rate of step {step} of {max_steps:,} should be {right[step, max_steps]}"
        )


def stepped(
    student: Any, generator: torch.Generator, lr: float
) -> tuple[list[torch.Tensor], list[torch.Tensor], list[tuple[Any, ...]]]:
    shapes = ((3, 4), (4,), ())
    values, gradients = ([normal(generator, *shape) for shape in shapes] for _ in range(2))
    after = student.probe.after_sgd_step(student.makemore.sgd_step, values, gradients, lr)
    result = expect.items(after, len(shapes), "the parameters")
    pairs = [expect.items(pair, 2, "a parameter and its gradient") for pair in result]
    return values, gradients, pairs


@pytest.mark.about("sgd_step")
@pytest.mark.points(2)
@pytest.mark.hint("parameter.data -= lr * parameter.grad: in place, without a graph")
def test_sgd_step(student: Any, generator: torch.Generator) -> None:
    """sgd_step changes each parameter in place by -lr times its gradient."""
    for lr in (0.1, 2.5):
        values, gradients, after = stepped(student, generator, lr)
        for value, gradient, (parameter, _) in zip(values, gradients, after, strict=True):
            expect.close(parameter, value - lr * gradient, "a parameter after sgd_step")


@pytest.mark.about("sgd_step")
@pytest.mark.points(1)
@pytest.mark.hint("set parameter.grad to None or zeros: otherwise gradients add up")
def test_sgd_forgets(student: Any, generator: torch.Generator) -> None:
    """sgd_step clears every gradient, so that the next is not added to it."""
    values, gradients, after = stepped(student, generator, 0.1)
    for value, gradient, (parameter, grad) in zip(values, gradients, after, strict=True):
        expect.close(parameter, value - 0.1 * gradient, "a parameter after sgd_step")
        empty = grad is None or (isinstance(grad, torch.Tensor) and not bool(grad.any()))
        assert empty, "sgd_step should clear every gradient"


@pytest.mark.about("train")
@pytest.mark.points(3)
@pytest.mark.hint("draw with torch.randint and the generator; use each step's own rate")
def test_train(student: Any, reference: Any, generator: torch.Generator, worker_seed: int) -> None:
    """train gives the reference's losses, from the same weights and batches."""
    theirs, ours = wavenets(student, reference, generator, 9, 4, 5, 8)
    student.makemore.init_weights(theirs)
    reference.makemore.init_weights(ours)
    x, y = indices(generator, 9, 60, 4), indices(generator, 9, 60)
    arguments = (x, y, 12, 16)
    train, seeded = student.makemore.train, student.probe.with_generator
    result = seeded(train, worker_seed, theirs, *arguments)
    own = reference.probe.with_generator(reference.makemore.train, worker_seed, ours, *arguments)
    result = expect.items(result, 12, "train's losses")
    losses = torch.tensor([expect.number(loss, "a loss") for loss in result])
    expect.close(losses, torch.tensor(own), "train's losses", atol=2e-3, rtol=1e-3)
    right = ours.parameters()
    for mine, wanted in zip(matching(theirs, [p.shape for p in right]), right, strict=True):
        expect.close(mine, wanted, "a parameter after training", atol=5e-3, rtol=1e-2)


@pytest.mark.slow
@pytest.mark.limit(60)
@pytest.mark.about("train")
@pytest.mark.points(3)
@pytest.mark.hint("pass the tests of the other parts first: this one needs them all")
def test_learns(student: Any, reference: Any, seed: int, worker_seed: int) -> None:
    """After a few seconds of training, your model predicts the characters of new names."""
    names = reference.embedded.build(3600, seed)
    stoi = hidden_indices(names, seed)
    model = learn(student, reference, names[:2600], stoi, worker_seed)
    loss = hidden_loss(reference, model, names[2600:], stoi)
    assert loss < ENOUGH, (
        f"the loss on new names is {loss:.2f}, hardly better than guessing; "
        f"it should be below {ENOUGH}"
    )


@pytest.mark.about("init_weights", "cross_entropy", "learning_rate", "sgd_step", "train")
@pytest.mark.points(1)
@pytest.mark.hint("torch.logsumexp, parameter.grad")
def test_by_hand(
    student: Any, reference: Any, generator: torch.Generator, worker_seed: int
) -> None:
    """cross_entropy, sgd_step, init_weights and train compute with elementary operations."""
    make, ours = student.makemore, reference.makemore
    logits, y = normal(generator, 6, 4), indices(generator, 4, 6)
    result = by_hand.run(student, by_hand.CROSS_ENTROPY, make.cross_entropy, [logits, y])
    right = float(ours.cross_entropy(logits, y))
    assert abs(expect.number(result, "cross_entropy's result") - right) < 1e-4, "the loss is wrong"
    values, gradients = [normal(generator, 3, 4)], [normal(generator, 3, 4)]
    step = [values, gradients, 0.1]
    result = by_hand.run(student, by_hand.SGD_STEP, make.sgd_step, step, "after_sgd_step")
    pair = expect.items(expect.items(result, 1, "the parameters")[0], 2, "a parameter")
    expect.close(pair[0], values[0] - 0.1 * gradients[0], "a parameter after sgd_step")
    weight = normal(generator, 9, 9)
    theirs, own = student.probe.row_model(weight), reference.probe.row_model(weight)
    by_hand.run(student, by_hand.INIT_WEIGHTS, make.init_weights, [theirs])
    ours.init_weights(own)
    arguments = [worker_seed, theirs, indices(generator, 9, 40, 4), indices(generator, 9, 40), 4, 8]
    result = by_hand.run(student, by_hand.TRAIN, make.train, arguments, "with_generator")
    right = reference.probe.with_generator(ours.train, worker_seed, own, *arguments[2:])
    losses = [expect.number(x, "a loss") for x in expect.items(result, 4, "train's losses")]
    expect.close(torch.tensor(losses), torch.tensor(right), "train's losses", atol=1e-3)
