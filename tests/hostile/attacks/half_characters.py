"""Returns text of half characters, NULs and direction marks.

layer: wire
outcome: error
plain: not run
"""
# ruff: noqa


def count(text):
    return {"\udc80": 1}


def shift(text):
    return "\x00\u202e\x1b[2J", "\ud800"
