"""Names, URLs and stored bytes stay as they were published; see ``tests/frozen``."""

import json
import warnings
from pathlib import Path

import pytest

from tests import frozen


def test_names_and_urls_never_change() -> None:
    assert frozen.names() == json.loads(frozen.NAMES.read_text())


@pytest.mark.parametrize(
    "engine",
    ["auto", *(pytest.param(engine, marks=pytest.mark.nightly) for engine in ("pillow", "vips"))],
)
def test_the_same_original_gives_the_same_bytes(engine: str, tmp_path: Path) -> None:
    recorded = json.loads(frozen.PICTURES.read_text())
    made, wanted = frozen.pictures(engine, tmp_path), recorded["digests"][engine]
    assert made.keys() == wanted.keys()
    if (codecs := frozen.codecs()) != recorded["codecs"]:
        warnings.warn(f"Digests not compared: recorded with other codecs: {codecs}", stacklevel=1)
        return
    assert made == wanted
