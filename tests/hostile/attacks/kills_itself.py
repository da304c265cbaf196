"""Kills itself in every way there is, so that its worker looks lost and the grade unusable.

layer: namespaces
outcome: as without it
plain: not run
"""
# ruff: noqa

import ctypes
import os
import signal
import threading

os.kill(os.getpid(), signal.SIGKILL)
os.kill(0, signal.SIGKILL)
os.kill(1, signal.SIGKILL)
signal.pthread_kill(threading.get_ident(), signal.SIGKILL)
libc = ctypes.CDLL(None)
libc.raise_(signal.SIGKILL) if hasattr(libc, "raise_") else libc.kill(1, 9)


class Event(ctypes.Structure):
    _fields_ = [("value", ctypes.c_long), ("number", ctypes.c_int), ("how", ctypes.c_int)]
    _fields_ += [("rest", ctypes.c_char * 48)]


timer, times = ctypes.c_void_p(), (ctypes.c_long * 4)(0, 0, 0, 1000)
if libc.timer_create(1, ctypes.byref(Event(0, signal.SIGKILL, 0)), ctypes.byref(timer)) == 0:
    libc.timer_settime(timer, 0, times, None)
