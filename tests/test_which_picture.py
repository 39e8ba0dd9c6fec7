"""Which picture of a file is shown, and how it is turned, where no browser can say it."""

import base64
import io
import time
from itertools import product
from pathlib import Path
from typing import Any

import pillow_heif
import pytest
from django.core.files.base import ContentFile
from PIL import Image, ImageChops

from django_shift_media.engines.engine import Engine
from django_shift_media.engines.selection import engine_options
from django_shift_media.exceptions import FileTooLarge, UnreadableImage
from django_shift_media.naming.resizes import Resize
from gallery.models import Photo
from tests.support.heif_files import clean_aperture, mirror, rotation, with_properties
from tests.support.orientations import exif_fields, orientation, xmp
from tests.support.pictures import ENOUGH, decoded, encoded
from tests.support.quarters import by_heif_convert, jpegxl_of, quarters, read_quarters

CASES = Path(__file__).parent / "cases"
UPRIGHT = ["red", "lime", "blue", "white"]
ROTATED = UPRIGHT[::-1]
TURNED = ["blue", "red", "white", "lime"]  # by a quarter, clockwise
EXIF_6 = b"Exif\0\0" + exif_fields([orientation(6)])
ELEMENT = "<tiff:Orientation>6</tiff:Orientation>"
pytestmark = pytest.mark.usefixtures("all_formats")


def verified_and_rendered(engine: Engine, data: bytes) -> tuple[tuple[int, int], Image.Image]:
    options = engine_options(max_pixels=ENOUGH)
    size = engine.verify(data, options).size
    resize = Resize(width=max(size), height=max(size), format="png")
    return size, decoded(engine.render(data, resize, options))


def greatest_difference(one: Image.Image, other: Image.Image) -> int:
    extrema = ImageChops.difference(one.convert("RGB"), other.convert("RGB")).getextrema()
    return max(int(most) for _, most in extrema)  # type: ignore[misc]


# -- everywhere ------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("make", "size", "colors"),
    [
        (lambda: heic(quarters((120, 80)), quarters().rotate(180), primary=1), (60, 40), ROTATED),
        (lambda: cropped_avif(rotation(1)), (40, 30), ["red", "blue", "red", "blue"]),
        (lambda: jpegxl_of_jpeg(exif=EXIF_6), (40, 60), TURNED),
        (lambda: encoded(quarters(), "JPEG", quality=95, xmp=xmp(ELEMENT)), (40, 60), TURNED),
    ],
    ids=["HEIC", "AVIF", "JPEG XL", "XMP"],
)
def test_fields_and_placeholders_see_the_same_picture(
    make: Any, size: tuple[int, int], colors: list[str], engine: Engine
) -> None:
    photo = Photo.objects.create(photo=ContentFile(make(), name="a.jpg"))
    assert (photo.width, photo.height) == size
    placeholder = photo.photo.placeholder
    assert placeholder is not None
    shown = decoded(base64.b64decode(placeholder.data_uri.partition(",")[2]))
    assert read_quarters(shown) == colors
    assert shown.width / shown.height == pytest.approx(size[0] / size[1], rel=0.1)


# -- HEIC ------------------------------------------------------------------------------------------


def heic(*pictures: Image.Image, primary: int = 0) -> bytes:
    """Return a HEIC without loss."""
    file = pillow_heif.HeifFile()
    for picture in pictures:
        file.add_from_pillow(picture)
    buffer = io.BytesIO()
    file.save(buffer, quality=-1, chroma=444, matrix_coefficients=0, primary_index=primary)
    return buffer.getvalue()


def test_the_primary_item_of_a_heic_is_shown(engine: Engine) -> None:
    data = (CASES / "heic_primary_is_second.heic").read_bytes()
    size, made = verified_and_rendered(engine, data)
    assert size == made.size == (100, 160)
    assert greatest_difference(made, Image.new("RGB", size, (0, 0, 254))) < 3


@pytest.mark.parametrize("primary", range(3))
def test_the_primary_item_of_a_heic_may_be_anywhere(engine: Engine, primary: int) -> None:
    colors, sizes = ("red", "lime", "blue"), ((64, 48), (80, 96), (128, 64))
    pictures = [Image.new("RGB", size, color) for size, color in zip(sizes, colors, strict=True)]
    size, made = verified_and_rendered(engine, heic(*pictures, primary=primary))
    assert size == made.size == sizes[primary]
    assert greatest_difference(made, pictures[primary]) == 0


HEIC_TURNS = list(product(range(4), (None, 0, 1), (None, (0, 0, 80, 60), (20, 10, 61, 51))))


