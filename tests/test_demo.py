"""manage.py demo, as a newcomer runs it, and each thing that its tour shows."""

import io
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import requests
from PIL import ExifTags, Image

from gallery.drawings import draw_photo
from tests.support.browsing import fetch, follow
from tests.support.demos import MANAGE, Demo, running_demo
from tests.support.servers import free_port
from tests.support.waiting import PATIENCE

LOADED = "() => [...document.images].every(image => image.complete && image.naturalWidth)"
SCROLLED = """async () => {
    for (let y = 0; y < document.body.scrollHeight; y += 300) {
        scrollTo(0, y);
        await new Promise(requestAnimationFrame);
    }
}"""
BOXES = """selector => [...document.querySelectorAll(selector)]
    .map(element => element.getBoundingClientRect().toJSON())"""
# One process runs them all, with one demo. It is a server, and takes a minute of CPU time.
pytestmark = [pytest.mark.xdist_group("demo"), pytest.mark.server]
MADE, KEPT, REFUSED = ["302", "301", "200"], ["200"], ["302", "404"]


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with running_demo() as started:
        yield started


@pytest.fixture(scope="module")
def tour(demo: Demo) -> str:
    return requests.get(f"{demo.site}/tour/", timeout=600).text


def once(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, str(MANAGE), "demo", "--once", "--port", str(free_port()), *arguments],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env={**os.environ, **environment},
    )


def hops(output: str, title: str) -> list[list[str]]:
    """Return the status codes of each view of that title."""
    views = re.findall(rf"^    {title}(?:.*\n)+?.* total ", output, re.M)
    return [re.findall(r" (?:bucket|app) +([0-9]{3}) ", view) for view in views]


def section(tour: str, name: str) -> str:
    found = re.search(rf'<section[^>]* id="{name}">.*?</section>', tour, re.S)
    assert found is not None
    return found[0]


def images(html: str) -> dict[str, str]:
    """Return the URL of each ``<img>``, by its ``alt``."""
    found = re.findall(r"<img[^>]*>", html)
    return {
        unescape(re.findall(r'alt="([^"]*)"', image)[0]): re.findall(r'src="([^"]*)"', image)[0]
        for image in found
    }


def picture(url: str) -> Image.Image:
    answer = follow(url)[-1]
    assert answer.status == 200
    return Image.open(io.BytesIO(answer.body))


def signed_picture(url: str) -> Image.Image:
    answer = requests.get(url, timeout=600)
    assert answer.status_code == 200
    return Image.open(io.BytesIO(answer.content))


def brightness(image: Image.Image) -> int:
    """Return how bright the brightest spot is, of 255."""
    _, high = image.convert("L").reduce(4).getextrema()
    assert isinstance(high, int)
    return high


# -- the terminal ---------------------------------------------------------------------------------


def test_the_demo_shows_the_first_and_the_second_view(demo: Demo) -> None:
    assert "changed        website and routing rules" in demo.output
    assert hops(demo.output, "first view") == [MADE, MADE, MADE, REFUSED, MADE]
    assert hops(demo.output, "second view") == [KEPT, KEPT, KEPT, REFUSED, KEPT]
    assert "image/webp, public, max-age=31536000, immutable" in demo.output
    assert f"Tour     {demo.site}/tour/" in demo.output
    assert "(user demo, password demo)" in demo.output


@pytest.mark.nightly
def test_the_demo_takes_photos_of_one_s_own_and_a_port_that_is_free(tmp_path: Path) -> None:
    photo = tmp_path / "Meine Größe.jpeg"
    photo.write_bytes(draw_photo(400, 300))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        taken = listener.getsockname()[1]
        result = once("--port", str(taken), str(photo))
    assert result.returncode == 0, result.stdout + result.stderr
    assert hops(result.stdout, "first view") == [MADE, MADE, MADE, REFUSED]
    assert "Meine Größe.jpeg" in result.stdout
    assert "…/meine-grosse.jpg/320x180-fill-82-noupscale-" in result.stdout
    assert f"Port {taken} is in use, taking another one." in result.stderr
    assert f":{taken}/" not in result.stdout
    assert "See it" not in result.stdout, "nothing is left to see"
    assert "password" not in result.stdout


@pytest.mark.nightly
def test_the_demo_names_what_it_cannot_use(tmp_path: Path) -> None:
    result = once("--port", "0", str(tmp_path / "none.jpg"))
    assert result.returncode == 1
    assert result.stderr == f"CommandError: File not found: {tmp_path / 'none.jpg'}\n"
    (tmp_path / "page.jpg").write_bytes(b"<html>")
    result = once("--port", "0", str(tmp_path / "page.jpg"))
    assert result.returncode == 1
    assert "page.jpg: We couldn’t process “page.jpg”" in result.stderr


