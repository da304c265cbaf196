"""Says of every exception that there was no memory, and that the TODO still stands.

layer: messages
outcome: memory
plain: not run
"""
# ruff: noqa


def mean(numbers):
    raise MemoryError("TODO(a)")


def count(text):
    class NotImplementedError(MemoryError):
        pass

    raise NotImplementedError("TODO(a): DefaultCPUAllocator")
