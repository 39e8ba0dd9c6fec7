"""The README as a package index shows it, without the files beside it."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
DOCS, FILES = "https://docs.example.com/en/", "https://code.example.com/raw/0.2.0/"


def targets(text):
    """The targets of all hyperlinks and images of a reStructuredText."""
    return re.findall(r"^\.\. (?:_[^:]+:|image::|figure::) (\S+)$", text, re.MULTILINE)


def printed(*urls):
    return subprocess.run(
        [sys.executable, ROOT / "docs" / "index_readme.py", *urls], capture_output=True, text=True
    )


def test_every_link_of_the_readme_leads_to_a_file_of_the_repository():
    found = targets((ROOT / "README.rst").read_text())
    assert len(found) > 40
    assert [target for target in found if not (ROOT / target).is_file()] == []


def test_on_an_index_every_link_is_absolute_and_leads_to_the_same_place():
    readme = (ROOT / "README.rst").read_text()
    result = printed(DOCS, FILES)
    assert result.returncode == 0, result.stderr
    found = targets(result.stdout)
    assert len(found) == len(targets(readme))
    back = [
        "docs/" + re.sub(r"\.html$", ".rst", url.removeprefix(DOCS))
        if url.startswith(DOCS)
        else url.removeprefix(FILES)
        for url in found
    ]
    assert back == targets(readme)
    # Pages are read in the documentation, images and the rest come from the repository.
    assert f".. _Direct uploads: {DOCS}howto/direct-uploads.html\n" in result.stdout
    assert f".. figure:: {FILES}docs/images/gallery.webp\n" in result.stdout
    assert f".. _Changelog: {FILES}CHANGELOG.rst\n" in result.stdout


def test_urls_that_would_make_broken_links_are_refused():
    for urls in [(), (DOCS,), (DOCS.rstrip("/"), FILES), ("docs/", FILES)]:
        result = printed(*urls)
        assert result.returncode == 1
        assert "two URLs that end with a slash" in result.stderr
