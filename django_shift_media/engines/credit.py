"""
Who made an image, who owns it and what it may be used for: the metadata that resizes can keep.

The fields are those of the IPTC Photo Metadata Standard. Each is read from XMP, or else from IPTC's
older form, or else from EXIF; see docs/reference/settings.rst.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from PIL import ExifTags, Image

from django_shift_media.engines.decode.isobmff import BoxReader
from django_shift_media.engines.decode.open import SourceImage
from django_shift_media.engines.exif import read_exif
from django_shift_media.engines.iptc import decode_text, read_iptc
from django_shift_media.engines.xmp import Shape, Values, build_xmp, read_xmp
from django_shift_media.exceptions import UnacceptableFile

# Together, a packet is less than the 65,502 bytes for which a JPEG has room, even if each character
# is an "&", which XML writes in five.
_MAX_LENGTH = 1_000  # characters of a text
_MAX_CREATORS = 5
_NONE = -1

# The end is 256 bytes that lead a reader to the end of the block from wherever it starts.
_GIF_XMP = re.compile(rb"\x21\xff\x0bXMP DataXMP(.*?)\x01\xff\xfe\xfd", re.DOTALL)


class _Field(NamedTuple):
    """A property of XMP, and its number in IPTC and its tag in EXIF, if there are such."""

    name: str
    shape: Shape = "text"
    iptc: int = _NONE
    exif: int = _NONE


_FIELDS = (
    _Field("dc:creator", "list", 80, ExifTags.Base.Artist),
    _Field("dc:rights", "languages", 116, ExifTags.Base.Copyright),
    _Field("photoshop:Credit", iptc=110),
    _Field("xmpRights:UsageTerms", "languages"),
    _Field("xmpRights:WebStatement"),
    _Field("Iptc4xmpExt:DigitalSourceType"),
    _Field("plus:DataMining"),
    _Field("plus:OtherConstraints", "languages"),
)


@dataclass(frozen=True, slots=True)
class Credit:
    """EXIF metadata and an XMP packet with only these fields; None if there are none."""

    exif: bytes | None = None
    xmp: bytes | None = None


def read_credit(source: SourceImage, data: bytes) -> Credit:
    """Return the fields of a file; damaged metadata are as none."""
    exif = _read_exif_texts(source.image)
    xmp, iptc = read_xmp(_find_xmp(source, data)), read_iptc(source.image)
    kept = {
        field: values
        for field in _FIELDS
        if (values := _first(xmp.get(field.name), iptc.get(field.iptc), exif.get(field.exif)))
    }
    return Credit(_build_exif(kept, exif), _build_xmp(kept))


def _first(*candidates: Values | None) -> Values:
    return next(filter(None, map(_clean, candidates)), ())


def _clean(values: Values | None) -> Values:
    """Limit the texts, and leave empty ones out."""
    texts = (value.replace("\0", " ").strip()[:_MAX_LENGTH] for value in values or ())
    return tuple(filter(None, texts))[:_MAX_CREATORS]


def _read_exif_texts(image: Image.Image) -> Mapping[int, Values]:
    exif = read_exif(image)
    tags = (field.exif for field in _FIELDS if field.exif != _NONE)
    return {tag: (text,) for tag in tags if (text := _read_exif_text(exif, tag))}


def _read_exif_text(exif: Image.Exif, tag: int) -> str:
    try:
        value = exif.get(tag)
    except Exception:  # a tag is decoded when it is read
        return ""
    # Pillow decodes all texts as Latin 1, but many programs write UTF-8.
    return decode_text(value.encode("latin-1", "replace")) if isinstance(value, str) else ""


def _find_xmp(source: SourceImage, data: bytes) -> bytes:
    match source.format:
        case "jxl":
            return _find_box(data, b"xml ")
        case "gif":
            block = _GIF_XMP.search(data)
            return block[1] if block else b""
        case _:
            packet = source.image.info.get("xmp")
            return packet if isinstance(packet, bytes) else b""


def _find_box(data: bytes, kind: bytes) -> bytes:
    boxes = BoxReader(data)
    try:
        return next((bytes(box) for box in boxes.find_boxes(boxes.file, kind)), b"")
    except UnacceptableFile:  # too many boxes
        return b""


def _build_xmp(kept: Mapping[_Field, Values]) -> bytes | None:
    if not kept:
        return None
    return build_xmp({field.name: (field.shape, values) for field, values in kept.items()})


def _build_exif(kept: Mapping[_Field, Values], original: Mapping[int, Values]) -> bytes | None:
    exif = Image.Exif()
    for field, values in kept.items():
        if field.exif != _NONE:
            # What the original says in EXIF stays, even if its XMP says something else.
            texts = _first(original.get(field.exif), values)
            text = "; ".join(texts) if field.shape == "list" else texts[0]
            exif[field.exif] = text.encode()  # bytes, as Pillow replaces what is not ASCII
    return exif.tobytes() if exif else None
