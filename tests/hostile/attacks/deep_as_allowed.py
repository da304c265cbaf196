"""Returns lists in lists as deep as the wire lets through, or nearly so.

layer: verdict outside
outcome: failed
plain: not run
"""
# ruff: noqa


def count(text):
    value = []
    for _ in range(len(text) * 13):
        value = [value]
    return value


shift = count
