"""Resizes in JPEG XL: what Chromium shows of them, and what happens without the encoder."""

import io
import sys
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.test import Client
from PIL import Image, ImageDraw

from django_shift_media.engines.engine import Engine
from django_shift_media.engines.selection import engine_options
from django_shift_media.naming.resizes import Resize
from django_shift_media.storages.selection import media_storage
from gallery.drawings import draw_photo
from gallery.models import Photo
from tests.support.browsing import SHOWN
from tests.support.chromium_pictures import ChromiumPictures
from tests.support.pictures import ENOUGH, decoded, delta_e, distance, encoded, profile
from tests.support.requirements import missing
from tests.support.system_checks import found
from tests.support.templates import rendered

FIRST_CHROMIUM = 155  # that shows JPEG XL


@pytest.fixture
def viewer(chromium: Any) -> ChromiumPictures:
    if int(chromium.version.partition(".")[0]) < FIRST_CHROMIUM:
        missing(f"Chromium {FIRST_CHROMIUM} or newer")
    return ChromiumPictures(chromium)


def jpegxl(engine: Engine, data: bytes, **options: Any) -> bytes:
    resize = Resize(**{"width": 300, "height": None, "format": "jxl", **options})
    return engine.render(data, resize, engine_options(max_pixels=ENOUGH))


def photo_as_png(mode: str) -> bytes:
    picture = decoded(draw_photo(450, 300, format="PNG")).convert(mode)
    if mode.endswith("A"):
        picture.putalpha(Image.linear_gradient("L").resize(picture.size))
    return encoded(picture)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA"])
def test_chromium_shows_it_as_it_shows_a_png(
    engine: Engine, viewer: ChromiumPictures, mode: str
) -> None:
    data = photo_as_png(mode)
    png = engine.render(
        data, Resize(width=300, height=None, format="png"), engine_options(max_pixels=ENOUGH)
    )
    lossy, lossless = jpegxl(engine, data), jpegxl(engine, data, lossless=True)
    wanted, shown, exact = viewer.still(png), viewer.still(lossy), viewer.still(lossless)
    # Chromium multiplies colors with alpha, and rounds them differently for each format.
    assert distance(exact, wanted) <= (0.5 if mode.endswith("A") else 0)
    assert shown.size == wanted.size
    assert shown.getchannel("A").tobytes() == wanted.getchannel("A").tobytes()
    assert 0 < delta_e(shown, wanted) < 2
    assert 2 * len(lossy) < len(lossless) < len(png)


def test_the_browser_prefers_it_in_a_picture(
    viewer: ChromiumPictures, chromium: Any, live_server: Any, transactional_db: None
) -> None:
    row = Photo.objects.create(photo=ContentFile(draw_photo(900, 600), name="bay.jpg"))
    tag = '{% picture photo "300x" formats="jxl,avif,webp,jpg" alt="A bay" %}'
    html = rendered(tag, photo=row.photo)
    assert [part.partition('"')[0] for part in html.split('type="')[1:]] == [
        "image/jxl",
        "image/avif",
        "image/webp",
    ]
    page = chromium.new_page()
    page.goto(f"{live_server.url}/admin/login/")
    page.set_content(html)
    page.wait_for_function(SHOWN)
    source, width = page.evaluate(
        "() => [document.images[0].currentSrc, document.images[0].naturalWidth]"
    )
    assert source.endswith(".jxl")
    assert width == 300


def test_the_view_serves_it_with_its_content_type(client: Client, photo: Photo) -> None:
    response = client.get(photo.photo.resize("60x40", how="fill", format="jxl"))
    assert response.status_code == 200
    assert response["Content-Type"] == "image/jxl"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert decoded(response.content).size == (60, 40)


def test_quality_decides_about_bytes_and_looks(engine: Engine) -> None:
    data = photo_as_png("RGB")
    made = [jpegxl(engine, data, quality=quality) for quality in (30, 60, 78, 90)]
    lengths = [len(file) for file in made]
    assert lengths == sorted(set(lengths))
    original = decoded(jpegxl(engine, data, lossless=True))
    differences = [delta_e(decoded(file), original) for file in made]
    assert differences == sorted(differences, reverse=True)


