"""Reaches for the host's unix sockets, abstract ones too, from the end of a socket pair.

layer: namespaces
outcome: as without it
plain: not run
"""
# ruff: noqa

import glob
import socket

end, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
names = ["/run/dbus/system_bus_socket", "/var/run/docker.sock", "/dev/log", "\0hostile-abstract"]
for name in [*names, *glob.glob("/tmp/**/S.*", recursive=True), "/tmp/.X11-unix/X0"]:
    try:
        end.sendto(b"hello", name)
        print("ESCAPED: sent to", repr(name))
    except OSError:
        pass
    try:
        end.connect(name)
        print("ESCAPED: connected to", repr(name))
    except OSError:
        pass
