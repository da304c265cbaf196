"""Reads the machine's name and its uptime, users and mounts, and gives itself another name.

layer: namespaces
outcome: as without it
plain: not run
"""
# ruff: noqa

import os
import socket

if socket.gethostname() != "sandbox" or os.uname().nodename != "sandbox":
    print("ESCAPED: the machine is called", socket.gethostname())
try:
    socket.sethostname("mine")
    print("ESCAPED: the name is set")
except OSError:
    pass
for path in ("/etc/hostname", "/etc/passwd", "/proc/uptime", "/proc/mounts", "/var/run/utmp"):
    if os.path.exists(path):
        print("ESCAPED: there is", path)