def test_a_drawing_is_lossless_and_a_gray_photo_is_not(engine: Engine) -> None:
    drawing = Image.new("L", (300, 200), "white")
    ImageDraw.Draw(drawing).ellipse((50, 50, 200, 150), fill="black")
    for mode in ("L", "RGB"):
        data = encoded(drawing.convert(mode))
        assert decoded(jpegxl(engine, data)).convert("L").tobytes() == drawing.tobytes()
    gray = photo_as_png("L")
    assert 2 * len(jpegxl(engine, gray)) < len(jpegxl(engine, gray, lossless=True))


def test_an_animation_becomes_its_first_frame_or_the_requested_one(engine: Engine) -> None:
    frames = [Image.new("RGB", (30, 20), color) for color in ("red", "lime", "blue")]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=100)
    for options, color in (({}, (255, 0, 0)), ({"frame": 2}, (0, 255, 0))):
        made = decoded(jpegxl(engine, data, **options))
        assert made.convert("RGB").getpixel((9, 9)) == color


def test_profiles_become_srgb_since_the_encoder_stores_none(engine: Engine, settings: Any) -> None:
    settings.SHIFT_MEDIA_COLOR = "p3"
    picture = Image.new("RGB", (60, 40), (200, 60, 60))
    data = encoded(picture, icc_profile=profile("p3"))
    made, wanted = (
        decoded(
            engine.render(
                data,
                Resize(width=60, height=None, format=format, lossless=True),
                engine_options(max_pixels=ENOUGH, color=color),
            )
        )
        for format, color in (("jxl", "p3"), ("png", "srgb"))
    )
    assert made.convert("RGB").tobytes() == wanted.convert("RGB").tobytes()


def test_presets_and_warm_media_make_it(photo: Photo, settings: Any) -> None:
    settings.SHIFT_MEDIA_PRESETS = {"hero": {"size": "60x40", "formats": "jxl,avif,webp,jpg"}}
    call_command("warm_media", "gallery.Photo.photo", "--preset", "hero", stdout=io.StringIO())
    url = photo.photo.picture("hero").sources[0].url
    assert url.endswith(".jxl")
    made = media_storage().get(url.removeprefix(media_storage().media_url))
    assert decoded(made).format == "JXL"


# -- without the encoder --------------------------------------------------------------------------


@pytest.fixture
def no_encoder(monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "pillow_jxl", None)


def test_the_check_names_presets_that_need_the_encoder(
    settings: Any, request: pytest.FixtureRequest
) -> None:
    settings.SHIFT_MEDIA_PRESETS = {
        "plain": {"size": "9x9"},
        "hero": {"size": "9x9", "formats": "jxl,webp,jpg"},
    }
    assert found() == {}
    request.getfixturevalue("no_encoder")
    message = found()["shift_media.E018"]
    assert message.msg == (
        "SHIFT_MEDIA_PRESETS['hero'] has the format 'jxl', but the package pillow_jxl is not"
        " installed."
    )
    assert message.hint == 'Run: pip install "django-shift-media[jxl]"'


def test_commands_stop_before_they_begin(photo: Photo, settings: Any, no_encoder: None) -> None:
    settings.SHIFT_MEDIA_PRESETS = {"hero": {"size": "60x40", "format": "jxl"}}
    warm = ("warm_media", "gallery.Photo.photo", "--preset", "hero")
    with pytest.raises(SystemCheckError, match="E018"):
        call_command(*warm, skip_checks=False, stderr=io.StringIO())


def test_the_view_answers_503_and_the_log_says_how_to_install_it(
    client: Client, photo: Photo, no_encoder: None, caplog: Any
) -> None:
    response = client.get(photo.photo.resize("60x40", format="jxl"))
    assert response.status_code == 503
    assert response["Retry-After"] == "60"
    assert response["Cache-Control"] == "no-store"
    assert response.content == b"The app is not configured for this image; see its log.\n"
    (record,) = (record for record in caplog.records if record.name == "django_shift_media")
    assert record.levelname == "ERROR"
    assert 'pip install "django-shift-media[jxl]"' in record.getMessage()
    assert client.get(photo.photo.resize("60x40", format="webp")).status_code == 200


def test_it_is_made_once_the_encoder_is_there(
    client: Client, photo: Photo, monkeypatch: Any
) -> None:
    url = photo.photo.resize("60x40", format="jxl")
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "pillow_jxl", None)
        assert client.get(url).status_code == 503
    assert client.get(url).status_code == 200
