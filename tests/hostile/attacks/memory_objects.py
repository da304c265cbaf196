"""Takes memory by small Python objects.

layer: limits
outcome: memory
plain: not run
"""


def count(text):
    kept = [text]
    while True:
        kept += [[0] * 200 for _ in range(10_000)]
