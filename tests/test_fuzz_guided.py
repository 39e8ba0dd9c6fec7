"""
Files that are mutated towards what the engine has not seen yet.

FUZZ_RUNS is how many (default: 20,000).
"""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.requirements import missing
from tests.support.samples import PILLOW_NAMES, originals
from tests.support.servers import ROOT
from tests.support.waiting import PATIENCE

RUNS = int(os.environ.get("FUZZ_RUNS", "20000"))


@pytest.mark.nightly
def test_no_file_brings_the_engine_down(tmp_path: Path) -> None:
    if importlib.util.find_spec("atheris") is None:
        missing("atheris: pip install atheris")
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for format in PILLOW_NAMES.values():
        for n, data in enumerate(originals(format)):
            (corpus / f"{format}-{n}").write_bytes(data)
    options = {
        "runs": RUNS,
        "seed": 1,
        "timeout": PATIENCE,  # for one file; fuzz_engine.py counts seconds of the processor
        "rss_limit_mb": 2000,
        "max_len": 20_000,
        "artifact_prefix": f"{tmp_path}/",
    }
    fuzzed = subprocess.run(
        [
            # A process that a shell has forked begins with no memory, one that Python starts with
            # as much as this one has ever had, for libFuzzer, which asks for the peak.
            *("sh", "-c", '"$@"; exit $?', "sh"),
            *(sys.executable, "-W", "ignore", ROOT / "tests" / "fuzz_engine.py", corpus),
            *(f"-{name}={value}" for name, value in options.items()),
        ],
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'testproject'}"},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert fuzzed.returncode == 0, fuzzed.stderr[-3000:]
    assert f"Done {RUNS} runs" in fuzzed.stderr
