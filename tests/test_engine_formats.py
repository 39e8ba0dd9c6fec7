"""Test suites and files of other programs, in every accepted format."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pillow_heif
import pytest
import pyvips
from PIL import Image, ImageDraw

from django_shift_media.engines.decode.jpegxl_cost import read_jpegxl_header
from django_shift_media.engines.engine import Engine, ImageInfo
from django_shift_media.engines.selection import engine_options
from django_shift_media.exceptions import FileTooLarge, UnreadableImage
from django_shift_media.naming.formats import OUTPUT_FORMATS
from django_shift_media.naming.resizes import Resize
from gallery.drawings import draw_photo, exif, landscape
from tests.support.hostile import resized_jpeg
from tests.support.pictures import (
    ALL_FORMATS,
    ENOUGH,
    decoded,
    delta_e,
    distance,
    encoded,
    rendered,
)
from tests.support.requirements import missing
from tests.support.samples import SUITES, heic, jpegxl
from tests.support.servers import ROOT

pytestmark = pytest.mark.usefixtures("all_formats")


def by_libvips(data: bytes) -> Image.Image:
    """Decode with libvips, to 8 bits."""
    image = pyvips.Image.new_from_buffer(data, "")
    if image.format == "ushort":
        image = (image >> 8).cast("uchar").copy(interpretation="b-w" if image.bands < 3 else "srgb")
    image = image.colourspace("srgb")
    if not image.hasalpha():
        image = image.bandjoin(255)
    return Image.frombytes("RGBA", (image.width, image.height), image.write_to_memory())


@pytest.mark.parametrize("suite", SUITES)
def test_the_suites_are_installed(suite: str) -> None:
    if len(SUITES[suite]) < 20:
        missing("apt-get install golang-src (it carries PngSuite)")


def without_gama(data: bytes) -> bytes:
    """Leave out what libvips ignores; ``test_color_metadata`` has what a browser makes of it."""
    at = data.find(b"gAMA") - 4
    return data if at < 0 else data[:at] + data[at + 16 :]


@pytest.mark.parametrize("path", SUITES["png"], ids=lambda path: path.stem)
def test_the_png_suite_matches_libvips(engine: Engine, path: Path) -> None:
    data = without_gama(path.read_bytes())
    theirs = by_libvips(data)
    info = engine.verify(data, engine_options(max_pixels=ENOUGH))
    assert info == ImageInfo("png", *theirs.size)
    made = rendered(engine, data, f"{theirs.width}x-fit-90-noupscale.png").convert("RGBA")
    for band, their_band in zip(
        made.convert("RGBa").split(), theirs.convert("RGBa").split(), strict=True
    ):
        pairs = zip(band.tobytes(), their_band.tobytes(), strict=True)
        assert max(abs(one - other) for one, other in pairs) <= 1


@pytest.mark.parametrize("path", SUITES["jpeg"], ids=lambda path: path.stem)
def test_jpegs_of_all_kinds_match_libvips(engine: Engine, path: Path) -> None:
    data = path.read_bytes()
    # Without a profile, libvips takes some inks for those of a printing press.
    theirs = (
        decoded(path.with_suffix(".png").read_bytes()) if "cmyk" in path.name else by_libvips(data)
    )
    assert engine.verify(data, engine_options(max_pixels=ENOUGH)) == ImageInfo("jpg", *theirs.size)
    for width, most in ((theirs.width, 3), (theirs.width // 2, 3), (20, 4.5)):
        made = rendered(engine, data, f"{width}x-fit-90-noupscale.png")
        small = theirs.resize(made.size, Image.Resampling.LANCZOS)
        assert distance(made, small) < most


def held(format: str, orientation: int) -> bytes:
    """A landscape, red in its top left corner, taken with the camera held in a certain way."""
    if format != "HEIC":
        return draw_photo(320, 240, orientation=orientation, format=format)
    stored = decoded(draw_photo(320, 240, orientation=orientation, format="PNG"))
    stored.info = {}  # else it would be written upright
    return heic(stored, exif=exif(orientation).tobytes())


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF", "HEIC"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_images_are_turned_upright(engine: Engine, format: str, orientation: int) -> None:
    data = held(format, orientation)
    info = engine.verify(data, engine_options(max_pixels=ENOUGH))
    assert info.size == (320, 240)
    upright = landscape(320, 240, 0)
    for width in (320, 40):
        made = rendered(engine, data, f"{width}x-fit-90-noupscale.png")
        assert made.size == (width, width * 3 // 4)
        assert distance(made, upright.resize(made.size, Image.Resampling.LANCZOS)) < 5


def test_the_embedded_thumbnail_of_a_heic_is_not_used(engine: Engine) -> None:
    picture = landscape(1200, 900, 5)
    data = heic(picture)
    picture.info["thumbnails"] = [320]
    with_thumbnail = heic(picture)
    assert pillow_heif.open_heif(with_thumbnail).info["thumbnails"]
    resize = Resize.parse("100x-fit-90-noupscale.png")
    one, other = (
        engine.render(data, resize, engine_options(max_pixels=ENOUGH))
        for data in (data, with_thumbnail)
    )
    assert one == other


def written(format: str, picture: Image.Image) -> bytes:
    """A file that another library has written, if it can."""
    if format == "jxl":
        return jpegxl(picture, quality=95)
    if format == "bmp":
        return encoded(picture, "BMP")
    image = pyvips.Image.new_from_memory(picture.tobytes(), *picture.size, 3, "uchar")
    image = image.copy(interpretation="srgb")
    suffix = {
        "jpg": ".jpg[Q=95]",
        "heic": ".heif[compression=hevc,Q=90]",
        "avif": ".avif[Q=90]",
        "tiff": ".tif[compression=lzw,tile]",
    }
    return bytes(image.write_to_buffer(suffix.get(format, f".{format}")))


@pytest.mark.parametrize("format", ALL_FORMATS)
def test_files_of_other_programs_are_accepted(engine: Engine, format: str) -> None:
    picture = landscape(320, 240, 3)
    try:
        data = written(format, picture)
    except pyvips.Error:  # without an encoder for HEVC
        data = heic(picture)
    assert engine.verify(data, engine_options(max_pixels=ENOUGH)) == ImageInfo(format, 320, 240)  # type: ignore[arg-type]
    made = rendered(engine, data, "80x-fit-90-noupscale.png")
    assert distance(made, picture.resize((80, 60), Image.Resampling.LANCZOS)) < 5


@pytest.mark.parametrize("format", ALL_FORMATS)
def test_the_error_names_a_format_that_is_not_accepted(
    engine: Engine, format: str, settings: Any
) -> None:
    settings.SHIFT_MEDIA_FORMATS = ["png" if format != "png" else "gif", "webp"]
    if format == "webp":
        settings.SHIFT_MEDIA_FORMATS = ["png"]
    picture = landscape(32, 24, 3)
    data = heic(picture) if format == "heic" else written(format, picture)
    named = r"[A-Z].* images are not accepted\. Accepted formats: [A-Z]"
    with pytest.raises(UnreadableImage, match=named):
        engine.verify(data, engine_options(max_pixels=ENOUGH))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            "SVG files are not accepted, as they can contain scripts.",
        ),
        (b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- a --><svg/>', "SVG files are not accepted"),
        (
            encoded(landscape(40, 30, 0), "JPEG").replace(
                b"\xff\xc0\0\x11\x08", b"\xff\xc0\0\x11\x0c"
            ),
            "This is a 12-bit JPEG; only 8-bit JPEGs are supported.",
        ),
        (b"BM", "This is not an image in an accepted format."),
    ],
)
def test_the_error_names_the_kind_of_a_refused_file(
    engine: Engine, data: bytes, message: str
) -> None:
    with pytest.raises(UnreadableImage) as caught:
        engine.verify(data, engine_options(max_pixels=ENOUGH))
    assert message in str(caught.value)


def test_a_truncated_jpeg_is_accepted_if_the_settings_say_so(engine: Engine, settings: Any) -> None:
    whole = draw_photo(640, 480)
    data = whole[: len(whole) // 2]
    with pytest.raises(UnreadableImage):
        engine.verify(data, engine_options(max_pixels=ENOUGH))
    settings.SHIFT_MEDIA_TRUNCATED = "accept"
    assert engine.verify(data, engine_options(max_pixels=ENOUGH)).size == (640, 480)
    made = rendered(engine, data, "64x-fit-90-noupscale.png")
    assert made.getpixel((4, 4))[0] > 200  # type: ignore[index]
    bottom = made.crop((0, 44, 64, 48)).convert("L").getextrema()
    assert bottom == (128, 128) or int(bottom[1]) - int(bottom[0]) < 8  # type: ignore[arg-type]
    with pytest.raises(UnreadableImage):
        engine.verify(b"\xff\xd8\xff", engine_options(max_pixels=ENOUGH))


@pytest.mark.parametrize("container", [False, True])
@pytest.mark.parametrize("size", [(8, 8), (64, 48), (300, 200), (257, 3), (1, 1000), (1920, 1080)])
def test_the_size_of_a_jpegxl_is_read_from_its_header(
    size: tuple[int, int], container: bool
) -> None:
    data = jpegxl(Image.new("RGB", size), effort=1, use_container=container)
    assert data.startswith(b"\0\0\0\x0c") is container
    assert read_jpegxl_header(data).size == size


def test_a_jpegxl_with_too_many_pixels_is_refused_by_its_header(engine: Engine) -> None:
    # Both sides are written with 30 bits: 0, 11, thirty ones; three bits of no ratio; 11 again.
    bits = 0b0 | 0b11 << 1 | (1 << 20) << 3 | 0b000 << 33 | 0b11 << 36 | (1 << 20) << 38
    bomb = b"\xff\x0a" + bits.to_bytes(12, "little")
    with pytest.raises(FileTooLarge, match="1048577 x 1048577 pixels"):
        engine.verify(bomb, engine_options(max_pixels=64_000_000))


def test_a_tiff_with_huge_tiles_is_refused(engine: Engine) -> None:
    picture = pyvips.Image.black(64, 64, bands=3).copy(interpretation="srgb")
    data = bytearray(picture.tiffsave_buffer(tile=True, tile_width=64, tile_height=64))
    found = re.search(rb"\x42\x01([\x03\x04])\0\x01\0\0\0", data)
    assert found
    data[found.start() + 2] = 4
    data[found.end() : found.end() + 4] = (2**31 - 16).to_bytes(4, "little")
    with pytest.raises((FileTooLarge, UnreadableImage)):
        engine.verify(bytes(data), engine_options(max_pixels=64_000_000))


@pytest.mark.parametrize(
    ("make", "least"),
    [
        (lambda picture: encoded(picture, "JPEG"), 5_000),
        (lambda picture: encoded(picture, "JPEG", progressive=True), 10_000),
        (lambda picture: encoded(picture.convert("L"), "PNG"), 10_000),
        (lambda picture: encoded(picture, "PNG"), 11_250),
        (lambda picture: encoded(picture, "GIF"), 10_000),
        (lambda picture: encoded(picture.convert("L"), "TIFF"), 10_000),
        (lambda picture: encoded(picture, "TIFF"), 11_250),
        (lambda picture: encoded(picture, "BMP"), 10_000),
        (lambda picture: heic(picture), 15_000),
        (lambda picture: jpegxl(picture), 25_313),
        (lambda picture: encoded(picture, "WEBP"), 20_000),
        (lambda picture: encoded(picture, "AVIF"), 20_000),
    ],
)
def test_formats_that_take_less_memory_and_time_may_have_more_pixels(
    engine: Engine, make: Any, least: int
) -> None:
    data = make(landscape(200, 100, 0))
    assert engine.verify(data, engine_options(max_pixels=least))
    with pytest.raises(FileTooLarge, match="200 x 100 pixels"):
        engine.verify(data, engine_options(max_pixels=least - 1))


def test_a_photo_with_a_hundred_megapixels_is_accepted(engine: Engine, settings: Any) -> None:
    # What libjpeg makes of a small file that claims to be so large: gray, at the right place.
    data = resized_jpeg(12_000, 8_500)
    settings.SHIFT_MEDIA_TRUNCATED = "accept"
    assert engine.verify(data, engine_options(max_pixels=64_000_000)).size == (12_000, 8_500)
    assert rendered(engine, data, "200x-fit-80-noupscale.jpg", 64_000_000).size == (200, 142)


def test_process_wide_settings_of_pillow_are_unchanged() -> None:
    program = """
