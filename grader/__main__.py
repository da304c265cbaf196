"""`python -m grader`, the same as `grader`."""

import sys

from grader.cli import run

sys.exit(run())
