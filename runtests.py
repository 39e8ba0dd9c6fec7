#!/usr/bin/env python
"""Run the tests: ``python runtests.py``; arguments are handed on to pytest."""

import sys

import pytest

if __name__ == "__main__":
    sys.exit(pytest.main(sys.argv[1:]))
