"""Connects to services on the machine's loopback, and offers one itself.

layer: system call filter
outcome: as without it
plain: not run
"""
# ruff: noqa

import socket

for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX, socket.AF_NETLINK, 17, 40, 38):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW):
        try:
            socket.socket(family, kind)
            print("ESCAPED: a socket of family", family)
        except OSError:
            pass
for port in (22, 80, 631, 8080, 8888):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=0.2)
        print("ESCAPED: port", port)
    except OSError:
        pass
