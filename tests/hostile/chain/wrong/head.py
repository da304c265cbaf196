"""The work's second file, which is right: of its 3 points of 10, 2 are carried."""

import chain


class Head:
    def __init__(self, weight):
        self.weight = weight

    def forward(self, x):
        # as handed in: a graft has no comments
        return chain.mix(x) @ self.weight