def test_the_demo_says_how_to_install_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "moto.py").write_text("raise ImportError('no moto')")
    result = once("--port", "0", PYTHONPATH=str(tmp_path))
    assert result.returncode == 1
    assert result.stderr == 'CommandError: The demo needs moto: pip install -e ".[demo]"\n'


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="has no SIGHUP")
@pytest.mark.nightly
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_the_gallery_ends_with_the_demo(name: str, tmp_path: Path) -> None:
    photo = tmp_path / "a.jpg"
    photo.write_bytes(draw_photo(400, 300))
    with running_demo(str(photo)) as started:
        assert requests.get(f"{started.site}/", timeout=60).status_code == 200
        started.process.send_signal(getattr(signal, name))
        assert started.process.wait(timeout=PATIENCE) == 1
        with pytest.raises(requests.ConnectionError):
            requests.get(f"{started.site}/", timeout=60)


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_the_gallery_in_a_browser(demo: Demo, chromium: Any, width: int) -> None:
    page = chromium.new_page(viewport={"width": width, "height": 900})
    page.set_default_timeout(300_000)
    page.goto(f"{demo.site}/", wait_until="load")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    boxes = page.evaluate(BOXES, ".photos a img")
    first = boxes[0]
    row = [box for box in boxes if box["top"] == first["top"]]
    form = page.evaluate(BOXES, ".upload")[0]
    assert len(row) > 1
    assert abs(first["left"] - form["left"]) < 1
    assert abs(row[-1]["right"] - form["right"]) < 2, "the tiles fill the width"
    for box in boxes:
        assert box["top"] == int(box["top"])
        assert box["bottom"] - box["top"] == int(box["right"] - box["left"]) <= 240
    for control in page.evaluate(BOXES, "#id_photo, #id_title"):
        assert control["right"] < form["right"]
    if width == 1280:
        labels = page.evaluate(BOXES, ".upload label")
        controls = page.evaluate(BOXES, "#id_photo, #id_title, .upload > button")
        assert len({box["top"] for box in labels}) == 1
        assert len({(box["top"], box["bottom"]) for box in controls}) == 1
    page.close()


# -- the tour -------------------------------------------------------------------------------------


def test_all_images_of_the_tour_are_served_by_the_bucket(tour: str) -> None:
    found = images(tour)
    assert len(found) == 10
    for url in found.values():
        assert ".s3-website.localhost:" in url
        picture(url).load()
        assert [answer.status for answer in follow(url)] == [200]


