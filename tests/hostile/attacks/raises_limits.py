"""Raises its limits, its priority and its scheduling class.

layer: limits
outcome: as without it
plain: not run
"""
# ruff: noqa

import os
import resource

for which in range(16):
    try:
        soft, hard = resource.getrlimit(which)
        if hard != resource.RLIM_INFINITY:
            resource.setrlimit(which, (hard + 1, hard + 1))
            print("ESCAPED: limit", which)
    except (OSError, ValueError):
        pass
for change in (
    lambda: os.nice(-10),
    lambda: os.setpriority(os.PRIO_USER, 0, -10),
    lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50)),
    lambda: open("/proc/self/oom_score_adj", "w").write("-1000"),
):
    try:
        change()
        print("ESCAPED: priority")
    except (OSError, ValueError):
        pass
