"""Searches the places where the grader itself lies for hidden suites, labels and results.

layer: namespaces
outcome: as without it
plain: not run
"""
# ruff: noqa

import os
import sys

for path in [*sys.path, os.path.dirname(sys.executable), sys.prefix, "/libraries"]:
    for up in range(4):
        root = os.path.abspath(os.path.join(path, *[".."] * up))
        for inner in ("suites", "verdict", "tests", ".git", "shared", "data", "runs"):
            for middle in ("", "grader"):
                found = os.path.join(root, middle, inner)
                if os.path.isdir(found) and "site-packages" not in found and root != "/usr":
                    if not root.startswith(sys.base_prefix):
                        print("ESCAPED:", found)
