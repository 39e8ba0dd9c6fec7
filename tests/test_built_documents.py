"""The manual in Chromium: its search finds the right page first, and its diagrams can be read."""

import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.support.requirements import missing
from tests.support.servers import ROOT
from tests.support.serving import serving

pytestmark = pytest.mark.nightly
LEGIBLE = 10  # pixels: the smallest text of a diagram
SMALLEST_TEXT = 12  # pixels, in a diagram of its natural size
FIRST_PAGES = {
    "thumbnail": "reference/templates.html",
    "thumbnails": "reference/templates.html",
    "responsive": "reference/templates.html",
    "responsive images": "reference/templates.html",
    "focal point": "howto/focal-points.html",
    "watermark": "howto/steps.html",
    "403": "troubleshooting.html",
    "404": "troubleshooting.html",
}


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def manual(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of the manual, built and served."""
    if importlib.util.find_spec("sphinx") is None:
        missing("Sphinx: pip install -e .[docs]")
    folder = tmp_path_factory.mktemp("manual")
    subprocess.run([sys.executable, "-m", "sphinx", "-q", ROOT / "docs", folder], check=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(folder)))
    with serving(server):
        yield f"http://127.0.0.1:{server.server_port}/"


@pytest.mark.parametrize(("text", "page"), FIRST_PAGES.items())
def test_a_search_finds_the_right_page_first(
    manual: str, chromium: Any, text: str, page: str
) -> None:
    tab = chromium.new_page()
    tab.goto(f"{manual}search.html?q={text}")
    first = tab.locator("#search-results li a").first
    assert first.get_attribute("href").partition("#")[0] == page
    first.click()
    tab.wait_for_url(f"{manual}{page}*")
    assert text.removesuffix("s") in tab.locator("article").inner_text().lower()
    tab.close()


@pytest.mark.parametrize(("width", "shown", "hidden"), [(390, "-text", ""), (1280, "", "-text")])
def test_diagrams_can_be_read_on_every_screen(
    manual: str, chromium: Any, width: int, shown: str, hidden: str
) -> None:
    """On a phone, lists say the same: nothing scrolls sideways."""
    tab = chromium.new_page(viewport={"width": width, "height": 844})
    tab.goto(f"{manual}explanation/how-it-works.html", wait_until="load")
    assert tab.evaluate("document.documentElement.scrollWidth") == width
    diagrams = tab.locator(f".diagram{shown}")
    assert diagrams.count() == tab.locator(f".diagram{hidden}").count() == 3
    assert all(each.is_visible() for each in diagrams.all())
    assert not any(each.is_visible() for each in tab.locator(f".diagram{hidden}").all())
    for diagram in diagrams.all():
        box = diagram.bounding_box()
        assert box["x"] + box["width"] <= width
        assert diagram.evaluate("part => part.scrollWidth <= part.clientWidth")
    for picture in tab.locator(".diagram img").all() if hidden else []:
        drawn, natural = picture.evaluate("i => [i.width, i.naturalWidth]")
        assert SMALLEST_TEXT * drawn / natural >= LEGIBLE
    tab.close()
