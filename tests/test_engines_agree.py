"""The engines by the same rules: libvips makes what Pillow makes, and refuses the same files."""

import io
import subprocess
import sys
from functools import cache
from typing import Any

import pytest
import pyvips
from PIL import Image, ImageOps, PngImagePlugin

from django_shift_media.engines import pillow, vips
from django_shift_media.engines.selection import engine_options, get_engine
from django_shift_media.exceptions import UnreadableImage
from django_shift_media.naming.resizes import Resize
from gallery.drawings import draw_photo, exif, landscape
from tests.support.orientations import xmp
from tests.support.pictures import ENOUGH, decoded, delta_e, encoded, profile
from tests.support.servers import ROOT

# What docs/reference/engines.rst says. CIEDE2000: 1 is about what one sees.
MEAN_DIFFERENCE = 1


def grainy(width: int, height: int) -> Image.Image:
    """Return a picture with soft parts, edges and the grain of a photo."""
    grain = Image.effect_noise((width, height), 12).convert("RGB")
    return Image.blend(landscape(width, height, 3), grain, 0.15)


def clear(picture: Image.Image) -> Image.Image:
    """Return it with an alpha channel from nothing to all."""
    picture = picture.convert("LA" if picture.mode == "L" else "RGBA")
    picture.putalpha(Image.radial_gradient("L").resize(picture.size))
    return picture


def cut_out(picture: Image.Image) -> Image.Image:
    """Return it with nothing in the middle."""
    picture = picture.convert("RGBA")
    picture.paste((0, 255, 0, 0), (100, 100, 400, 300))
    return picture


def wide(picture: Image.Image, **options: Any) -> bytes:
    """Encode a PNG with 16 bits by libvips."""
    image = pyvips.Image.new_from_memory(picture.tobytes(), *picture.size, 3, "uchar")
    image = (image * 257).cast("ushort").copy(interpretation="rgb16")
    png: bytes = image.pngsave_buffer(bitdepth=16, **options)
    return png


def animated(*pictures: Image.Image, **options: Any) -> bytes:
    first, *others = pictures
    return encoded(
        first, "GIF", save_all=True, append_images=others, duration=80, disposal=2, **options
    )


PHOTO = grainy(903, 677)
# They are encoded when a test needs them, not in each process that collects the tests.
_ORIGINALS = {
    "jpeg": lambda: encoded(grainy(904, 680), "JPEG", quality=90),
    "jpeg of odd size": lambda: encoded(PHOTO, "JPEG", quality=90),
    "progressive jpeg": lambda: encoded(grainy(904, 680), "JPEG", quality=90, progressive=True),
    "jpeg on its side": lambda: encoded(grainy(904, 680), "JPEG", quality=90, exif=exif(6)),
    "jpeg in a mirror": lambda: encoded(PHOTO, "JPEG", quality=90, exif=exif(7)),
    "gray jpeg": lambda: encoded(PHOTO.convert("L"), "JPEG", quality=90),
    "inks": lambda: encoded(PHOTO.convert("CMYK"), "JPEG", quality=90),
    "png": lambda: encoded(PHOTO, "PNG"),
    "png on its side": lambda: encoded(PHOTO, "PNG", exif=exif(8)),
    "gray png": lambda: encoded(PHOTO.convert("L"), "PNG"),
    "png in black and white": lambda: encoded(PHOTO.convert("1"), "PNG"),
    "png with a palette": lambda: encoded(PHOTO.quantize(64), "PNG"),
    "png with alpha": lambda: encoded(clear(PHOTO), "PNG"),
    "gray png with alpha": lambda: encoded(clear(PHOTO.convert("L")), "PNG"),
    "png with a clear color": lambda: encoded(PHOTO.quantize(64), "PNG", transparency=5),
    "png with 16 bits": lambda: wide(PHOTO),
    "interlaced png": lambda: wide(PHOTO, interlace=True),
    "png in wide colors": lambda: encoded(PHOTO, "PNG", icc_profile=profile("rec2020")),
    "webp": lambda: encoded(PHOTO, "WEBP", quality=90),
    "webp on its side": lambda: encoded(PHOTO, "WEBP", quality=90, exif=exif(6)),
    "webp with alpha": lambda: encoded(clear(PHOTO), "WEBP", quality=90),
    "gif": lambda: encoded(PHOTO, "GIF"),
    "gif with a clear color": lambda: encoded(PHOTO.quantize(64), "GIF", transparency=5),
    "animated gif": lambda: animated(PHOTO, ImageOps.mirror(PHOTO)),
    "animated gif with clear parts": lambda: animated(*map(cut_out, (PHOTO, ImageOps.flip(PHOTO)))),
}


