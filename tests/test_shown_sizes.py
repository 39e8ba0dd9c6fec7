"""Which picture a file shows, which way up, and how large: as in Chromium, for each format."""

import zlib
from collections.abc import Callable, Sequence
from functools import cache, partial
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageStat

from django_shift_media.engines.engine import Engine
from django_shift_media.engines.selection import engine_options
from django_shift_media.naming.resizes import Resize
from tests.support.chromium_pictures import ChromiumPictures, Undecodable
from tests.support.heif_files import clean_aperture, mirror, rotation, with_properties
from tests.support.hostile import box, chunk, segment
from tests.support.orientations import LONG, RATIONAL, SHORT, exif_fields, orientation, xmp
from tests.support.pictures import ENOUGH, decoded, encoded, profile
from tests.support.quarters import SIZE, avif_frames, jpegxl_of, quarters

PICTURE = quarters()
CASES = Path(__file__).parent / "cases"
TURNED = "<tiff:Orientation>6</tiff:Orientation>"
ALIKE = 3  # the mean difference of files with loss, of 255; a wrong quarter makes 40
Make = Callable[[], bytes]


# -- files -----------------------------------------------------------------------------------------


def jpeg(*exif: bytes, **options: Any) -> bytes:
    """Return a JPEG with segments of EXIF metadata."""
    data = encoded(PICTURE, "JPEG", quality=95, subsampling=0, **options)
    return data[:2] + b"".join(segment(0xE1, b"Exif\0\0" + part) for part in exif) + data[2:]


def png(*chunks: bytes, before: bytes = b"IDAT") -> bytes:
    data = encoded(PICTURE, "PNG")
    place = data.index(before) - 4
    return data[:place] + b"".join(chunks) + data[place:]


def png_exif(exif: bytes) -> bytes:
    return png(chunk(b"eXIf", exif))


def animation(format: str, durations: Sequence[int] = (100, 200, 300), **options: Any) -> bytes:
    """Return an animation that begins with the picture."""
    others = [PICTURE.rotate(180), PICTURE.transpose(Image.Transpose.FLIP_TOP_BOTTOM)]
    return encoded(
        PICTURE, format, save_all=True, append_images=others, duration=list(durations), **options
    )


@cache
def avif() -> bytes:
    return encoded(PICTURE, "AVIF", quality=100, subsampling="4:4:4", speed=10)


def turned_avif(quarter: int, axis: int | None, crop: tuple[int, int, int, int] | None) -> bytes:
    properties = [clean_aperture(SIZE, crop)] if crop else []
    properties += [rotation(quarter)] if quarter else []
    properties += [mirror(axis)] if axis is not None else []
    return with_properties(avif(), *properties)


def odd_avif(*clap: int) -> bytes:
    """Return an AVIF with a clean aperture of any eight numbers."""
    numbers = b"".join(number.to_bytes(4, "big", signed=True) for number in clap)
    return with_properties(avif(), box(b"clap", numbers))


def jpegxl(value: int, *options: str, source: str = "JPEG", **more: Any) -> bytes:
    """Return what cjxl makes of a JPEG or PNG with an orientation in EXIF."""
    exif = b"Exif\0\0" + exif_fields([orientation(value)])
    return jpegxl_of(encoded(PICTURE, source, exif=exif, **more), *options)


