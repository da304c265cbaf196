"""Raises SystemExit(0) while it is imported.

layer: own process
outcome: error
plain: forges
"""

import sys

sys.exit(0)
