"""Opens all the files that it may, and makes all that there is room for.

layer: limits
outcome: as without it
plain: not run
"""
# ruff: noqa

import os

opened, made = [], 0
try:
    while len(opened) < 100_000:
        opened.append(open("/dev/null"))
    print("ESCAPED: files without end")
except OSError:
    pass
for file in opened:
    file.close()
try:
    for made in range(100_000):
        open(f"/tmp/{made}", "w").close()
    print("ESCAPED: names without end")
except OSError:
    pass