def dense_exif(value: int) -> bytes:
    """Return EXIF metadata with twice the 72 dpi of browsers, and the size that follows."""
    resolution = [(0x011A, RATIONAL, 1, 144), (0x011B, RATIONAL, 1, 144), (0x0128, SHORT, 1, 2)]
    size = [(0xA002, LONG, 1, SIZE[0] // 2), (0xA003, LONG, 1, SIZE[1] // 2)]
    return exif_fields([orientation(value), *resolution], exif=size)


# Orientations as they should be, and in all ways in which they may be odd.
EXIF = {f"{value}": exif_fields([orientation(value)]) for value in range(10)} | {
    "big-endian": exif_fields([orientation(6)], order=">"),
    "262": exif_fields([orientation(262)]),
    "a byte": exif_fields([orientation(6, kind=1)]),
    "a long": exif_fields([orientation(6, kind=LONG)]),
    "a big-endian long": exif_fields([orientation(6, kind=LONG)], order=">"),
    "a signed short": exif_fields([orientation(6, kind=8)]),
    "a signed long": exif_fields([orientation(6, kind=9)]),
    "two values": exif_fields([orientation(6, number=2)]),
    "no value": exif_fields([orientation(6, number=0)]),
    "twice": exif_fields([orientation(6), orientation(1)]),
    "twice, first upright": exif_fields([orientation(1), orientation(6)]),
    "twice, first invalid": exif_fields([orientation(0), orientation(6)]),
    "twice, first a long": exif_fields([orientation(8, kind=LONG), orientation(6)]),
    "tags out of order": exif_fields([(0x011A, SHORT, 1, 1), orientation(6)]),
    "of the thumbnail": exif_fields([(0x0100, SHORT, 1, 1)], [orientation(6)]),
    "in the inner directory": exif_fields([], exif=[orientation(6)]),
    "in two inner directories": exif_fields([], exif=[orientation(6)], references=2),
    "in both directories": exif_fields([orientation(3)], exif=[orientation(6)]),
    "cut off": exif_fields([orientation(6)])[:17],
    "no TIFF": b"garbage",
}
TURNS = list(product(range(4), (None, 0, 1), (None, (0, 0, 40, 30))))
FILES: dict[str, Make] = {
    **{f"JPEG, orientation {name}": partial(jpeg, exif) for name, exif in EXIF.items()},
    **{f"PNG, orientation {name}": partial(png_exif, exif) for name, exif in EXIF.items()},
    **{f"AVIF, {turn}": partial(turned_avif, *turn) for turn in TURNS},
    **{f"JPEG XL of a JPEG, orientation {n}": partial(jpegxl, n) for n in range(1, 9)},
    "JPEG, progressive": partial(jpeg, EXIF["6"], progressive=True),
    "JPEG, two segments": partial(jpeg, EXIF["6"], EXIF["8"]),
    "JPEG, two segments, first upright": partial(jpeg, EXIF["1"], EXIF["6"]),
    "JPEG, followed by another": lambda: encoded(
        PICTURE, "MPO", save_all=True, append_images=[PICTURE.rotate(180)], quality=95
    ),
    "PNG, EXIF with the prefix of a JPEG": lambda: png_exif(b"Exif\0\0" + EXIF["6"]),
    "PNG, a resolution in EXIF": lambda: png_exif(dense_exif(6)),
    "PNG, animated": lambda: animation("PNG"),
    "WebP": lambda: encoded(PICTURE, "WEBP", lossless=True),
    "WebP, animated": lambda: animation("WEBP", lossless=True),
    "GIF": lambda: encoded(PICTURE, "GIF"),
    "GIF, animated": lambda: animation("GIF"),
    "BMP": lambda: encoded(PICTURE, "BMP"),
    "AVIF of 384 x 256, cropped": lambda: (CASES / "avif_clap.avif").read_bytes(),
    "AVIF, cropped in the middle": lambda: turned_avif(1, None, (10, 10, 50, 30)),
    "AVIF, crop larger than it": lambda: odd_avif(80, 1, 20, 1, 20, 2, -20, 2),
    "AVIF, crop of half pixels": lambda: odd_avif(61, 2, 20, 1, 0, 1, 0, 1),
    "AVIF, crop of two halves": lambda: odd_avif(80, 2, 60, 2, -20, 2, -10, 2),
    "AVIF, crop without a size": lambda: odd_avif(0, 1, 0, 1, -60, 2, -40, 2),
    "AVIF, crop by zero": lambda: odd_avif(40, 0, 30, 1, -20, 2, -10, 2),
    "AVIF, crop by a negative number": lambda: odd_avif(-40, -1, 30, 1, -20, 2, -10, 2),
    "AVIF, metadata that say otherwise": lambda: with_properties(
        encoded(PICTURE, "AVIF", exif=b"Exif\0\0" + EXIF["a long"], xmp=xmp(TURNED)), rotation(1)
    ),
    "AVIF, animated": lambda: animation("AVIF", quality=100, subsampling="4:4:4"),
    "AVIF, animated and turned": lambda: avif_frames("--irot", "1", "--imir", "0"),
    "AVIF, animated and cropped": lambda: avif_frames("--crop", "0,0,40,30", "--irot", "3"),
    "JPEG XL of a PNG": lambda: jpegxl(6, "-d", "0", source="PNG"),
    "JPEG XL of the pixels of a JPEG": lambda: jpegxl(5, "--lossless_jpeg=0", "-d", "1"),
    "JPEG XL of a progressive JPEG": lambda: jpegxl(8, progressive=True, subsampling=2),
    "JPEG XL, animated": lambda: jpegxl_of(animation("PNG"), "-d", "0"),
    "JPEG XL, animated, first frame shown for no time": lambda: jpegxl_of(
        animation("PNG", [0, 100, 100]), "-d", "0"
    ),
    "JPEG XL of a GIF": lambda: jpegxl_of(animation("GIF"), "-d", "0"),
    "JPEG XL, animated, progressive": lambda: jpegxl_of(
        animation("PNG"), "-d", "1", "-p", "--progressive_dc=1"
    ),
    "JPEG XL, animated, with a profile": lambda: jpegxl_of(
        animation("PNG", icc_profile=profile("swapped")), "-d", "0"
    ),
    "JPEG XL, animated, in tiles out of order": lambda: jpegxl_of(
        encoded(
            quarters((600, 400)), "PNG", save_all=True, append_images=[Image.new("RGB", (600, 400))]
        ),
        *("-d", "1", "--group_order=1"),
    ),
}
# Where an orientation counts here, although Chromium does not look for it: as in the documentation,
# docs/reference/engines.rst.
RAW_PROFILE = b"\nexif\n%8d\n" % 32 + (b"Exif\0\0" + EXIF["6"]).hex().encode()
ONLY_HERE: dict[str, Make] = {
    "WebP, EXIF": lambda: encoded(PICTURE, "WEBP", exif=EXIF["6"], lossless=True),
    "PNG, EXIF behind the pixels": lambda: png(chunk(b"eXIf", EXIF["6"]), before=b"IEND"),
    "PNG, EXIF in a text": lambda: png(
        chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(RAW_PROFILE))
    ),
    "JPEG, XMP": lambda: encoded(PICTURE, "JPEG", quality=95, xmp=xmp(TURNED)),
    "WebP, XMP": lambda: encoded(PICTURE, "WEBP", lossless=True, xmp=xmp(TURNED)),
    "PNG, XMP": lambda: png(chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp(TURNED))),
}
DENSE: dict[str, Make] = {
    "JPEG, a resolution in EXIF": lambda: jpeg(dense_exif(1)),
    "JPEG, turned, a resolution in EXIF": lambda: jpeg(dense_exif(6)),
}


