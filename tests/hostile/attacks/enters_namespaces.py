"""Makes, enters and rearranges namespaces and mounts: unshare, setns, mount, chroot, pivot_root.

layer: system call filter
outcome: as without it
plain: not run
"""
# ruff: noqa

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
for flag in (0x10000000, 0x20000, 0x20000000, 0x40000000, 0x10020000):
    if libc.unshare(flag) == 0:
        print("ESCAPED: unshare", hex(flag))
if libc.mount(b"none", b"/tmp", b"tmpfs", 0, None) == 0 or libc.umount2(b"/proc", 2) == 0:
    print("ESCAPED: mount")
if libc.umount2(b"/submission", 2) == 0 or libc.chroot(b"/tmp") == 0:
    print("ESCAPED: chroot")
if libc.setns(3, 0) == 0 or libc.syscall(155, b"/tmp", b"/tmp") == 0:
    print("ESCAPED: setns")
for number in (428, 430, 433, 442):
    if libc.syscall(number, -100, b"/", 1) >= 0:
        print("ESCAPED: system call", number)