@cache
def original(name: str) -> bytes:
    return _ORIGINALS[name]()


RESIZES = [
    "501x333-fillx33y66",
    "1200x1200-fit",
    "200x200-fit",
    "x50-fit",
    "64x64-fillx10y90",
    "150x150-pad",
    "90x90-fillcrop1000x2000x6005x7007",
]


@pytest.mark.parametrize(
    "text",
    [RESIZES[0], *(pytest.param(text, marks=pytest.mark.nightly) for text in RESIZES[1:])],
)
@pytest.mark.parametrize("name", _ORIGINALS)
def test_they_make_the_same_picture(name: str, text: str) -> None:
    resize = Resize.parse(f"{text}-90-{'upscale' if '1200' in text else 'noupscale'}.png")
    one, other = (
        decoded(engine.render(original(name), resize, engine_options(max_pixels=ENOUGH)))
        for engine in (pillow.engine, vips.engine)
    )
    assert (one.size, one.mode) == (other.size, other.mode)
    assert delta_e(one, other) < MEAN_DIFFERENCE


def test_the_measure_sees_a_difference() -> None:
    assert delta_e(PHOTO, PHOTO) == 0
    assert delta_e(PHOTO, ImageOps.mirror(PHOTO)) > 5
    assert delta_e(PHOTO, Image.eval(PHOTO, lambda value: value * 95 // 100)) > 1


@pytest.mark.parametrize("name", ["jpeg", "png", "png with alpha", "webp"])
def test_libvips_does_it_by_itself(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pillow, "decode", None)
    for size in ("200x200-fit", "100x-fit", "64x64-fillx10y90"):
        if name == "jpeg" and "fill" in size:  # a crop of a JPEG that is shrunk lies between pixels
            continue
        resize = Resize.parse(f"{size}-90-noupscale.png")
        assert vips.engine.render(original(name), resize, engine_options(max_pixels=ENOUGH))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("progressive jpeg", "200x200-fit"),
        ("jpeg of odd size", "700x700-fit"),
        ("webp", "200x200-fit"),
        ("webp with alpha", "200x200-fit"),
        ("png with 16 bits", "200x200-fit"),
        ("gif", "200x200-fit"),
        ("gif with a clear color", "200x200-fit"),
        ("animated gif", "200x200-fit"),
        ("animated gif with clear parts", "200x200-fit"),
    ],
)
def test_libvips_scales_what_pillow_has_decoded(
    name: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pillow, "scale", None)
    resize = Resize.parse(f"{text}-90-noupscale.png")
    assert vips.engine.render(original(name), resize, engine_options(max_pixels=ENOUGH))


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: encoded(grainy(200, 150), "GIF"), "100x100-fit"),  # too small
        (lambda: encoded(grainy(3000, 2000), "BMP"), "100x100-fit"),  # too large
        (lambda: original("progressive jpeg"), "701x333-fillx33y66"),  # it lies between pixels
        (lambda: original("inks"), "100x100-fit"),
    ],
)
def test_libvips_leaves_to_pillow_what_that_does_better(
    make: Any, text: str, settings: Any
) -> None:
    settings.SHIFT_MEDIA_FORMATS = ["jpg", "gif", "bmp"]
    resize = Resize.parse(f"{text}-90-noupscale.png")
    data = make()
    one, other = (
        engine.render(data, resize, engine_options(max_pixels=ENOUGH))
        for engine in (pillow.engine, vips.engine)
    )
    assert one == other


@pytest.mark.parametrize("name", ["jpeg", "png", "png with alpha", "webp", "gif", "animated gif"])
@pytest.mark.parametrize("engine", [pillow.engine, vips.engine], ids=["pillow", "vips"])
def test_many_at_once_are_what_they_are_one_by_one(engine: Any, name: str) -> None:
    resizes = [Resize.parse(f"{text}-90-noupscale.png") for text in RESIZES[2:6]]
    together = engine.render_many(original(name), resizes, engine_options(max_pixels=ENOUGH))
    for resize, made in zip(resizes, together, strict=True):
        alone = decoded(engine.render(original(name), resize, engine_options(max_pixels=ENOUGH)))
        assert decoded(made).size == alone.size
        assert delta_e(decoded(made), alone) < MEAN_DIFFERENCE


