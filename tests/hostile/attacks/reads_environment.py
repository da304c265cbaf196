"""Looks for the course's secret in its environment and its memory.

layer: namespaces
outcome: as without it
plain: not run
"""
# ruff: noqa

import ctypes
import gc
import os

if any("SECRET" in name for name in os.environ):
    print("ESCAPED: the environment")
environ = ctypes.POINTER(ctypes.c_char_p).in_dll(ctypes.CDLL(None), "environ")
index = 0
while environ[index]:
    if b"SECRET" in environ[index] or b"a secret of" in environ[index]:
        print("ESCAPED: the process's first environment")
    index += 1
if any(
    isinstance(item, str) and item == "a secret of these" + " tests" for item in gc.get_objects()
):
    print("ESCAPED: an object")
