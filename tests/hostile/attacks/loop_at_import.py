"""Never comes back from its import.

layer: clock outside
outcome: timeout
plain: not run
"""
# ruff: noqa

while True:
    try:
        while True:
            pass
    except BaseException:
        pass