@pytest.mark.parametrize(("quarter", "axis", "crop"), HEIC_TURNS)
def test_a_heic_is_cropped_turned_and_mirrored_as_by_libheif(
    engine: Engine, quarter: int, axis: int | None, crop: tuple[int, int, int, int] | None
) -> None:
    properties = [clean_aperture((120, 80), crop)] if crop else []
    properties += [rotation(quarter)] if quarter else []
    properties += [mirror(axis)] if axis is not None else []
    data = with_properties(heic(quarters((120, 80))), *properties)
    theirs = by_heif_convert(data)
    size, made = verified_and_rendered(engine, data)
    assert size == made.size == theirs.size
    assert greatest_difference(made, theirs) == 0


@pytest.mark.parametrize("crop", [(0, 0, 200, 60), (-21, 10, 59, 70), (60, 0, 140, 80)])
def test_a_heic_whose_crop_exceeds_it_is_refused(engine: Engine, crop: Any) -> None:
    data = with_properties(heic(quarters((120, 80))), clean_aperture((120, 80), crop))
    with pytest.raises(UnreadableImage, match="its clean aperture exceeds it"):
        engine.verify(data, engine_options(max_pixels=ENOUGH))
    with pytest.raises(UnreadableImage, match="its clean aperture exceeds it"):
        engine.render(
            data, Resize(width=9, height=9, format="png"), engine_options(max_pixels=ENOUGH)
        )


def cropped_avif(*properties: bytes) -> bytes:
    """Return an AVIF of which the left half is shown."""
    data = encoded(quarters(), "AVIF", quality=100, subsampling="4:4:4")
    return with_properties(data, clean_aperture((60, 40), (0, 0, 30, 40)), *properties)


@pytest.mark.parametrize("format", ["TIFF", "MPO"])
def test_the_first_page_is_shown(engine: Engine, format: str) -> None:
    other = Image.new("RGB", (200, 100))
    data = encoded(quarters(), format, save_all=True, append_images=[other])
    size, made = verified_and_rendered(engine, data)
    assert size == made.size == (60, 40)
    assert read_quarters(made) == UPRIGHT


# -- XMP -------------------------------------------------------------------------------------------

NESTED = (
    '<xmpMM:DerivedFrom rdf:parseType="Resource"><tiff:Orientation>6</tiff:Orientation>'
    "</xmpMM:DerivedFrom>"
)
NESTED_DESCRIPTION = (
    '<xmpMM:Ingredients><rdf:Bag><rdf:li><rdf:Description tiff:Orientation="6"/></rdf:li></rdf:Bag>'
    "</xmpMM:Ingredients>"
)
ATTRIBUTE = 'tiff:Orientation="6"'
ENTITIES = b'<!DOCTYPE x [<!ENTITY six "6">]>'
LAUGHS = b"<!DOCTYPE x [<!ENTITY a0 '%s'>%s]>" % (
    b"ha" * 50,
    b"".join(b"<!ENTITY a%d '%s'>" % (n, b"&a%d;" % (n - 1) * 50) for n in range(1, 9)),
)
XMP = {
    "an element": (xmp(ELEMENT), TURNED),
    "an attribute": (xmp(attributes=ATTRIBUTE), TURNED),
    "single quotes": (xmp(attributes="tiff:Orientation='6'"), TURNED),
    "spaces": (xmp("<tiff:Orientation >\n 6\n</tiff:Orientation>"), TURNED),
    "another prefix": (
        xmp(attributes=ATTRIBUTE).replace(b"tiff:", b"t:").replace(b":tiff", b":t"),
        TURNED,
    ),
    "a second description": (xmp(ELEMENT, before='<rdf:Description rdf:about=""/>'), TURNED),
    "of what it is derived from": (xmp(NESTED), UPRIGHT),
    "of an ingredient": (xmp(NESTED_DESCRIPTION), UPRIGHT),
    "an ingredient's before its own": (xmp(NESTED_DESCRIPTION + ELEMENT), TURNED),
    "of another namespace": (xmp(attributes='other:Orientation="6"'), UPRIGHT),
    "in a comment": (xmp(f"<!-- {ELEMENT} -->"), UPRIGHT),
    "0": (xmp(attributes='tiff:Orientation="0"'), UPRIGHT),
    "9": (xmp(attributes='tiff:Orientation="9"'), UPRIGHT),
    "66": (xmp(attributes='tiff:Orientation="66"'), UPRIGHT),
    "an entity": (ENTITIES + xmp("<tiff:Orientation>&six;</tiff:Orientation>"), UPRIGHT),
    "many entities": (LAUGHS + xmp("<tiff:Orientation>&a8;</tiff:Orientation>"), UPRIGHT),
    "an unknown encoding": (
        b'<?xml version="1.0" encoding="x-none"?>' + xmp(ELEMENT).partition(b"?>")[2],
        UPRIGHT,
    ),
    "XML that is cut off": (xmp(ELEMENT)[:-60], UPRIGHT),
    "no XML": (b'tiff:Orientation="6"', UPRIGHT),
}


