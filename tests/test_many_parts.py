"""Files of many small parts, whose number costs, not their pixels: each format has a bound."""

import io
from functools import partial
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from django_shift_media.conf import SourceFormat
from django_shift_media.engines.decode.preflight import read_header
from django_shift_media.engines.selection import engine_options, get_engine
from django_shift_media.exceptions import FileTooLarge, UnacceptableFile
from django_shift_media.naming.formats import INPUT_FORMATS
from django_shift_media.naming.resizes import Resize
from gallery.forms import PhotoForm
from tests.support.hostile import encoded, gif
from tests.support.many_parts import (
    MANY_PARTS,
    REFUSED_PARTS,
    heic_of_tiles,
    jxl_frames,
    jxl_in_boxes,
    tiff_pages,
)

RESIZE = Resize.parse("50x50-fit-80-noupscale.jpg")
ALL_FORMATS = list(INPUT_FORMATS)


@pytest.fixture(autouse=True)
def _all_formats(settings: Any) -> None:
    settings.SHIFT_MEDIA_FORMATS = ALL_FORMATS


@pytest.mark.parametrize("name", MANY_PARTS)
def test_few_parts_are_accepted(name: str) -> None:
    kind = MANY_PARTS[name]
    data = kind.make(kind.few)
    get_engine().verify(data, engine_options())
    resized = get_engine().render(data, RESIZE, engine_options())
    Image.open(io.BytesIO(resized)).load()


@pytest.mark.parametrize("name", MANY_PARTS)
def test_many_parts_are_refused_with_the_reason(name: str) -> None:
    kind = MANY_PARTS[name]
    data = kind.make(kind.many)
    with pytest.raises(FileTooLarge) as verifying:
        get_engine().verify(data, engine_options())
    assert kind.reason in str(verifying.value)
    with pytest.raises(FileTooLarge) as rendering:
        get_engine().render(data, RESIZE, engine_options())
    assert str(rendering.value) == str(verifying.value)


@pytest.mark.parametrize("name", REFUSED_PARTS)
def test_parts_that_multiply_are_refused(name: str) -> None:
    make, reason = REFUSED_PARTS[name]
    with pytest.raises(UnacceptableFile, match=reason):
        get_engine().verify(make(), engine_options())


def test_a_form_says_how_many_parts_are_allowed(db: None) -> None:
    file = SimpleUploadedFile("a.gif", gif(size=(1, 1), frames=2_001))
    (error,) = PhotoForm({}, {"photo": file}).errors["photo"]
    assert error == (
        "“a.gif” is too large: The image has 2,001 frames, tiles or layers; the maximum is 2,000."
    )


def test_the_number_of_parts_is_a_setting(settings: Any) -> None:
    settings.SHIFT_MEDIA_MAX_FRAMES = 5
    get_engine().verify(gif(frames=5), engine_options())
    for data in (gif(frames=6), heic_of_tiles(3), jxl_frames(6)):
        with pytest.raises(FileTooLarge, match="; the maximum is 5"):
            get_engine().verify(data, engine_options())


def test_no_frame_is_free() -> None:
    """1,000 frames of one pixel are within 4,096,000 pixels, and one more is not."""
    limit = 4_096 * 750  # a third more is allowed
    get_engine().verify(gif(size=(1, 1), frames=1_000), engine_options(max_pixels=limit))
    with pytest.raises(FileTooLarge, match="one of 4,100,096 pixels; the maximum is 4,096,000"):
        get_engine().verify(gif(size=(1, 1), frames=1_001), engine_options(max_pixels=limit))


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
@pytest.mark.parametrize(("mode", "side"), [("L", 141), ("RGB", 133), ("RGBA", 115), ("I;16", 141)])
def test_the_bytes_of_pixels_count(mode: str, side: int, format: str) -> None:
    """Two bytes count as a pixel, of which there may be 26,666; and 20,000 pixels of any kind."""
    options = engine_options(max_pixels=10_000)
    get_engine().verify(encoded((side, side), format, mode), options)
    with pytest.raises(FileTooLarge):
        get_engine().verify(encoded((side + 1, side + 1), format, mode), options)


@pytest.mark.parametrize(
    ("mode", "lossless", "side"),
    [("RGB", False, 266), ("RGB", True, 133), ("RGBA", False, 188), ("RGBA", True, 119)],
)
def test_the_coding_of_a_jpegxl_counts(mode: str, lossless: bool, side: int) -> None:
    """A pixel counts as 2.25, as 9 without loss, and its transparency as 2.25."""
    pytest.importorskip("pillow_jxl")
    options = engine_options(max_pixels=90_000)
    jxl = partial(encoded, format="JXL", mode=mode, lossless=lossless)
    get_engine().verify(jxl((side, side)), options)
    with pytest.raises(FileTooLarge):
        get_engine().verify(jxl((side + 1, side + 1)), options)


def test_only_the_first_picture_of_a_jpegxl_animation_counts_as_lossless() -> None:
    """Later ones are not decoded: 10 frames, one of 9 times and nine of 2.25 times its pixels."""
    header = read_header(jxl_frames(10))
    assert header is not None
    assert header.work == 4_096 * (9 + 9 * 2.25)


def test_pages_are_not_work() -> None:
    assert get_engine().verify(tiff_pages(10_000), engine_options()).size == (1, 1)


@pytest.mark.parametrize(("format", "module"), [("heic", "pillow_heif"), ("jxl", "pillow_jxl")])
def test_every_format_has_a_reader(format: SourceFormat, module: str) -> None:
    pytest.importorskip(module)
    header = read_header({"heic": heic_of_tiles(2), "jxl": jxl_in_boxes(3)}[format])
    assert header is not None
    assert header.parts == {"heic": 4, "jxl": 2}[format]
