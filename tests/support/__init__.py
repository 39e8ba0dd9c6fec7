"""
What tests and benchmarks share: one idea a module, and no tests.

It may import the package, the test project and itself; fixtures are in ``tests/conftest.py``.
"""
