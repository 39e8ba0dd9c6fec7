"""
Open a TIFF, if its samples are of a kind that Pillow decodes correctly. Tags are those of TIFF 6.0.

Pillow opens more: numbers with a sign or with a point, of 12 or of 32 bits, or with white as zero
in 16 bits become black, negative, or some other image. What range such numbers have is often not in
the file.
"""

import io
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from PIL import Image, UnidentifiedImageError
from PIL.TiffImagePlugin import ImageFileDirectory_v2, TiffImageFile

from django_shift_media.exceptions import UnreadableImage
from django_shift_media.exceptions import gettext_noop as _

_BITS, _COLORS, _BANDS, _PLANES, _EXTRA, _FORMAT = 258, 262, 277, 284, 338, 339
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB = 0, 1, 2
_SEPARATE = 2  # a plane for each band
_PREMULTIPLIED = 1
_UNSIGNED = 1
_FORMATS = MappingProxyType({2: "signed ", 3: "floating-point ", 5: "complex ", 6: "complex "})
_COLOR_NAMES = MappingProxyType(
    {
        _WHITE_IS_ZERO: "gray with white as zero",
        _BLACK_IS_ZERO: "gray",
        _RGB: "RGB",
        3: "palette colors",
        4: "a mask",
        5: "CMYK",
        6: "YCbCr",
        8: "CIELAB",
        9: "ICC L*a*b*",
        10: "ITU L*a*b*",
        32803: "sensor data",
        34892: "sensor data",
    }
)
_UNSUPPORTED = _("This kind of TIFF is not supported: %(detail)s.")
_Tags = Mapping[int, Any]


def open_tiff(data: bytes) -> Image.Image:
    """Open the first page of a file; raise ``UnreadableImage`` for an unsupported kind."""
    try:
        image = Image.open(io.BytesIO(data), formats=["tiff"])
    except UnidentifiedImageError:
        tags = _read_tags(data)
        if tags is None or _COLORS not in tags:
            raise
        raise UnreadableImage(_UNSUPPORTED, detail=_describe(tags)) from None
    assert isinstance(image, TiffImageFile)
    if not _is_supported(image.tag_v2, image.info["compression"]):
        raise UnreadableImage(_UNSUPPORTED, detail=_describe(image.tag_v2))
    if image.tag_v2.get(_PLANES) == _SEPARATE and _needs_libtiff(image.tag_v2):
        _decode_with_libtiff(image)
    return image


def _is_supported(tags: _Tags, compression: str) -> bool:
    bits = max(_numbers(tags, _BITS))
    if {*_numbers(tags, _FORMAT)} != {_UNSIGNED} or bits > 16 or bits == 12:
        return False
    colors, bands = tags.get(_COLORS), tags.get(_BANDS)
    if colors == _WHITE_IS_ZERO and bits == 16:
        return False
    if tags.get(_PLANES) != _SEPARATE:
        return True
    has_alpha = any(tags.get(_EXTRA, ()))
    is_declared = _EXTRA in tags or colors != _RGB or bands == 3
    return not (colors == _BLACK_IS_ZERO and has_alpha) and (
        is_declared or (compression == "raw" and bits == 8)
    )


def _needs_libtiff(tags: _Tags) -> bool:
    """Return whether Pillow's own decoder takes separate planes for others."""
    return max(_numbers(tags, _BITS)) == 16 or _PREMULTIPLIED in tags.get(_EXTRA, ())


def _decode_with_libtiff(image: TiffImageFile) -> None:
    """
    Have libtiff decode an uncompressed image, too.

    ``TiffImagePlugin.READ_LIBTIFF`` does the same for all images of the process.
    """
    if not image.use_load_libtiff:
        image.use_load_libtiff = True
        raw_mode = image.mode.partition(";")[0]
        if max(_numbers(image.tag_v2, _BITS)) == 16:
            raw_mode += ";16N"
        if _PREMULTIPLIED in image.tag_v2.get(_EXTRA, ()):
            raw_mode = raw_mode.replace("A", "a")
        width, height = image.tag_v2[256], image.tag_v2[257]
        tile = ("libtiff", (0, 0, width, height), 0, (raw_mode, False, image.tag_v2.offset))
        image.tile = [type(image.tile[0])(*tile)]


def _numbers(tags: _Tags, tag: int) -> tuple[int, ...]:
    """Return the values of a tag that has one for each band; 1 is the default of both."""
    return tags.get(tag) or (1,)


def _read_tags(data: bytes) -> _Tags | None:
    try:
        tags = ImageFileDirectory_v2(data[: 16 if data[2] == 43 or data[3] == 43 else 8])
        file = io.BytesIO(data)
        file.seek(tags.next)
        tags.load(file)
        return dict(tags)
    except Exception:  # of a damaged file, anything
        return None


def _describe(tags: _Tags) -> str:
    number = tags.get(_COLORS, _WHITE_IS_ZERO)
    color = _COLOR_NAMES.get(number, f"colors of type {number}")
    alpha = " with alpha" if any(tags.get(_EXTRA, ())) else ""
    planes = " in separate planes" if tags.get(_PLANES) == _SEPARATE else ""
    format = _FORMATS.get(max(_numbers(tags, _FORMAT)), "")
    return f"{max(_numbers(tags, _BITS))}-bit {format}{color}{alpha}{planes}"
