"""Hands in a module called grader, in the place of the one that the worker is made of.

layer: own process
outcome: as without it
plain: nothing
"""
# ruff: noqa

try:
    import grader.boundary.wire
except ImportError:
    pass
# file: src/grader.py
print("ESCAPED: grader is the student's")
