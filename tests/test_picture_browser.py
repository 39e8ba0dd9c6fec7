"""Pictures in Chromium: which candidate it chooses, and that nothing moves when it comes."""

import os
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile

from gallery.drawings import draw_photo
from gallery.models import Photo
from tests.support.browsing import SHOWN
from tests.support.templates import rendered

PAGE = """
    <!doctype html><style>body {{ margin: 0 }} img {{ max-width: 100%; height: auto }}</style>
    {}<p>What follows.</p>
"""
FLUID = (
    '{% picture photo widths="320,640,960,1280" ratio="16/9" formats="avif,webp,jpg" alt="A bay"'
    ' sizes="(min-width: 60em) 50vw, 100vw" art="(max-width: 20em) {ratio: 1/1}" %}'
)
FIXED = '{% img photo "200x200" how="fill" densities="1,2,3" alt="A bay" %}'
PLACES = "() => ['img', 'p'].map(name => document.querySelector(name).getBoundingClientRect())"


class Viewer:
    """A browser of some width and density, before a page with one picture."""

    def __init__(self, chromium: Any, width: int, density: float) -> None:
        context = chromium.new_context(
            viewport={"width": width, "height": 700}, device_scale_factor=density
        )
        self.page = context.new_page()

    def open(self, site: str, tag: str, photo: Photo) -> None:
        self.page.goto(f"{site}/admin/login/")  # so that URLs without a host are those of the app
        self.page.set_content(PAGE.format(rendered(tag, photo=photo.photo)), wait_until="commit")

    def wait(self) -> None:
        self.page.wait_for_function(SHOWN)

    def image(self, attribute: str) -> Any:
        return self.page.evaluate(f"document.querySelector('img').{attribute}")


@pytest.fixture
def bay(transactional_db: None) -> Photo:
    return Photo.objects.create(photo=ContentFile(draw_photo(3000, 2000), name="bay.jpg"))


@pytest.mark.parametrize(
    ("width", "density", "chosen"),
    [
        (320, 1, "320x320-fill-66"),  # the art direction
        (320, 2, "640x640-fill-66"),
        (600, 1, "640x360-fill-66"),
        (600, 2, "1280x720-fill-66"),
        (1280, 1, "640x360-fill-66"),  # half of the page
        (1900, 1, "960x540-fill-66"),
        (1280, 2, "1280x720-fill-66"),
        (1900, 3, "1280x720-fill-66"),
    ],
)
def test_the_browser_chooses_by_width_and_density(
    chromium: Any,
    live_server: Any,
    bay: Photo,
    request: Any,
    width: int,
    density: int,
    chosen: str,
) -> None:
    viewer = Viewer(chromium, width, density)
    viewer.open(live_server.url, FLUID, bay)
    viewer.wait()
    assert f"/{chosen}-" in viewer.image("currentSrc")
    assert viewer.image("currentSrc").endswith(".avif")
    assert viewer.image("naturalWidth") > 0
    if folder := os.environ.get("SCREENSHOTS"):
        viewer.page.screenshot(path=Path(folder, f"picture-{width}-{density}.png"))


@pytest.mark.parametrize("density", [1, 2, 3])
def test_the_browser_chooses_by_density(
    chromium: Any,
    live_server: Any,
    bay: Photo,
    density: int,
) -> None:
    viewer = Viewer(chromium, 800, density)
    viewer.open(live_server.url, FIXED, bay)
    viewer.wait()
    assert f"/{200 * density}x{200 * density}-fill-80-" in viewer.image("currentSrc")
    assert (viewer.image("width"), viewer.image("naturalWidth")) == (200, 200)


@pytest.mark.parametrize("is_known", [True, False])
@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("tag", [FLUID, FIXED], ids=["fluid", "fixed"])
def test_nothing_moves_when_the_picture_comes(
    chromium: Any,
    live_server: Any,
    bay: Photo,
    tag: str,
    width: int,
    is_known: bool,
) -> None:
    if not is_known:
        bay.width = bay.height = None
    viewer = Viewer(chromium, width, 1)
    held: list[Any] = []
    viewer.page.route("**/bay.jpg/*", lambda route: held.append(route))
    viewer.open(live_server.url, tag, bay)
    viewer.page.wait_for_selector("p")
    before = viewer.page.evaluate(PLACES)
    assert not viewer.image("complete"), "it has not come yet"
    assert before[0]["height"] > 100
    for route in held:
        route.continue_()
    viewer.page.unroute("**/bay.jpg/*")
    viewer.wait()
    assert viewer.image("naturalWidth") > 0
    assert viewer.page.evaluate(PLACES) == before