import io, warnings
from django.conf import settings
settings.configure(SHIFT_MEDIA_FORMATS=["jpg", "heic"], SHIFT_MEDIA_TRUNCATED="accept")
from PIL import GifImagePlugin, Image, ImageFile
def state():
    Image.init()
    return (ImageFile.LOAD_TRUNCATED_IMAGES, Image.MAX_IMAGE_PIXELS, set(Image.OPEN),
            GifImagePlugin.LOADING_STRATEGY, warnings.filters[:])
before = state()
from django_shift_media.engines.pillow import engine
from django_shift_media.engines.selection import engine_options
from django_shift_media.naming.resizes import Resize
import sys
resize = Resize.parse("20x-fit-80-noupscale.jpg")
engine.render(sys.stdin.buffer.read(), resize, engine_options(max_pixels=10**6))
assert state() == before
"""
    subprocess.run(
        [sys.executable, "-c", program],
        input=heic(landscape(64, 48, 0)),
        env={"PYTHONPATH": str(ROOT)},
        check=True,
    )


@pytest.mark.parametrize("size", [(1, 20000), (20000, 1), (3, 1000), (1, 1)])
@pytest.mark.parametrize("text", ["100x100-fit", "100x100-fill", "100x100-pad", "7x-fit", "x7-fit"])
def test_extreme_aspect_ratios_have_no_side_of_zero(
    engine: Engine, size: tuple[int, int], text: str
) -> None:
    for format, quality in (("jpg", 80), ("webp", 80), ("png", 90)):
        resize = Resize.parse(f"{text}-{quality}-noupscale.{format}")
        data = encoded(Image.new("RGB", size, "blue"), "PNG")
        if text == ("7x-fit" if size[1] == 20000 else "x7-fit") and max(size) == 20000:
            with pytest.raises(FileTooLarge, match="the maximum per side is 16,383"):
                engine.render(data, resize, engine_options(max_pixels=ENOUGH))
            continue
        made = decoded(engine.render(data, resize, engine_options(max_pixels=ENOUGH)))
        assert made.size == resize.geometry(*size).size
        assert min(made.size) >= 1


# -- output ---------------------------------------------------------------------------------------


def test_lossless_resizes_lose_nothing(engine: Engine) -> None:
    picture = landscape(120, 90, 5)
    made = rendered(engine, encoded(picture, "PNG"), "120x-fitlossless-90-noupscale.webp")
    assert made.convert("RGB").tobytes() == picture.tobytes()
    made = rendered(engine, encoded(picture, "PNG"), "120x-fitlossless-90-noupscale.jxl")
    assert made.tobytes() == picture.tobytes()
    made = rendered(engine, encoded(picture, "PNG"), "120x-fitlossless-90-noupscale.avif")
    pairs = zip(made.convert("RGB").tobytes(), picture.tobytes(), strict=True)
    assert max(abs(one - other) for one, other in pairs) <= 2


def test_images_with_few_colors_are_lossless(engine: Engine) -> None:
    picture = landscape(120, 90, 5).quantize(200).convert("RGB")
    for format, quality in (("png", 90), ("webp", 80), ("jxl", 78)):
        text = f"120x-fit-{quality}-noupscale.{format}"
        made = rendered(engine, encoded(picture, "PNG"), text)
        assert made.convert("RGB").tobytes() == picture.tobytes()
        if made.format == "PNG":
            assert made.mode == "P"


def page_of_text() -> Image.Image:
    text = Image.new("RGB", (400, 300), "white")
    for y in range(0, 300, 15):
        ImageDraw.Draw(text).text((y % 7, y), "What is said again and again, " * 3, fill="navy")
    return text


def test_png_compression_depends_on_the_content(engine: Engine) -> None:
    grain = Image.effect_noise((400, 300), 12).convert("RGB")
    photo = Image.blend(landscape(400, 300, 3), grain, 0.15)
    text = page_of_text().resize((401, 299), Image.Resampling.BICUBIC)  # no longer of few colors
    for picture in (photo, text):
        best = min(
            len(encoded(picture, "PNG", **options))
            for options in ({"compress_level": 6}, {"compress_type": 3})
        )
        resize = Resize.parse(f"{picture.width}x-fit-90-noupscale.png")
        made = engine.render(encoded(picture, "PNG"), resize, engine_options(max_pixels=ENOUGH))
        assert decoded(made).convert("RGB").tobytes() == picture.tobytes()
        assert len(made) < 1.05 * best


def test_a_drawing_is_small_and_sharp_in_avif(engine: Engine) -> None:
    picture = Image.new("RGB", (400, 300), "white")
    for n in range(12):
        bar = (20 + 30 * n, 280 - 20 * n, 40 + 30 * n, 280)
        ImageDraw.Draw(picture).rectangle(bar, fill=(40 * n % 256, 200 - 10 * n, 90 + 10 * n))
        ImageDraw.Draw(picture).text((22 + 30 * n, 260 - 20 * n), str(n), fill="black")
    resize = Resize.parse("400x-fit-66-noupscale.avif")
    made = engine.render(encoded(picture, "PNG"), resize, engine_options(max_pixels=ENOUGH))
    as_photo = encoded(picture, "AVIF", quality=66, speed=9, subsampling="4:4:4")
    assert 2 * len(made) < len(as_photo)
    assert delta_e(decoded(made), picture) < delta_e(decoded(as_photo), picture)


def test_the_palette_of_an_icon_has_no_unused_colors(engine: Engine) -> None:
    icon = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    for n, color in enumerate([(255, 0, 0, 255), (0, 0, 255, 128), (9, 99, 199, 255)]):
        ImageDraw.Draw(icon).rectangle((8, 16 * n, 55, 16 * n + 9), fill=color)
    resize = Resize.parse("64x64-fit-90-noupscale.png")
    made = engine.render(encoded(icon, "PNG"), resize, engine_options(max_pixels=ENOUGH))
    assert decoded(made).mode == "P"
    assert decoded(made).convert("RGBA").tobytes() == icon.tobytes()
    assert len(made) < 300


def sampling(data: bytes) -> str:
    return "4:4:4" if decoded(data).layer[0][1:3] == (1, 1) else "4:2:0"  # type: ignore[attr-defined]


def test_fine_color_detail_disables_chroma_subsampling(engine: Engine) -> None:
    photo = draw_photo(640, 480)
    stripes = Image.new("RGB", (640, 480), "blue")
    for x in range(0, 640, 3):
        stripes.paste((255, 0, 0), (x, 0, x + 1, 480))
    for data, wanted in ((photo, "4:2:0"), (encoded(stripes, "PNG"), "4:4:4")):
        resize = Resize.parse("640x-fit-80-noupscale.jpg")
        assert sampling(engine.render(data, resize, engine_options(max_pixels=ENOUGH))) == wanted


def test_colors_that_change_slowly_are_subsampled_at_every_size(engine: Engine) -> None:
    rainbow = Image.linear_gradient("L").resize((1600, 1200))
    full = Image.new("L", rainbow.size, 255)
    data = encoded(Image.merge("HSV", (rainbow, full, full)).convert("RGB"), "PNG")
    for width in (800, 1600):
        resize = Resize.parse(f"{width}x-fit-80-noupscale.jpg")
        assert sampling(engine.render(data, resize, engine_options(max_pixels=ENOUGH))) == "4:2:0"


@pytest.mark.parametrize("format", ["jpg", "png", "webp", "avif", "gif", "jxl"])
@pytest.mark.parametrize("keep", [False, True])
def test_only_credit_is_kept_if_the_settings_say_so(
    engine: Engine, format: str, keep: bool, settings: Any
) -> None:
    settings.SHIFT_MEDIA_KEEP_CREDIT = keep
    quality = 90 if format in {"png", "gif"} else 80
    resize = Resize.parse(f"64x-fit-{quality}-noupscale.{format}")
    data = engine.render(
        draw_photo(320, 240, orientation=6), resize, engine_options(max_pixels=ENOUGH)
    )
    noted = dict(decoded(data).getexif())
    assert noted == ({0x013B: "Somebody"} if keep and format != "gif" else {})
    assert b"Camera Works" not in data


def test_several_sizes_come_from_one_decode(engine: Engine) -> None:
    data = draw_photo(1200, 900, orientation=6)
    texts = (
        "600x-fit-80-noupscale.jpg",
        "90x90-fill-90-noupscale.png",
        "200x-fit-80-noupscale.webp",
    )
    many = engine.render_many(
        data, [Resize.parse(text) for text in texts], engine_options(max_pixels=ENOUGH)
    )
    for text, made in zip(texts, many, strict=True):
        alone = rendered(engine, data, text)
        assert decoded(made).size == alone.size
        assert decoded(made).format == alone.format
        assert distance(decoded(made), alone) < 3


# -- options of a resize --------------------------------------------------------------------------


def test_a_crop_refers_to_the_upright_image(engine: Engine) -> None:
    data = draw_photo(1200, 800, orientation=8)
    made = rendered(engine, data, "50x50-fillcrop0x0x2000x2000-80-noupscale.jpg")
    assert distance(made, Image.new("RGB", (50, 50), (220, 20, 20))) < 6
    upright = landscape(1200, 800, 0).crop((300, 400, 900, 800))
    made = rendered(engine, data, "150x-fitcrop2500x5000x7500x10000-90-noupscale.png")
    assert made.size == (150, 100)
    assert distance(made, upright.resize((150, 100), Image.Resampling.LANCZOS)) < 5


@pytest.mark.parametrize("format", ["jpg", "png", "webp", "avif", "gif", "jxl"])
def test_a_padded_image_is_centered_on_its_background(engine: Engine, format: str) -> None:
    quality = 90 if format in {"png", "gif"} else 95
    data = encoded(Image.new("RGB", (400, 200), "blue"), "PNG")
    for words, ground in (("pad", (255, 255, 255)), ("padbg00c000", (0, 192, 0))):
        made = rendered(engine, data, f"100x100-{words}-{quality}-noupscale.{format}")
        wanted = Image.new("RGB", (100, 100), ground)
        wanted.paste((0, 0, 255), (0, 25, 100, 75))
        assert made.size == (100, 100)
        assert distance(made, wanted) < 5


def test_a_background_shows_through(engine: Engine) -> None:
    data = encoded(Image.new("RGBA", (40, 40), (0, 0, 255, 0)), "PNG")
    for format in OUTPUT_FORMATS:
        quality = 90 if format in {"png", "gif"} else 95
        made = rendered(engine, data, f"20x-fitbg00c000-{quality}-noupscale.{format}")
        assert "A" not in made.mode
        assert distance(made, Image.new("RGB", (20, 20), (0, 192, 0))) < 4


def test_blur_sharpness_and_gray(engine: Engine) -> None:
    edge = Image.new("RGB", (100, 100), (40, 40, 40))
    edge.paste((200, 200, 200), (50, 0, 100, 100))
    data = encoded(edge, "PNG")
    blurred = rendered(engine, data, "100x-fitblur5-90-noupscale.png").convert("L")
    assert int(blurred.getpixel((50, 50))) == pytest.approx(126, abs=8)  # type: ignore[arg-type]
    # One standard deviation from an edge are 84 per cent of the step.
    assert int(blurred.getpixel((54, 50))) == pytest.approx(40 + 160 * 0.82, abs=8)  # type: ignore[arg-type]
    sharp = rendered(engine, data, "100x-fitsharp100-90-noupscale.png").convert("L")
    least, most = sharp.getextrema()
    assert int(least) < 20  # type: ignore[arg-type]
    assert int(most) > 220  # type: ignore[arg-type]
    colors = encoded(Image.new("RGB", (40, 40), (255, 0, 0)), "PNG")
    for format, quality in (("jpg", 95), ("png", 90), ("webp", 95)):
        gray = rendered(engine, colors, f"20x-fitgray-{quality}-noupscale.{format}").convert("RGB")
        red, green, blue = gray.getpixel((9, 9))  # type: ignore[misc]
        assert red == green == blue == pytest.approx(76, abs=2)


def test_an_extra_that_is_not_installed_is_named() -> None:
    program = """
import sys
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
sys.modules["pillow_heif"] = sys.modules["pillow_jxl"] = None
settings.configure(SHIFT_MEDIA_FORMATS=["heic", "jxl"])
from django_shift_media.engines.pillow import engine
from django_shift_media.engines.selection import engine_options
heic, jxl = b"\\0\\0\\0\\x14ftypheic\\0\\0\\0\\0heic", b"\\xff\\x0a" + bytes(20)
for data, name in ((heic, "heic"), (jxl, "jxl")):
    try:
        engine.verify(data, engine_options(max_pixels=10**6))
    except ImproperlyConfigured as error:
        assert f'pip install "django-shift-media[{name}]"' in str(error)
    else:
        raise AssertionError(name)
"""
    subprocess.run([sys.executable, "-c", program], env={"PYTHONPATH": str(ROOT)}, check=True)
