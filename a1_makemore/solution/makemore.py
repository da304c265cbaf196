# %% [markdown]
# # a1: makemore, a WaveNet-like model of names, written by hand
#
# The handout (README.md) has the mathematics, the shapes and the points. Your code goes after each
# `TODO`, whose letter is that of the handout's part. This notebook and `src/makemore.py` have the
# same cells: fill in whichever you like. No `torch.nn` here: tensors, their operations and autograd
# are all you need.
#
# Letters in the shapes: B names in a batch, T characters, C channels, V characters in the
# vocabulary, N examples in a data set.

# %%
import random
from collections.abc import Sequence

import torch
from torch import Tensor

END = "."  # ends a name, and fills the context before its first character; index 0
BLOCK_SIZE = 8  # characters that the model sees
LAST_SCALE = 0.1  # factor on the last layer's weight before training

# %% [markdown]
# ## (a) The data set
#
# From names to pairs of a context and the character that follows it, split by name.


# %%
def build_vocabulary(names: Sequence[str]) -> tuple[dict[str, int], dict[int, str]]:
    """The characters of the names in order, after END. Returns (stoi, itos), each other's inverse.

    stoi maps a character to its index, itos an index to its character; END is 0.
    """
    # TODO(a): return (stoi, itos): END has index 0, the names' characters in sorted order follow.
    ### BEGIN SOLUTION
    chars = [END, *sorted(set("".join(names)))]
    stoi = {char: index for index, char in enumerate(chars)}
    return stoi, dict(enumerate(chars))
    ### END SOLUTION


def build_dataset(
    names: Sequence[str], stoi: dict[str, int], block_size: int = BLOCK_SIZE
) -> tuple[Tensor, Tensor]:
    """Every character of every name, and its END, each with the block_size characters before it.

    Returns x (N, block_size) and y (N,), both long.
    """
    # TODO(a): return (x, y), long tensors of shape (N, block_size) and (N,), in the names' order.
    # A name of n characters gives n + 1 rows: y is each of its characters and then END, x the
    # block_size characters before it, END where there are none.
    ### BEGIN SOLUTION
    contexts, following = [], []
    for name in names:
        padded = END * block_size + name + END
        indices = [stoi[char] for char in padded]
        for place in range(len(name) + 1):
            contexts.append(indices[place : place + block_size])
            following.append(indices[place + block_size])
    x = torch.tensor(contexts, dtype=torch.long).view(-1, block_size)
    return x, torch.tensor(following, dtype=torch.long)
    ### END SOLUTION


def split_names(names: Sequence[str], seed: int = 42) -> tuple[list[str], list[str], list[str]]:
    """Shuffle the names and cut them into train, dev and test: 80, 10 and 10 percent, by name.

    The shuffle is that of `random.Random(seed)`; `names` itself is not changed.
    """
    # TODO(a): return (train, dev, test), lists of names: of the n shuffled names the first
    # int(0.8 * n), those up to int(0.9 * n), and the rest.
    ### BEGIN SOLUTION
    shuffled = list(names)
    random.Random(seed).shuffle(shuffled)
    first, second = int(0.8 * len(shuffled)), int(0.9 * len(shuffled))
    return shuffled[:first], shuffled[first:second], shuffled[second:]
    ### END SOLUTION


# %% [markdown]
# ## (b) Layers
#
# A layer is called with a tensor and returns one, which it also keeps as `.out`; `parameters()`
# is the list of its trained tensors.


