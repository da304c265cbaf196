"""Hands in its own copy of a given file.

layer: submission
outcome: as without it
plain: nothing
"""
# ruff: noqa

# file: src/given.py
print("ESCAPED: the given file is the student's")
V = 11


def encode(text):
    return [0] * len(text)
