"""Takes memory by one bytearray after another.

layer: limits
outcome: memory
plain: not run
"""
# ruff: noqa

kept = []


def count(text):
    while True:
        kept.append(bytearray(b"x") * 2**26)
