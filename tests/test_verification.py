"""An upload is decoded once: to verify it, and for the picture that its placeholder is made of."""

import io
from typing import Any

import pytest
from django.core.files.base import ContentFile
from PIL import Image, ImageFile

from django_shift_media.engines.options import EngineOptions
from django_shift_media.engines.pillow import engine
from django_shift_media.engines.selection import engine_options
from django_shift_media.naming.formats import INPUT_FORMATS
from django_shift_media.naming.resizes import Resize
from gallery.drawings import draw_photo
from gallery.models import Photo
from tests.support.hostile import HOSTILE, alone, hostile
from tests.support.samples import PILLOW_NAMES, heic, jpegxl, originals

PREVIEW = Resize(width=32, height=32, format="png")
FORMATS = [*PILLOW_NAMES.values(), "TIFF", "BMP", "HEIC", "JXL"]


def options() -> EngineOptions:
    return engine_options(max_pixels=64_000_000, formats=tuple(INPUT_FORMATS))


def samples(format: str) -> list[bytes]:
    if format in {"HEIC", "JXL"}:
        picture = Image.open(io.BytesIO(draw_photo(96, 64)))
        return [heic(picture) if format == "HEIC" else jpegxl(picture)]
    # The last AVIF is a grid that libavif refuses.
    good = originals(format)[:-1] if format == "AVIF" else originals(format)
    return [*good, draw_photo(300, 200, format=format)]


def damaged(data: bytes) -> list[bytes]:
    """Return a file cut off at some places, and with a byte changed at others."""
    places = [len(data) * tenth // 10 for tenth in range(1, 10)]
    changed = [data[:at] + bytes([data[at] ^ 0x5A]) + data[at + 1 :] for at in places]
    return [*(data[:at] for at in (*places, len(data) - 3)), *changed]


def verdict(verify: Any) -> str:
    try:
        return str(verify())
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def assert_same_verdict(data: bytes) -> None:
    alone = verdict(lambda: engine.verify(data, options()))
    with_preview = verdict(lambda: engine.verify_with_preview(data, PREVIEW, options())[0])
    assert with_preview == alone


@pytest.mark.nightly
@pytest.mark.parametrize("name", [alone(name) for name in HOSTILE])
def test_a_hostile_file_gets_the_same_verdict_with_a_preview(name: str) -> None:
    assert_same_verdict(hostile(name))


@pytest.mark.parametrize("format", FORMATS)
def test_a_damaged_file_gets_the_same_verdict_with_a_preview(format: str) -> None:
    for data in samples(format):
        for file in damaged(data):
            assert_same_verdict(file)


@pytest.mark.parametrize("format", FORMATS)
def test_the_preview_has_the_pixels_of_the_resize(format: str) -> None:
    for data in samples(format):
        info, preview = engine.verify_with_preview(data, PREVIEW, options())
        resize = Image.open(io.BytesIO(engine.render(data, PREVIEW, options())))
        assert info == engine.verify(data, options())
        assert preview.size == resize.size
        assert preview.convert("RGBA").tobytes() == resize.convert("RGBA").tobytes()


@pytest.mark.django_db
@pytest.mark.parametrize("format", ["JPEG", "PNG"])
def test_an_upload_is_decoded_once(format: str, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[tuple[int, int]] = []
    prepare = ImageFile.ImageFile.load_prepare

    def count(image: ImageFile.ImageFile) -> None:
        decoded.append(image.size)
        prepare(image)

    monkeypatch.setattr(ImageFile.ImageFile, "load_prepare", count)
    photo = Photo.objects.create(
        photo=ContentFile(draw_photo(320, 240, format=format), name="a.jpg")
    )
    assert photo.photo.placeholder is not None
    assert (photo.photo.width, photo.photo.height) == (320, 240)
    assert len(decoded) == 1
