"""Hands in sitecustomize.py and usercustomize.py, which Python runs when it starts.

layer: own process
outcome: as without it
plain: nothing
"""
# ruff: noqa

# file: src/sitecustomize.py
print("ESCAPED: sitecustomize")
# file: src/usercustomize.py
print("ESCAPED: usercustomize")