@pytest.mark.parametrize("name", ["jpeg", "progressive jpeg", "png", "interlaced png", "webp"])
def test_what_breaks_off_is_refused_in_the_same_words(name: str) -> None:
    data = original(name)
    said = set()
    for engine in (pillow.engine, vips.engine):
        with pytest.raises(UnreadableImage) as error:
            engine.render(data[: len(data) * 2 // 3], RESIZE, engine_options(max_pixels=ENOUGH))
        said.add(str(error.value))
    assert len(said) == 1


def test_what_is_accepted_by_a_setting_is_accepted_by_both(settings: Any) -> None:
    settings.SHIFT_MEDIA_TRUNCATED = "accept"
    data = original("jpeg")[:-5000]
    one, other = (
        engine.render(data, RESIZE, engine_options(max_pixels=ENOUGH))
        for engine in (pillow.engine, vips.engine)
    )
    assert one == other


# -- which one it is ------------------------------------------------------------------------------

RESIZE = Resize.parse("100x100-fit-90-noupscale.png")


@pytest.mark.parametrize(
    ("name", "text", "as_by"),
    [
        ("jpeg", "100x100-fit", pillow),
        ("jpeg", "800x600-fit", vips),
        ("png", "100x100-fit", vips),
        ("webp", "100x100-fit", vips),
        ("gif", "100x100-fit", vips),
    ],
)
def test_auto_takes_what_is_better(name: str, text: str, as_by: Any, settings: Any) -> None:
    settings.SHIFT_MEDIA_ENGINE = "auto"
    resize = Resize.parse(f"{text}-90-noupscale.png")
    made, by_pillow, by_libvips = (
        engine.render(original(name), resize, engine_options(max_pixels=ENOUGH))
        for engine in (get_engine(), pillow.engine, vips.engine)
    )
    assert by_pillow != by_libvips
    assert made == (by_pillow if as_by is pillow else by_libvips)


_WITHOUT_LIBVIPS = """
import sys
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
sys.modules["pyvips"] = None
settings.configure(SHIFT_MEDIA_ENGINE="auto")
from django_shift_media.engines import pillow
from django_shift_media.engines.selection import engine_options, get_engine
from django_shift_media.naming.resizes import Resize
resize = Resize.parse("100x100-fit-90-noupscale.png")
data = sys.stdin.buffer.read()
sys.stdout.buffer.write(get_engine().render(data, resize, engine_options(max_pixels=10**8)))
settings.SHIFT_MEDIA_ENGINE = "vips"
from django_shift_media.conf import clear_caches
clear_caches()
try:
    get_engine()
except ImproperlyConfigured as error:
    assert 'pip install "django-shift-media[vips]"' in str(error)
else:
    raise AssertionError
"""


def test_without_libvips_auto_is_pillow_and_vips_says_what_to_install() -> None:
    run = subprocess.run(
        [sys.executable, "-c", _WITHOUT_LIBVIPS],
        input=original("png"),
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": str(ROOT)},
        check=True,
    )
    assert run.stdout == pillow.engine.render(
        original("png"), RESIZE, engine_options(max_pixels=ENOUGH)
    )


# -- metadata behind the picture of a PNG ---------------------------------------------------------


def with_notes_behind(png: bytes, chunk: bytes) -> bytes:
    """Move a chunk of a PNG behind its picture."""
    at = png.index(chunk) - 4
    end = at + 12 + int.from_bytes(png[at : at + 4], "big")
    last = png.rindex(b"IEND") - 4
    return png[:at] + png[end:last] + png[at:end] + png[last:]


@pytest.mark.parametrize("engine", [pillow.engine, vips.engine], ids=["pillow", "vips"])
def test_a_png_is_upright_wherever_that_is_noted(engine: Any) -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_itxt("XML:com.adobe.xmp", xmp(attributes='tiff:Orientation="6"').decode())
    upright = draw_photo(640, 480, format="PNG")
    picture = Image.open(io.BytesIO(draw_photo(640, 480, orientation=6, format="PNG")))
    by_exif = encoded(picture, "PNG", exif=exif(6))
    by_xmp = encoded(picture, "PNG", pnginfo=notes)
    wanted = decoded(engine.render(upright, RESIZE, engine_options(max_pixels=ENOUGH)))
    for data in (
        by_exif,
        with_notes_behind(by_exif, b"eXIf"),
        by_xmp,
        with_notes_behind(by_xmp, b"iTXt"),
    ):
        made = decoded(engine.render(data, RESIZE, engine_options(max_pixels=ENOUGH)))
        assert made.size == wanted.size == (100, 75)
        assert delta_e(made, wanted) < 3
