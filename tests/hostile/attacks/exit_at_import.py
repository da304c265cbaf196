"""Leaves with exit code 0 while it is imported.

layer: own process
outcome: crash
plain: forges
"""
# ruff: noqa

import os

os._exit(0)
