"""Takes memory by tensors that are written to.

layer: limits
outcome: memory
plain: not run
"""
# ruff: noqa

kept = []


def count(text):
    while True:
        kept.append(torch.ones(2**24))
