"""Looks for another submission's files, in every folder that submissions lie in.

layer: namespaces
outcome: as without it
plain: not run
"""
# ruff: noqa

import os

mine = os.path.abspath(__file__)
for start in ("/submission", "/tmp", "/dev/shm", "/var", "/home", "/mnt", "/srv", "/opt"):
    for folder, _, files in os.walk(start):
        for name in files:
            path = os.path.join(folder, name)
            if name.endswith(".py") and path not in (mine, "/submission/src/given.py"):
                print("ESCAPED:", path)
