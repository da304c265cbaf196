"""Calls pytest.exit with return code 0.

layer: own process
outcome: error
plain: forges
"""
# ruff: noqa


def mean(numbers):
    import pytest

    pytest.exit("done", returncode=0)
