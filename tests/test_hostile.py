"""Hostile files on every way in, and in the view if they have got into the storage otherwise."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.utils.html import escape
from PIL import Image

from django_shift_media.engines.selection import engine_options, get_engine
from django_shift_media.exceptions import FileTooLarge, UnacceptableFile
from django_shift_media.naming import keys, signing
from gallery.forms import PhotoForm
from gallery.models import Photo
from tests.support.buckets import new_bucket, operations
from tests.support.forms import form_data
from tests.support.hostile import (
    HARMLESS,
    HOSTILE,
    HTML,
    REFUSED,
    RESIZE,
    alone,
    avif_frames,
    gif,
    hostile,
    webp_frames,
)
from tests.support.memory_gauge import Gauge
from tests.support.pictures import encoded

pytestmark = pytest.mark.django_db

MAX_PIXELS = 64_000_000
# Megabytes beyond those of a process that has decoded something small. Texts of a PNG take most:
# Pillow's bound for all together is 64. None of the files would keep to it if it were decoded.
MEMORY = 100

refused = pytest.mark.parametrize("name", [alone(name) for name in REFUSED])
harmless = pytest.mark.parametrize("name", [alone(name) for name in HARMLESS])


def uploaded(name: str) -> SimpleUploadedFile:
    return SimpleUploadedFile("a.jpg", hostile(name), "image/jpeg")


def is_wanted(message: str, name: str) -> bool:
    """Say whether it is the one clear line that refuses this file."""
    return (
        message.startswith(str(HOSTILE[name].reason))
        and message.endswith(".")
        and (message.isprintable() and len(message) < 250)
    )


# The admin, which every change is tested with, has such a form.
@pytest.mark.nightly
@refused
def test_a_form_refuses_it(name: str) -> None:
    (error,) = PhotoForm({}, {"photo": uploaded(name)}).errors["photo"]
    if name == "nothing":
        assert error == "The submitted file is empty."
    else:
        before, _, reason = error.partition(": ")
        assert before in {"We couldn’t process “a.jpg”", "“a.jpg” is too large"}
        assert is_wanted(reason, name)


@refused
def test_the_admin_refuses_it(name: str, admin_client: Client, settings: Any) -> None:
    answer = admin_client.post("/admin/gallery/photo/add/", form_data(photo=uploaded(name)))
    assert answer.status_code == 200
    reason = "The submitted file is empty." if name == "nothing" else HOSTILE[name].reason
    assert escape(str(reason)) in answer.content.decode()
    assert not Photo.objects.exists()
    assert not Path(settings.MEDIA_ROOT).exists()


@refused
def test_save_refuses_it(name: str, settings: Any) -> None:
    with pytest.raises(UnacceptableFile) as caught, transaction.atomic():
        Photo.objects.create(photo=ContentFile(hostile(name), name="a.jpg"))
    assert is_wanted(str(caught.value), name)
    assert not Photo.objects.exists()
    assert not Path(settings.MEDIA_ROOT).exists()


@refused
def test_the_view_refuses_it_once(name: str, client: Client, settings: Any, moto: Any) -> None:
    storage = new_bucket(settings, moto)
    original = keys.new_original("a.jpg")
    storage.put(original, hostile(name))
    url = "/media/" + signing.sign(original, RESIZE)
    asked = operations(storage)
    first = client.get(url)
    assert (first.status_code, first["Cache-Control"]) == (422, "no-store")
    assert first["Content-Type"] == "text/plain; charset=utf-8"
    assert is_wanted(first.content.decode().removesuffix("\n"), name)
    assert asked == ["HeadObject", "GetObject"]
    again = client.get(url)
    assert (again.status_code, again.content) == (422, first.content)
    assert asked == ["HeadObject", "GetObject"], "remembered"


@harmless
def test_what_only_looks_hostile_is_stored_and_resized(name: str, client: Client) -> None:
    form = PhotoForm({}, {"photo": SimpleUploadedFile("evil.html", hostile(name), "text/html")})
    assert form.is_valid(), form.errors
    photo = form.save()
    format = get_engine().verify(hostile(name), engine_options(max_pixels=MAX_PIXELS)).format
    assert photo.photo.name.endswith(f"/evil.{format}")
    answer = client.get(photo.photo.resize("50x50"))
    assert answer.status_code == 200
    assert HTML not in answer.content
    assert answer["Content-Type"].startswith("image/")
    assert answer["X-Content-Type-Options"] == "nosniff"
    Image.open(io.BytesIO(answer.content)).load()


@pytest.fixture(scope="session")
def gauges() -> Iterator[dict[str, Gauge]]:
    """Processes that measure the memory that each engine takes."""
    gauges = {engine: Gauge(engine, MAX_PIXELS) for engine in ("pillow", "vips")}
    yield gauges
    for gauge in gauges.values():
        gauge.close()


@pytest.mark.parametrize("engine", ["pillow", pytest.param("vips", marks=pytest.mark.nightly)])
@pytest.mark.parametrize("name", [alone(name) for name in HOSTILE])
def test_memory_and_time_are_bounded(name: str, engine: str, gauges: dict[str, Gauge]) -> None:
    assert gauges[engine].measure(hostile(name)) < MEMORY


def test_memory_of_a_file_that_is_decoded_is_seen(gauges: dict[str, Gauge]) -> None:
    picture = Image.new("RGB", (7000, 7000))
    assert gauges["pillow"].measure(encoded(picture, "PNG", compress_level=1)) > 100
    assert gauges["pillow"].measure(hostile("html")) < MEMORY


@pytest.mark.parametrize(
    "make",
    [
        lambda number: gif(size=(100, 100), frames=number),
        lambda number: webp_frames((100, 100), number),
        lambda number: avif_frames((100, 100), number),
    ],
)
def test_an_animation_within_the_limit_is_taken(make: Any, settings: Any) -> None:
    settings.SHIFT_MEDIA_MAX_PIXELS = 100 * 100 * 8
    assert Photo.objects.create(photo=ContentFile(make(8), name="a.gif")).width == 100
    with (
        transaction.atomic(),
        pytest.raises(
            FileTooLarge, match="9 frames of 100 x 100 pixels; the maximum is 80,000 in total"
        ),
    ):
        Photo.objects.create(photo=ContentFile(make(9), name="a.gif"))
