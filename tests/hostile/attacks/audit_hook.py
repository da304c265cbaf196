"""Sets an audit hook, a profiler and a tracer that run at whatever the worker does.

layer: own process
outcome: as without it
plain: not run
"""
# ruff: noqa

import sys


def _hook(event, arguments):
    if event in ("socket.connect", "open") and "answer" in repr(arguments)[:200]:
        print("ESCAPED: an answer", arguments)


sys.addaudithook(_hook)
sys.setprofile(lambda frame, event, argument: None)
sys.settrace(lambda frame, event, argument: None)
