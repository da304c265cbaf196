"""Looks for folders that are not Python's: sources, data, homes, other environments.

layer: namespaces
outcome: as without it
plain: not run
"""
# ruff: noqa

import os

PARTS = {"bin", "lib", "lib32", "lib64", "libexec", "pyvenv.cfg"}
for folder, known in (
    ("/environment", PARTS),
    ("/usr", PARTS | {"local"}),
    ("/usr/local", PARTS),
    ("/libraries", {"course", "grader"}),
    ("/libraries/grader", {"__init__.py", "boundary", "intake"}),
    ("/submission", {"src"}),
):
    more = set(os.listdir(folder)) - known if os.path.isdir(folder) else set()
    if more:
        print("ESCAPED:", folder, "shows", sorted(more))
for name in ("work", "home", "root", "srv", "mnt", "media", "opt", "data", "var"):
    for _, _, files in os.walk("/" + name):
        if any(file in ("test_toy.py", "assignment.toml") for file in files):
            print("ESCAPED: the course lies in /" + name)
