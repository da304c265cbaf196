"""Replaces the wire and the worker's operations in its own process by some that say "passed".

layer: verdict outside
outcome: crash
plain: not run
"""
# ruff: noqa

try:
    from grader.boundary import wire

    wire.encode = lambda value, to_handle=None: [wire.HEADER.pack(7, 0), b"\xa6passed"]
except ImportError:
    pass
