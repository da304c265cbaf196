"""Leaves files, links, pipes and locks in every folder, with every attribute.

layer: namespaces
outcome: as without it
plain: not run
"""
# ruff: noqa

import os

for folder in (
    "/",
    "/tmp",
    "/dev",
    "/dev/shm",
    "/dev/pts",
    "/submission/src",
    "/libraries",
    "/usr",
):
    for number, make in enumerate(
        (
            lambda path: os.mkdir(path),
            lambda path: os.mkfifo(path),
            lambda path: os.symlink("/etc/passwd", path),
            lambda path: os.mknod(path, 0o100777),
            lambda path: open(path, "w").write("here"),
            lambda path: os.chmod(open(path, "w").name, 0o4777),
        )
    ):
        try:
            make(f"{folder}/hostile-{number}")
        except OSError:
            pass