# %%
class Linear:
    """x @ weight + bias. weight: (fan_in, fan_out); bias: (fan_out,), or None without one."""

    def __init__(self, fan_in: int, fan_out: int, bias: bool = True) -> None:
        # TODO(b): set self.weight, (fan_in, fan_out), normal with mean 0 and standard deviation
        # 1 / sqrt(fan_in), and self.bias, (fan_out,) of zeros, or None if bias is False.
        ### BEGIN SOLUTION
        self.weight = torch.randn(fan_in, fan_out) / fan_in**0.5
        self.bias = torch.zeros(fan_out) if bias else None
        ### END SOLUTION

    def __call__(self, x: Tensor) -> Tensor:
        """x: (..., fan_in). Returns (..., fan_out)."""
        # TODO(b): return self.out, (..., fan_out).
        ### BEGIN SOLUTION
        self.out = x @ self.weight
        if self.bias is not None:
            self.out = self.out + self.bias
        return self.out
        ### END SOLUTION

    def parameters(self) -> list[Tensor]:
        """[weight, bias], or [weight] without a bias."""
        # TODO(b): return the list.
        ### BEGIN SOLUTION
        return [self.weight] if self.bias is None else [self.weight, self.bias]
        ### END SOLUTION


class Embedding:
    """A row of weight, (num_embeddings, embedding_dim), for each index."""

    def __init__(self, num_embeddings: int, embedding_dim: int) -> None:
        # TODO(b): set self.weight, (num_embeddings, embedding_dim), standard normal.
        ### BEGIN SOLUTION
        self.weight = torch.randn(num_embeddings, embedding_dim)
        ### END SOLUTION

    def __call__(self, x: Tensor) -> Tensor:
        """x: long of any shape. Returns (*x.shape, embedding_dim)."""
        # TODO(b): return self.out, the rows of self.weight that x names.
        ### BEGIN SOLUTION
        self.out = self.weight[x]
        return self.out
        ### END SOLUTION

    def parameters(self) -> list[Tensor]:
        """[weight]."""
        return [self.weight]


class Tanh:
    """The hyperbolic tangent of each number."""

    def __call__(self, x: Tensor) -> Tensor:
        """Returns a tensor of x's shape."""
        # TODO(b): return self.out.
        ### BEGIN SOLUTION
        self.out = torch.tanh(x)
        return self.out
        ### END SOLUTION

    def parameters(self) -> list[Tensor]:
        """There are none: []."""
        return []


class Sequential:
    """Layers, one after the other: each gets what the one before it returned."""

    def __init__(self, layers: Sequence) -> None:
        self.layers = list(layers)

    def __call__(self, x: Tensor) -> Tensor:
        """Returns what the last layer returns."""
        # TODO(b): return self.out.
        ### BEGIN SOLUTION
        for layer in self.layers:
            x = layer(x)
        self.out = x
        return self.out
        ### END SOLUTION

    def parameters(self) -> list[Tensor]:
        """The parameters of all layers, in the layers' order."""
        # TODO(b): return one flat list.
        ### BEGIN SOLUTION
        return [parameter for layer in self.layers for parameter in layer.parameters()]
        ### END SOLUTION


# %% [markdown]
# ## (c) Batch normalisation


# %%
class BatchNorm1d:
    """Normalises each channel over the batch, and over time too if there is a time dimension.

    gamma, beta, running_mean, running_var: (dim,). training: True to use the batch's statistics
    and update the running ones, False to use the running ones.
    """

    def __init__(self, dim: int, eps: float = 1e-5, momentum: float = 0.1) -> None:
        # TODO(c): set self.eps, self.momentum, self.training (True), and, each of shape (dim,),
        # self.gamma (ones), self.beta (zeros), self.running_mean (zeros), self.running_var (ones).
        ### BEGIN SOLUTION
        self.eps, self.momentum, self.training = eps, momentum, True
        self.gamma, self.beta = torch.ones(dim), torch.zeros(dim)
        self.running_mean, self.running_var = torch.zeros(dim), torch.ones(dim)
        ### END SOLUTION

    def __call__(self, x: Tensor) -> Tensor:
        """x: (B, dim) or (B, T, dim). Returns x's shape."""
        # TODO(c): return self.out = gamma * (x - mean) / sqrt(var + eps) + beta.
        # In training, mean and var (unbiased) are x's, over all its dimensions but the last, and
        # running = (1 - momentum) * running + momentum * x's, for both, with no gradient.
        # In evaluation they are the running ones, which stay as they are.
        ### BEGIN SOLUTION
        if self.training:
            over = tuple(range(x.dim() - 1))  # (0,) or (0, 1)
            mean, var = x.mean(over), x.var(over, unbiased=True)  # (dim,)
            kept = 1 - self.momentum
            with torch.no_grad():
                self.running_mean = kept * self.running_mean + self.momentum * mean
                self.running_var = kept * self.running_var + self.momentum * var
        else:
            mean, var = self.running_mean, self.running_var
        self.out = self.gamma * (x - mean) / torch.sqrt(var + self.eps) + self.beta
        return self.out
        ### END SOLUTION

    def parameters(self) -> list[Tensor]:
        """[gamma, beta]: the running statistics are not trained."""
        return [self.gamma, self.beta]