@pytest.mark.parametrize("name", XMP)
def test_an_orientation_in_xmp_is_that_of_the_image_itself(engine: Engine, name: str) -> None:
    packet, wanted = XMP[name]
    data = encoded(quarters(), "JPEG", quality=95, subsampling=0, xmp=packet)
    _size, made = verified_and_rendered(engine, data)
    assert read_quarters(made) == wanted


@pytest.mark.parametrize(
    ("exif", "wanted"),
    [
        (exif_fields([(0x010F, 3, 1, 1)]), TURNED),
        (exif_fields([orientation(1)]), UPRIGHT),
        (exif_fields([orientation(0)]), UPRIGHT),
        (exif_fields([orientation(1, kind=4)]), UPRIGHT),
        (b"no TIFF", TURNED),
    ],
)
def test_an_orientation_in_xmp_counts_if_exif_has_none(
    engine: Engine, exif: bytes, wanted: list[str]
) -> None:
    data = encoded(quarters(), "JPEG", quality=95, exif=b"Exif\0\0" + exif, xmp=xmp(ELEMENT))
    _size, made = verified_and_rendered(engine, data)
    assert read_quarters(made) == wanted


def test_xmp_that_takes_long_to_parse_is_ignored(engine: Engine) -> None:
    deep = xmp("<tiff:Orientation>6</tiff:Orientation>" + "<a>" * 400_000 + "</a>" * 400_000)
    data = encoded(quarters(), "WEBP", lossless=True, xmp=deep)
    begun = time.process_time()
    _size, made = verified_and_rendered(engine, data)
    assert read_quarters(made) == UPRIGHT
    assert time.process_time() - begun < 2


def test_exif_with_directories_in_directories_takes_no_time(engine: Engine) -> None:
    """Each of 5,000 entries refers to the directory itself."""
    exif = exif_fields([(0x8769, 4, 1, 8)] * 5_000)
    data = encoded(quarters(), "PNG", exif=b"Exif\0\0" + exif)
    begun = time.process_time()
    engine.verify(data, engine_options(max_pixels=ENOUGH))
    assert time.process_time() - begun < 2


# -- JPEG XL ---------------------------------------------------------------------------------------


def jpegxl_of_jpeg(**options: Any) -> bytes:
    return jpegxl_of(encoded(quarters(), "JPEG", quality=95, subsampling=0, **options))


def test_the_jpeg_in_a_jpegxl_is_never_opened(
    engine: Engine, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plugin's own class lets Pillow choose a decoder, of all that are registered."""
    data = jpegxl_of_jpeg(exif=EXIF_6)
    opened = Image.open
    monkeypatch.setattr(Image, "open", lambda *args, **options: pytest.fail("opened"))
    settings.SHIFT_MEDIA_FORMATS = ["jxl"]
    options = engine_options(max_pixels=ENOUGH)
    size = engine.verify(data, options).size
    made = engine.render(data, Resize(width=60, height=60, format="png"), options)
    monkeypatch.setattr(Image, "open", opened)
    assert size == decoded(made).size == (40, 60)
    assert read_quarters(decoded(made)) == TURNED


def test_the_jpeg_in_a_jpegxl_is_within_the_limits(engine: Engine) -> None:
    data = jpegxl_of_jpeg()
    with pytest.raises(FileTooLarge, match="60 x 40 pixels"):
        engine.verify(data, engine_options(max_pixels=1_000))


@pytest.mark.parametrize("keep", [False, True])
def test_a_jpegxl_whose_jpeg_cannot_be_restored_is_shown(engine: Engine, keep: bool) -> None:
    data = jpegxl_of_jpeg()
    # The length of the data that restore a JPEG, and these data.
    start = data.index(b"jbrd")
    length = int.from_bytes(data[start - 4 : start], "big")
    data = data[: start + 4] + b"\xff" * (length - 8) + data[start - 4 + length :]
    options = engine_options(max_pixels=ENOUGH, keep_credit=keep)
    made = decoded(engine.render(data, Resize(width=60, height=60, format="png"), options))
    assert read_quarters(made) == UPRIGHT


def test_the_credit_of_the_jpeg_in_a_jpegxl_is_kept(engine: Engine) -> None:
    exif = Image.Exif()
    exif[0x013B], exif[0x0112] = "Ansel", 6
    data = jpegxl_of_jpeg(exif=exif)
    options = engine_options(max_pixels=ENOUGH, keep_credit=True)
    made = decoded(engine.render(data, Resize(width=60, height=60, format="jpg"), options))
    assert made.getexif()[0x013B] == "Ansel"
    assert 0x0112 not in made.getexif()
    assert read_quarters(made) == TURNED
