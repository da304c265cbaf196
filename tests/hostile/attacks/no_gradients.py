"""Turns gradients off for the whole process, and inference mode on.

layer: own process
outcome: as without it
plain: not run
"""
# ruff: noqa

torch.set_grad_enabled(False)
torch._C._InferenceMode(True).__enter__()