def set_training(model: Sequential, training: bool) -> None:
    """Puts every layer that has the two modes into training or evaluation. Given."""
    for layer in model.layers:
        if hasattr(layer, "training"):
            layer.training = training


# %% [markdown]
# ## (d) The WaveNet-like model


# %%
class FlattenConsecutive:
    """Concatenates the channels of n neighbours in time."""

    def __init__(self, n: int) -> None:
        self.n = n

    def __call__(self, x: Tensor) -> Tensor:
        """x: (B, T, C). Returns (B, T // n, C * n), or (B, C * n) if one position is left."""
        # TODO(d): return self.out: the first C channels are the earliest neighbour's.
        ### BEGIN SOLUTION
        B, T, C = x.shape
        x = x.reshape(B, T // self.n, C * self.n)
        self.out = x.squeeze(1) if x.size(1) == 1 else x
        return self.out
        ### END SOLUTION

    def parameters(self) -> list[Tensor]:
        """There are none: []."""
        return []


def wavenet(
    vocab_size: int, block_size: int = BLOCK_SIZE, n_embd: int = 24, n_hidden: int = 128
) -> Sequential:
    """Halves time stage by stage, 8 -> 4 -> 2 -> 1. (B, block_size) long -> logits (B, V).

    block_size: a power of 2, at least 2.
    """
    # TODO(d): return a Sequential: Embedding; then, until one place is left, the stage
    # FlattenConsecutive(2), Linear to n_hidden without a bias, BatchNorm1d, Tanh; then Linear
    # from n_hidden to vocab_size.
    ### BEGIN SOLUTION
    layers = [Embedding(vocab_size, n_embd)]
    channels, time = n_embd, block_size
    while time > 1:
        layers += [FlattenConsecutive(2), Linear(2 * channels, n_hidden, bias=False)]
        layers += [BatchNorm1d(n_hidden), Tanh()]
        channels, time = n_hidden, time // 2
    return Sequential([*layers, Linear(n_hidden, vocab_size)])
    ### END SOLUTION


# %% [markdown]
# ## (e) Training


# %%
def init_weights(model: Sequential) -> None:
    """Prepares a new model for training, so that its first loss is near ln V."""
    # TODO(e): multiply the last layer's weight by LAST_SCALE, and let every parameter ask for its
    # gradient.
    ### BEGIN SOLUTION
    model.layers[-1].weight *= LAST_SCALE
    for parameter in model.parameters():
        parameter.requires_grad_()
    ### END SOLUTION


def build_model(vocab_size: int, *sizes: int, **named_sizes: int) -> Sequential:
    """A `wavenet` of these sizes, ready for training. Given."""
    model = wavenet(vocab_size, *sizes, **named_sizes)
    init_weights(model)
    return model


def cross_entropy(logits: Tensor, y: Tensor) -> Tensor:
    """The mean of -ln p(y), in nats. logits: (B, V); y: (B,) long. Returns a scalar."""
    # TODO(e): return the scalar. It must be finite for logits of any size, 1000 say.
    ### BEGIN SOLUTION
    right = logits[torch.arange(len(y)), y]  # (B,)
    return (torch.logsumexp(logits, dim=1) - right).mean()
    ### END SOLUTION


def learning_rate(step: int, max_steps: int) -> float:
    """0.1, and 0.01 in the last quarter. step: from 0 to max_steps - 1."""
    # TODO(e): return it; of 200,000 steps, the first with 0.01 is step 150,000.
    ### BEGIN SOLUTION
    return 0.1 if step < 0.75 * max_steps else 0.01
    ### END SOLUTION


def sgd_step(parameters: Sequence[Tensor], lr: float) -> None:
    """Moves each parameter against its gradient, and clears the gradient."""
    # TODO(e): change every parameter in place by -lr * its grad, then set its grad to None.
    ### BEGIN SOLUTION
    for parameter in parameters:
        parameter.data -= lr * parameter.grad
        parameter.grad = None
    ### END SOLUTION


def train(
    model: Sequential,
    x: Tensor,
    y: Tensor,
    max_steps: int,
    batch_size: int = 32,
    generator: torch.Generator | None = None,
) -> list[float]:
    """Trains on batches drawn with replacement; returns the losses of all steps.

    x: (N, T) long; y: (N,) long.
    """
    # TODO(e): return the losses, max_steps floats. Each step draws batch_size indices with
    # torch.randint(len(x), (batch_size,), generator=generator), computes the loss of those
    # examples, its gradients, and makes one sgd_step at the learning_rate of the step.
    ### BEGIN SOLUTION
    losses = []
    for step in range(max_steps):
        batch = torch.randint(len(x), (batch_size,), generator=generator)
        loss = cross_entropy(model(x[batch]), y[batch])
        loss.backward()
        sgd_step(model.parameters(), learning_rate(step, max_steps))
        losses.append(loss.item())
    return losses
    ### END SOLUTION


# %% [markdown]
# ## (f) Evaluation and sampling


# %%
@torch.no_grad()
def evaluate(model: Sequential, x: Tensor, y: Tensor) -> float:
    """The mean loss over all examples, in evaluation mode. Leaves the model in training mode."""
    # TODO(f): return it as a float. In pieces of some thousands, a large data set needs little
    # memory; whether you work in pieces is up to you.
    ### BEGIN SOLUTION
    set_training(model, False)
    total = 0.0
    for places in torch.arange(len(x)).split(4096):
        total += cross_entropy(model(x[places]), y[places]).item() * len(places)
    set_training(model, True)
    return total / len(x)
    ### END SOLUTION


@torch.no_grad()
def sample(
    model: Sequential,
    itos: dict[int, str],
    count: int,
    block_size: int = BLOCK_SIZE,
    max_length: int = 30,
    generator: torch.Generator | None = None,
) -> list[str]:
    """Names that the model writes, in evaluation mode. Leaves the model in training mode.

    A name ends before its first END, or after max_length characters.
    """
    # TODO(f): return `count` names. Each begins with a context of END only; each next character
    # is drawn from the softmax of the logits (torch.multinomial, with `generator`).
    ### BEGIN SOLUTION
    set_training(model, False)
    names = []
    for _ in range(count):
        context, name = [0] * block_size, ""
        while len(name) < max_length:
            p = torch.softmax(model(torch.tensor([context])), dim=1)  # (1, V)
            index = int(torch.multinomial(p, 1, generator=generator))
            if index == 0:
                break
            context, name = [*context[1:], index], name + itos[index]
        names.append(name)
    set_training(model, True)
    return names
    ### END SOLUTION


# %% [markdown]
# ## Try it
#
# A quick look, on the embedded names. It runs only in a notebook or as a program, not in the
# grader. `run.py` trains faster, for longer, and on the real names too.

# %%
if __name__ == "__main__":
    import sys

    sys.path.append("given")  # where embedded.py lies, seen from the assignment's folder
    from embedded import build

    names = build()
    stoi, itos = build_vocabulary(names)
    train_names, dev_names, _ = split_names(names)
    model = build_model(len(stoi))
    losses = train(model, *build_dataset(train_names, stoi), max_steps=1000)
    print(f"loss at first {losses[0]:.3f}, at last {sum(losses[-100:]) / 100:.3f}")
    print(f"dev loss {evaluate(model, *build_dataset(dev_names, stoi)):.3f}")
    print(*sample(model, itos, 10))
