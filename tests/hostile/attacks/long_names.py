"""Raises with a type's name, a function's name and a file's name of megabytes.

layer: wire
outcome: error
plain: not run
"""
# ruff: noqa


def count(text):
    name = "x" * 2**20
    namespace = {}
    exec(
        compile(f"def {name}(): raise type('{name}', (Exception,), {{}})()", __file__, "exec"),
        namespace,
    )
    namespace[name]()
