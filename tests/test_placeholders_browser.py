"""What a person sees in Chromium before an image has loaded, and after."""

import io
import os
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from PIL import Image

from django_shift_media.naming.placeholder import Placeholder
from gallery.drawings import draw_photo
from gallery.models import Photo
from tests.support.pictures import encoded
from tests.support.placeholders import MAX_ERROR, TEXT, channels, error

WAITING = "image => !image.complete && image.naturalWidth === 0"
LOADED = "() => document.images[0].complete && document.images[0].naturalWidth === 240"


class Held:
    """The gallery's page, whose images are held back until they are let go."""

    def __init__(self, browser: Any, site: str, what: str) -> None:
        self.page = browser.new_page()
        self.routes: list[Any] = []
        self.what = what
        self.page.route("**/*.webp", lambda route: self.routes.append(route))
        self.page.goto(site, wait_until="domcontentloaded")

    def shot(self, moment: str) -> Image.Image:
        """Return what is seen of the first image."""
        data = self.page.locator("img").first.screenshot()
        if folder := os.environ.get("SCREENSHOTS"):
            Path(folder, f"placeholder-{self.what}-{moment}.png").write_bytes(data)
        return Image.open(io.BytesIO(data))

    def let_go(self) -> None:
        for route in self.routes:
            route.continue_()
        self.page.wait_for_function(LOADED)


@pytest.mark.parametrize("orientation", [1, 6])
def test_the_picture_is_guessed_before_it_has_loaded(
    live_server: Any, chromium: Any, orientation: int
) -> None:
    data = draw_photo(400, 300, seed=3, orientation=orientation)
    photo = Photo.objects.create(photo=ContentFile(data, name="a.jpg"))
    held = Held(chromium, live_server.url, f"orientation-{orientation}")
    assert held.page.locator("img").first.evaluate(WAITING)
    before = held.shot("before")
    assert before.size == (240, 240)
    held.let_go()
    after = held.shot("after")
    few = after.resize((24, 24), Image.Resampling.BOX)
    assert error(before, few) < MAX_ERROR
    ground = Image.new("RGB", (24, 24), "#eeeeee")  # the page's own
    assert error(before, ground) > MAX_ERROR
    assert photo.photo.placeholder is not None


def test_a_transparent_picture_is_seen_as_it_is(live_server: Any, chromium: Any, db: None) -> None:
    picture = Image.new("RGBA", (240, 240), (0, 0, 0, 0))
    picture.paste((220, 20, 20, 255), (0, 0, 120, 240))
    Photo.objects.create(photo=ContentFile(encoded(picture), name="a.png"))
    held = Held(chromium, live_server.url, "transparent")
    held.let_go()
    seen = held.shot("after").convert("RGB")
    assert seen.getpixel((60, 120)) == pytest.approx((220, 20, 20), abs=6)
    assert seen.getpixel((180, 120)) == (0xEE, 0xEE, 0xEE), "the page, and nothing before it"


@pytest.mark.parametrize(
    ("policy", "is_seen"),
    [
        ("style-src-attr 'unsafe-inline'; img-src data:", "picture"),
        ("style-src-attr 'unsafe-inline'; img-src 'self'", "color"),
        ("style-src 'self'; img-src data:", "nothing"),
    ],
)
def test_what_a_content_security_policy_leaves_of_it(
    chromium: Any, policy: str, is_seen: str
) -> None:
    placeholder = Placeholder.parse(TEXT)
    page = chromium.new_page()
    page.set_content(
        '<meta http-equiv="Content-Security-Policy"'
        f""" content="default-src 'none'; {policy}">"""
        f'<img width="80" height="60" style="{placeholder.style}">'
    )
    seen = Image.open(io.BytesIO(page.locator("img").screenshot())).convert("RGB")
    # Chromium draws an outline where an image has no source.
    colors = {seen.getpixel((x, y)) for x in range(5, 75) for y in range(5, 55)}
    if is_seen == "picture":
        assert len(colors) > 100
    else:
        shade = channels(placeholder.color) if is_seen == "color" else (255, 255, 255)
        assert colors == {shade}
