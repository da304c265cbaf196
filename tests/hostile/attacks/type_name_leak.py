"""Raises an exception whose type's name, module and notes are the hidden input.

layer: messages
outcome: error
plain: not run
"""
# ruff: noqa


def count(text):
    error = type(text, (Exception,), {"__module__": text})(text)
    error.add_note(text)
    raise error from RuntimeError(text)
