"""ICC profiles that are complete, truncated or damaged, as Chromium takes them."""

import struct
from collections.abc import Callable
from typing import Any

import pytest

from django_shift_media.engines.engine import Engine
from tests.support.bmps import CALIBRATED, EMBEDDED, LINKED, SRGB, bmp
from tests.support.chromium_pictures import ChromiumPictures
from tests.support.color_charts import RGB, chart, whole
from tests.support.levels import level_difference
from tests.support.pictures import encoded, profile, rendered

PICTURE = chart("RGB", RGB)
TEXT = whole(PICTURE, "png")
ADOBE = profile("adobe")
FORMATS: dict[str, Callable[[bytes], bytes]] = {
    "PNG": lambda icc: encoded(PICTURE, "PNG", icc_profile=icc),
    "JPEG": lambda icc: encoded(PICTURE, "JPEG", quality=100, subsampling=0, icc_profile=icc),
    "WebP": lambda icc: encoded(PICTURE, "WEBP", lossless=True, icc_profile=icc),
    "BMP": lambda icc: bmp(PICTURE, EMBEDDED, icc),
}


def tag_place(icc: bytes, tag: bytes) -> int:
    """Return where the entry of a tag is in the table: ICC.1:2022, 7.3."""
    return icc.index(tag, 132)


def changed(place: int, number: int, icc: bytes = ADOBE) -> bytes:
    """Return a profile with another number of four bytes."""
    return icc[:place] + struct.pack(">I", number) + icc[place + 4 :]


COPYRIGHT = tag_place(ADOBE, b"cprt")
PROFILES = {
    "complete": (ADOBE, True),
    "with something after it": (ADOBE + bytes(50), True),
    "without its last byte": (ADOBE[:-1], False),
    "half": (ADOBE[: len(ADOBE) // 2], False),
    "only a header": (ADOBE[:200], False),
    "longer than it is": (changed(0, len(ADOBE) + 1), False),
    "of length 0": (changed(0, 0), False),
    "another signature": (ADOBE[:36] + b"xxxx" + ADOBE[40:], False),
    "version 2": (ADOBE[:8] + b"\2" + ADOBE[9:], True),
    "version 5": (ADOBE[:8] + b"\5" + ADOBE[9:], False),
    "another illuminant": (changed(68, 0), False),
    "more tags than fit": (changed(128, 5_000), False),
    "a tag that is not needed, outside": (changed(COPYRIGHT + 4, len(ADOBE)), False),
    "a tag that is too long": (changed(COPYRIGHT + 8, len(ADOBE)), False),
    "a tag that is too short": (changed(COPYRIGHT + 8, 3), False),
    "without red": (ADOBE.replace(b"rXYZ", b"xXYZ", 1), False),
    "of inks": (profile("cmyk"), False),
}


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WebP", "BMP"])
@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_applies_if_it_is_complete(
    engine: Engine,
    name: str,
    format: str,
    chromium_pictures: ChromiumPictures,
    all_formats: None,
) -> None:
    icc, applies = PROFILES[name]
    data = FORMATS[format](icc)
    made = rendered(engine, data, TEXT)
    assert (level_difference(made, PICTURE).maximum > 5) is applies
    if (format, name) != ("BMP", "of inks"):  # Chromium makes some other picture of it
        assert level_difference(made, chromium_pictures.still(data)).maximum <= 2


def test_no_damaged_display_p3_is_passed_on(engine: Engine, settings: Any) -> None:
    settings.SHIFT_MEDIA_COLOR = "p3"
    data = encoded(PICTURE, "PNG", icc_profile=profile("p3")[:-1])
    assert "icc_profile" not in rendered(engine, data, TEXT).info


@pytest.mark.parametrize(
    ("color_space", "icc", "header_length"),
    [
        (SRGB, b"", 124),
        (LINKED, b"c:\\adobe.icc\0", 124),
        (CALIBRATED, b"", 124),
        (CALIBRATED, b"", 108),
        (EMBEDDED, ADOBE, 108),
    ],
)
def test_other_colors_of_a_bmp_are_ignored(
    engine: Engine,
    color_space: bytes,
    icc: bytes,
    header_length: int,
    chromium_pictures: ChromiumPictures,
    all_formats: None,
) -> None:
    data = bmp(PICTURE, color_space, icc, header_length=header_length)
    made = rendered(engine, data, TEXT)
    assert level_difference(made, PICTURE).maximum == 0
    assert level_difference(made, chromium_pictures.still(data)).maximum == 0


def test_a_bmp_whose_profile_is_outside_of_the_file_is_shown(
    engine: Engine, all_formats: None
) -> None:
    data = bytearray(bmp(PICTURE, EMBEDDED, ADOBE))
    struct.pack_into("<I", data, 14 + 112, 10**9)
    assert level_difference(rendered(engine, bytes(data), TEXT), PICTURE).maximum == 0
