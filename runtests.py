#!/usr/bin/env python
"""Run the tests, on all processors: ``python runtests.py``; arguments are handed on to pytest."""

import os
import sys

import pytest

if __name__ == "__main__":
    # One more than there are processors: some tests wait for time-outs. The arguments may say
    # otherwise: with "-n 0", all tests run in this process.
    at_once = ["-n", str((os.cpu_count() or 1) + 1), "--dist", "loadgroup"]
    sys.exit(pytest.main([*at_once, *sys.argv[1:]]))
