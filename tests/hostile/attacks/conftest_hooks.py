"""Hands in a conftest.py whose hooks make every test pass.

layer: own process
outcome: as without it
plain: forges
"""
# ruff: noqa

try:
    import _pytest.runner

    _pytest.runner.CallInfo.excinfo = property(lambda self: None, lambda self, value: None)
except ImportError:
    pass


# file: src/conftest.py
def pytest_pyfunc_call(pyfuncitem):
    print("ESCAPED: a hook")
    return True
