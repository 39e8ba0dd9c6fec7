#!/usr/bin/env python
"""Run the tests, on all processors: ``python runtests.py``; arguments are handed on to pytest."""

import os
import sys

import pytest

if __name__ == "__main__":
    # Before the arguments, which may say otherwise: ``-n 0`` runs all tests in this process.
    at_once = ["-n", str(os.cpu_count() or 1), "--dist", "loadgroup"]
    sys.exit(pytest.main([*at_once, *sys.argv[1:]]))
