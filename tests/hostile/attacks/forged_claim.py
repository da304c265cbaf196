"""Replies with a claim about an exception that is made of other types than it should be.

layer: wire
outcome: error
plain: not run
"""
# ruff: noqa

try:
    from grader.boundary.inside import worker

    worker._describe = lambda error, root: {
        "types": ["SystemExit\x1b[2J", 3, None, "GeneratorExit"],
        "message": {"TODO(a)": 1},
        "memory": "yes",
        "frames": [("src/work.py", 10**18, "mean(" * 10**5), ("../../etc/passwd", -1, "x"), 7],
    }
except ImportError:
    pass


def mean(numbers):
    raise ValueError
