"""docs/check_links.py, which is run on the manual that was built."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.servers import ROOT

GOOD = """<h1 id="top">Top</h1>
<a href="#top">up</a> <a href="deep/other.html#some%20where">other</a> <img src="loop.svg">
<a href="https://docs.djangoproject.com/en/stable/#index">Django</a>"""


def check(folder: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, ROOT / "docs" / "check_links.py", folder]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "deep").mkdir()
    (tmp_path / "loop.svg").write_text("<svg/>")
    (tmp_path / "index.html").write_text(GOOD)
    (tmp_path / "deep" / "other.html").write_text(
        '<p id="some where"><a href="../index.html">back</a>'
    )
    return tmp_path


def test_good_links_are_good_and_others_are_listed(folder: Path) -> None:
    result = check(folder)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines()[1:] == ["  https://docs.djangoproject.com/en/stable/#index"]


@pytest.mark.parametrize(
    "link",
    [
        "none.html",
        "deep/none.html#top",
        "#nowhere",
        "deep/other.html#top",
        "../outside.html",
        "none.svg",
        "https:///path",
        "https://no-dot/",
        "htps://www.example.com/",
    ],
)
def test_a_broken_link_is_named(folder: Path, link: str) -> None:
    (folder / "index.html").write_text(f'{GOOD}<a href="{link}">broken</a>')
    result = check(folder)
    assert result.returncode == 1
    assert f"index.html: {link}\n" in result.stderr
