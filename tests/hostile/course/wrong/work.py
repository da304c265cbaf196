"""Wrong work on the toy course, that earns 3 of 10 points: shift, count and the model's shape."""

import torch
from given import V, encode
from torch import nn


def mean(numbers):
    return float(sum(numbers))


def shift(text):
    indices = torch.tensor(encode(text))
    return indices[:-1], indices[1:]


def count(text):
    return {letter: text.count(letter) for letter in set(text)}


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Parameter(torch.zeros(V, V))

    def forward(self, idx):
        seen = self.table[idx].detach().mean(1, keepdim=True)
        return (seen + idx.float().mean()).expand(*idx.shape, V) + 0.0


def predict(texts):
    return [0] * len(texts)
