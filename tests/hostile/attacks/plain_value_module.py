"""Puts plain values where functions and modules are expected.

layer: verdict outside
outcome: failed
plain: not run
"""
# ruff: noqa

import sys

mean = 3.0
count = "count"
predict = [0, 1]
shift = None
Model = torch.zeros(3)
sys.modules[__name__] = 7
