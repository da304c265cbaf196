"""Raises SystemExit(0) while it is imported.

layer: own process
outcome: error
plain: nothing
"""
# ruff: noqa

import sys

sys.exit(0)
