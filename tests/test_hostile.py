"""Hostile files on every way in, and in the view if they have got into the storage otherwise."""

import io
import subprocess
import sys
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
from django_shift_media.naming.resizes import Resize
from gallery.forms import PhotoForm
from gallery.models import Photo
from tests.conftest import new_bucket, operations
from tests.hostile import (
    HARMLESS,
    HOSTILE,
    HTML,
    REFUSED,
    avif_frames,
    gif,
    hostile,
    webp_frames,
)
from tests.servers import ROOT
from tests.test_admin import form_data

pytestmark = pytest.mark.django_db

RESIZE = Resize.parse("50x50-fit-80-noupscale.jpg")
MAX_PIXELS = 64_000_000
# Megabytes beyond those of a process that has decoded something small. Texts of a PNG take most:
# Pillow's bound for all together is 64. None of the files would keep to it if it were decoded.
MEMORY = 100

refused = pytest.mark.parametrize("name", REFUSED)
harmless = pytest.mark.parametrize("name", HARMLESS)


def uploaded(name: str) -> SimpleUploadedFile:
    return SimpleUploadedFile("a.jpg", hostile(name), "image/jpeg")


def is_wanted(message: str, name: str) -> bool:
    """Say whether it is the one clear line that refuses this file."""
    return (
        message.startswith(str(HOSTILE[name].reason))
        and message.endswith(".")
        and (message.isprintable() and len(message) < 250)
    )


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


# Not ru_maxrss, which begins with that of the process that has started this one.
_MEASURE = """
import pathlib, re, sys
from django.conf import settings
from django_shift_media.engines.selection import engine_options, get_engine
from django_shift_media.exceptions import UnacceptableFile
from django_shift_media.naming.resizes import Resize
from tests.hostile import encoded

settings.SHIFT_MEDIA_ENGINE = sys.argv[2]
engine = get_engine()
resize = Resize.parse("50x50-fit-80-noupscale.jpg")

def peak():
    status = pathlib.Path("/proc/self/status").read_text()
    return int(re.search("VmHWM: +([0-9]+) kB", status.replace(chr(9), " "))[1])

def attempt(data):
    for decode, *arguments in ((engine.verify, data), (engine.render, data, resize)):
        try:
            decode(*arguments, engine_options(max_pixels=int(sys.argv[1])))
        except UnacceptableFile:
            pass

data = sys.stdin.buffer.read()
for format in ("JPEG", "PNG", "WEBP", "AVIF", "GIF"):
    attempt(encoded((40, 30), format))
before = peak()
attempt(data)
print((peak() - before) // 1024)
"""


@pytest.mark.parametrize("engine", ["pillow", "vips"])
@pytest.mark.parametrize("name", HOSTILE)
def test_memory_and_time_are_bounded(name: str, engine: str) -> None:
    measured = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _MEASURE, str(MAX_PIXELS), engine],
        input=hostile(name),
        stdout=subprocess.PIPE,
        cwd=ROOT / "testproject",
        env={
            "PYTHONPATH": f"{ROOT}:{ROOT / 'testproject'}",
            "DJANGO_SETTINGS_MODULE": "testproject.settings",
        },
        timeout=60,  # none takes more than a few seconds
        check=True,
    )
    assert int(measured.stdout) < MEMORY


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
        pytest.raises(FileTooLarge, match="100 x 100 pixels in each of 9 frames, 80,000 may"),
    ):
        Photo.objects.create(photo=ContentFile(make(9), name="a.gif"))
