"""Raises through functions and lines whose order spells the hidden input.

layer: messages
outcome: error
plain: not run
"""
# ruff: noqa


def count(text):
    source = "\n".join(
        f"def {chr(97 + n)}(rest):\n    globals()[rest[0]](rest[1:])" for n in range(26)
    )
    source += "\ndef CANARY(rest):\n    raise ValueError(rest)\n"
    scope = {}
    exec(compile(source, __file__, "exec"), scope)
    scope["c"](["a", "n", "a", "r", "y", "CANARY", text])
