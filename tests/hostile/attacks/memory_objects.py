"""Takes memory by a great many Python objects.

layer: limits
outcome: memory
plain: not run
"""
# ruff: noqa


def count(text):
    kept = [text]
    while True:
        kept += [bytes(10_000) for _ in range(1_000)]
