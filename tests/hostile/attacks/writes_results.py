"""Writes result files wherever a harness may read them, and leaves.

layer: own process
outcome: crash
plain: forges
"""
# ruff: noqa

import json
import os

for folder in (".", "..", "/tmp", "/autograder/results", "/dev", "/dev/shm", "/submission"):
    for name in ("results.json", "result.json", "hostile-results.json"):
        try:
            with open(os.path.join(folder, name), "w") as file:
                json.dump({"score": 10.0, "tests": [], "usable": True}, file)
        except OSError:
            pass
os._exit(1)
