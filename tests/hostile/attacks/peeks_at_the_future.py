"""Its model gives the next token, which it sees in its own input, all the probability.

layer: answers never cross
outcome: failed
plain: forges
"""
# ruff: noqa


class Model(Model):
    def forward(self, idx):
        return (
            20.0 * torch.nn.functional.one_hot(idx.roll(-1, dims=1), V).float()
            + 0 * self.table[0, 0]
        )
