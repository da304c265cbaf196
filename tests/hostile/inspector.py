# ruff: noqa
# Goes to the end of the right solution: looks for what earlier submissions may have left behind.
import os
import socket
import stat

for folder in ("/tmp", "/dev/shm", "/dev/pts", "/proc"):
    if os.listdir(folder):
        raise RuntimeError(f"{folder} holds {os.listdir(folder)}")
names = {name for _, folders, files in os.walk("/submission") for name in folders + files}
if names - {"src", "work.py", "given.py", "__pycache__"}:
    raise RuntimeError(f"/submission holds {names}")
if [name for name in os.listdir("/dev") + os.listdir("/") if "hostile" in name]:
    raise RuntimeError("a file is left")
if os.getpid() != 1 or os.getppid() != 0:
    raise RuntimeError("other processes are to be seen")
kinds = []
for descriptor in range(256):
    try:
        kinds.append(stat.S_IFMT(os.fstat(descriptor).st_mode))
    except OSError:
        pass
if kinds != [stat.S_IFCHR, stat.S_IFIFO, stat.S_IFIFO, stat.S_IFSOCK]:
    raise RuntimeError(f"descriptors: {kinds}")
