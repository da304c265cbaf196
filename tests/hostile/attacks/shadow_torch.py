"""Hands in modules called torch, numpy, json, msgpack and pytest.

layer: own process
outcome: as without it
plain: nothing
"""
# ruff: noqa

# file: src/torch.py
print("ESCAPED: torch is the student's")
raise SystemExit(0)
# file: src/numpy.py
print("ESCAPED: numpy is the student's")
# file: src/json.py
print("ESCAPED: json is the student's")
# file: src/msgpack.py
print("ESCAPED: msgpack is the student's")
# file: src/pytest.py
print("ESCAPED: pytest is the student's")
