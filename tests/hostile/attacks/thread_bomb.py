"""Starts threads without end, each with a small stack.

layer: watchdog
outcome: crash
plain: not run
"""
# ruff: noqa

import threading

threading.stack_size(32 * 1024)
forever = threading.Event()


def count(text):
    while True:
        try:
            threading.Thread(target=forever.wait, daemon=True).start()
        except RuntimeError:
            pass
