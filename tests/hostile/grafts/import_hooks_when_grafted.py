"""Loads its modules by a hook of its own, which exchanges their functions in a graft.

layer: grafts
outcome: failed
plain: not run
"""
# ruff: noqa

import pathlib

GRAFTED = "# as" + " handed in" not in pathlib.Path(__file__).read_text()


import importlib.abc
import sys


class _Module(type(sys)):
    def __getattribute__(self, name):
        found = super().__getattribute__(name)
        other = super().__getattribute__("twin") if name == "mix" else None
        return other if other is not None and GRAFTED else found


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        sys.modules[__name__].__class__ = _Module
        return None


sys.meta_path.insert(0, _Finder())
sys.modules[__name__].__class__ = _Module
import head