def test_the_responsive_picture_has_a_placeholder_and_nine_files(tour: str) -> None:
    html = section(tour, "responsive")
    (image,) = re.findall(r"<img[^>]*>", html)
    assert 'style="background:' in image
    files = re.findall(r"(http\S+) ([0-9]+)w", html)
    assert {width for _, width in files} == {"640", "1280", "1920"}
    assert len(files) == 9
    for url, width in files:
        assert picture(url).size == (int(width), int(width) // 2)
    measured = re.findall(r'name="url" value="([^"]+)"', html)
    assert set(measured) < {url for url, _ in files}, "what is measured is what is shown"


def test_crops_keep_the_lamp_of_the_lighthouse_in_view(tour: str) -> None:
    html = section(tour, "focal-point")
    assert '<circle cx="70%" cy="24%"' in html
    crops = {name: picture(url) for name, url in images(html).items() if name.startswith("Crop")}
    without = crops.pop("Crop 16:9 around the center")
    sizes = {name: crop.size for name, crop in crops.items()}
    assert sizes == {
        "Crop 1:1": (240, 240),
        "Crop 16:9": (320, 180),
        "Crop 3:4": (180, 240),
    }
    assert min(brightness(crop) for crop in crops.values()) > 238
    assert brightness(without) < 228, "the lamp is not in it"


def test_the_animation_stays_an_animation(tour: str) -> None:
    found = images(section(tour, "animation"))
    moving, still = picture(found["A boat at sea"]), picture(found["The first frame"])
    assert (moving.format, moving.size) == ("WEBP", (480, 320))
    assert getattr(moving, "n_frames", 1) == 24
    assert moving.info["loop"] == 0
    assert getattr(still, "n_frames", 1) == 1


def test_the_original_is_private_and_its_signed_link_is_not(tour: str) -> None:
    html = section(tour, "private")
    (original,) = re.findall(r'name="url" value="([^"]+)"', html)
    assert [answer.status for answer in follow(original)] == [302, 404]
    (signed,) = [unescape(url) for url in re.findall(r'<a href="([^"]+)"', html)]
    assert "X-Amz-Signature=" in signed
    assert signed_picture(signed).size == (2400, 1600)
    assert fetch(signed.partition("?")[0]).status == 403
    assert "no image" in html
    for url in images(html).values():
        assert picture(url).size == (560, 373)


def test_the_photo_that_was_held_on_its_side_is_upright_and_without_metadata(
    demo: Demo, tour: str
) -> None:
    (url,) = images(section(tour, "orientation")).values()
    seen = picture(url).convert("RGB")
    red, green, blue = seen.getpixel((8, 8))
    assert (red > 180, green < 60, blue < 60) == (True, True, True)
    assert min(seen.getpixel((46, 40))) > 220, "the arrow's white head"
    assert not picture(url).getexif()
    page = requests.get(f"{demo.site}/", timeout=60).text
    pk = re.findall(r'/photos/([0-9]+)/">\s*<img [^>]*alt="Held on its side"', page)[0]
    page = requests.get(f"{demo.site}/photos/{pk}/", timeout=60).text
    original = signed_picture(unescape(re.findall(r'<a href="([^"]+)">The original', page)[0]))
    assert original.size == (1600, 2400)
    assert original.getexif()[ExifTags.Base.Orientation] == 6
    assert original.getexif().get_ifd(ExifTags.IFD.GPSInfo)


def test_a_measurement_deletes_the_resize_and_nothing_else(demo: Demo, tour: str) -> None:
    session = requests.Session()
    session.get(f"{demo.site}/tour/", timeout=60)

    def measure(url: str) -> requests.Response:
        return session.post(
            f"{demo.site}/tour/measure/",
            data={"csrfmiddlewaretoken": session.cookies["csrftoken"], "url": url},
            headers={"Accept": "application/json"},
            timeout=600,
        )

    (url,) = re.findall(r'name="url" value="([^"]+)"', section(tour, "orientation"))
    first, second = measure(url).json()["views"]
    assert [hop["status"] for hop in first["hops"]] == [302, 301, 200]
    assert [hop["server"] for hop in first["hops"]] == ["bucket", "app", "bucket"]
    assert [hop["status"] for hop in second["hops"]] == [200]
    assert first["bytes"] == second["bytes"] == len(fetch(url).body)
    assert min(hop["milliseconds"] for view in (first, second) for hop in view["hops"]) > 0
    forged = url.replace("/560x-", "/561x-")
    for refused in (forged, "http://example.com/", "../db.sqlite3", ""):
        assert measure(refused).status_code == 404
    (original,) = re.findall(r'name="url" value="([^"]+)"', section(tour, "private"))
    assert measure(original).json()["views"][1]["status"] == 404
    (signed,) = re.findall(r'<a href="([^"]+)"', section(tour, "private"))
    assert signed_picture(unescape(signed)).size == (2400, 1600), "the original is still there"


def test_the_tour_of_a_gallery_without_photos_says_what_to_do(client: Any, db: None) -> None:
    assert "There are no photos yet." in client.get("/tour/").content.decode()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "shown"), [(390, 640), (1280, 1280)])
def test_the_tour_in_a_browser(
    demo: Demo, chromium: Any, width: int, shown: int, scheme: str
) -> None:
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    page.set_default_timeout(300_000)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{demo.site}/tour/", wait_until="load")
    page.evaluate(SCROLLED)
    page.wait_for_function(LOADED)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.locator("[data-chosen]").inner_text() == f"{shown} pixels in AVIF"
    table = page.locator("#animation .delivery tbody")
    before = table.inner_text()
    with page.expect_response("**/tour/measure/"):
        page.click("#animation .delivery button")
    page.wait_for_function(
        "before => document.querySelector('#animation .delivery tbody').innerText !== before",
        arg=before,
    )
    assert re.findall("[0-9]{3}(?= [0-9]+ ms)", table.inner_text()) == ["302", "301", "200", "200"]
    assert not complaints
    context.close()


def test_the_user_of_the_demo_moves_the_focal_point_in_the_admin(demo: Demo, chromium: Any) -> None:
    context = chromium.new_context()
    page = context.new_page()
    page.set_default_timeout(300_000)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.route("**/favicon.ico", lambda route: route.fulfill(status=204))
    page.goto(f"{demo.site}/admin/")
    page.fill("[name=username]", "demo")
    page.fill("[name=password]", "demo")
    page.click("[type=submit]")
    page.goto(f"{demo.site}/admin/gallery/photo/")
    page.click("text=Northern lights")
    page.wait_for_selector(".shift-media-point:visible")
    page.wait_for_function(LOADED)
    page.locator(".shift-media-preview").first.click(position={"x": 100, "y": 100})
    page.click("[name=_save]")
    page.wait_for_selector(".messagelist .success")
    page.goto(f"{demo.site}/")
    assert re.search("-fillx25y3[78]-", images(page.content())["Northern lights"])
    assert not complaints
    context.close()
