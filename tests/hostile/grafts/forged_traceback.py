"""Raises from code that says it is another function, in another file, with that one's message.

layer: grafts
outcome: error
plain: not run
"""
# ruff: noqa

import linecache

_LINES = "\n" * 8 + "def forward(self, x):\n    raise RuntimeError('Head.forward is wrong')\n"
linecache.cache["/submission/src/head.py"] = (1, None, _LINES.splitlines(True), "head.py")
_names = {"__name__": "head", "__file__": "/submission/src/head.py"}
exec(compile(_LINES, "/submission/src/head.py", "exec"), _names)


def mix(x):
    return _names["forward"](None, x)


def scale(x):
    _names["forward"].__qualname__ = "Head.forward"
    _names["forward"](None, x)