# -- as Chromium shows them ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shown(chromium: Any) -> dict[str, tuple[bytes, Image.Image | Undecodable]]:
    """Return each file with what Chromium shows, from one page."""
    files = {name: make() for name, make in (FILES | ONLY_HERE | DENSE).items()}
    images = ChromiumPictures(chromium).stills(files.values())
    return dict(zip(files, zip(files.values(), images, strict=True), strict=True))


def verified_and_rendered(engine: Engine, data: bytes) -> tuple[tuple[int, int], Image.Image]:
    """Return the size for the fields of a row, and a resize that is not scaled."""
    options = engine_options(max_pixels=ENOUGH)
    size = engine.verify(data, options).size
    resize = Resize(width=max(size), height=max(size), format="png")
    return size, decoded(engine.render(data, resize, options))


def difference(one: Image.Image, other: Image.Image) -> float:
    pixels = ImageChops.difference(one.convert("RGB"), other.convert("RGB"))
    return max(ImageStat.Stat(pixels).mean)


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_shown_as_in_chromium(
    name: str, shown: dict[str, Any], engine: Engine, all_formats: None
) -> None:
    data, theirs = shown[name]
    size, made = verified_and_rendered(engine, data)
    assert size == made.size == theirs.size
    assert difference(made, theirs) < ALIKE


@pytest.mark.parametrize("name", ONLY_HERE)
def test_an_orientation_counts_where_browsers_do_not_look(
    name: str, shown: dict[str, Any], engine: Engine, all_formats: None
) -> None:
    data, theirs = shown[name]
    size, made = verified_and_rendered(engine, data)
    assert size == made.size == (SIZE[1], SIZE[0])
    assert theirs.size == SIZE
    assert difference(made, theirs.transpose(Image.Transpose.ROTATE_270)) < ALIKE


@pytest.mark.parametrize("name", DENSE)
def test_a_resolution_in_exif_changes_only_the_size_in_css_pixels(
    name: str, shown: dict[str, Any], engine: Engine, all_formats: None
) -> None:
    data, theirs = shown[name]
    size, made = verified_and_rendered(engine, data)
    assert size == made.size == (2 * theirs.width, 2 * theirs.height)
    assert difference(made.convert("RGB").reduce(2), theirs) < ALIKE
