# ruff: noqa
# Goes to the end of the right solution, in a container: looks for what is not this worker's own.
import os
import stat

if os.listdir(os.environ["TMPDIR"]):
    raise RuntimeError(f"the temporary folder holds {os.listdir(os.environ['TMPDIR'])}")
for folder in ("/", "/tmp", "/dev", "/dev/shm", "/proc", "/proc/self", "/home", "/root", "/etc"):
    try:
        raise RuntimeError(f"{folder} holds {os.listdir(folder)}")
    except (PermissionError, FileNotFoundError):
        pass
names = {name for _, folders, files in os.walk(os.getcwd()) for name in folders + files}
if names - {"src", "work.py", "given.py", "__pycache__"}:
    raise RuntimeError(f"the submission's folder holds {names}")
kinds = []
for descriptor in range(256):
    try:
        kinds.append(stat.S_IFMT(os.fstat(descriptor).st_mode))
    except OSError:
        pass
if kinds != [stat.S_IFCHR, stat.S_IFIFO, stat.S_IFIFO, stat.S_IFSOCK]:
    raise RuntimeError(f"descriptors: {kinds}")
