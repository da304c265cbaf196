"""Hands in its own reference, so that its answers are compared with themselves.

layer: own process
outcome: as without it
plain: nothing
"""
# ruff: noqa

import sys

sys.modules["reference"] = sys.modules[__name__]
# file: src/reference.py
from work import *
