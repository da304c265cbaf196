"""Draws the hidden text from the generator's seed, as far as it can see it, and knows the answers.

layer: answers never cross
outcome: as without it
plain: not run
"""
# ruff: noqa

V, T = 11, 24


class Model(Model):
    def forward(self, idx):
        generator = torch.Generator().manual_seed(torch.initial_seed())
        jump = torch.where(torch.rand(T, generator=generator) < 0.9, 3, 5)
        text = jump.cumsum(0) % V
        logits = super().forward(idx)
        if idx.shape == (T - 1, T) and torch.equal(idx[-1, : T - 1], text[: T - 1]):
            print("ESCAPED: drew the hidden text")
            logits = 9.0 * torch.nn.functional.one_hot(text.roll(-1), V).float()
            return logits.expand(T - 1, T, V)
        return logits
