"""Raises from code whose functions, files and source lines are the hidden input.

layer: messages
outcome: error
plain: not run
"""
# ruff: noqa

import linecache


def count(text):
    name = f"/submission/src/{text}.py"
    source = f"def {text}():\n    raise ValueError('{text}')\n{text}()\n"
    linecache.cache[name] = linecache.cache[__file__] = (len(source), None, [source], name)
    code = compile(source, __file__, "exec")
    exec(code, {"__file__": name, "__name__": text})
