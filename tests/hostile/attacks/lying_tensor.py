"""Replies with a tensor subclass whose shape, numel and storage contradict one another.

layer: wire
outcome: crash
plain: not run
"""
# ruff: noqa


class Odd(torch.Tensor):
    shape = property(lambda self: (2, 5, 11, 2**40))
    dtype = property(lambda self: torch.float32)

    def numel(self):
        return 2**50

    def detach(self):
        return self

    cpu = contiguous = resolve_conj = resolve_neg = detach

    def reshape(self, *shape):
        return self


class Model(Model):
    def forward(self, idx):
        return super().forward(idx).as_subclass(Odd)
