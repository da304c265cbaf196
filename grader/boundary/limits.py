"""How much memory, time and disk a worker may use."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """The bounds of one submission's worker."""

    memory_mb: int = 2048  # beyond what an idle worker with torch imported has
    call_seconds: float = 20.0  # of one call, unless a test says otherwise
    total_seconds: float = 240.0  # of the whole suite
    threads: int = 2
    disk_mb: int = 64  # of the private /tmp, and of one file


OUTPUT_BYTES = 64 * 1024  # kept of what a worker prints; the rest is dropped
START_SECONDS = 60.0  # for torch to be imported on a cold machine
WATCH_SECONDS = 0.05  # between two checks of a worker's memory and threads
MAX_THREADS = 512  # of a worker; torch on a large machine starts about a hundred
TEST_BYTES = 2 * 2**30  # that all answers in one test may cost the grader's own memory
