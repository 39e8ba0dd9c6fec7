"""Colors match those of color-managed programs."""

import itertools
import subprocess
from pathlib import Path
from shutil import which
from typing import Any

import pytest
from PIL import Image, ImageChops

from django_shift_media.engines.engine import Engine
from django_shift_media.engines.selection import engine_options
from gallery.drawings import exif
from tests.support.color_charts import RGB, chart, difference, patches, whole
from tests.support.pictures import ENOUGH, decoded, encoded, in_srgb, profile, rendered, srgb
from tests.support.requirements import missing

INK = list(itertools.product((0, 80, 200), (0, 120, 255), (0, 100, 230), (0, 90)))
# What can barely be seen is 1; encoders with loss get more.
EXACT, ENCODED = 1.0, 4.0


@pytest.mark.parametrize("name", ["p3", "adobe", "prophoto", "rec2020", "wide", "swapped"])
@pytest.mark.parametrize(
    ("format", "options", "most"),
    [("PNG", {}, EXACT), ("WEBP", {"lossless": True}, EXACT), ("JPEG", {"quality": 100}, ENCODED)],
)
def test_wide_gamut_colors_match_a_color_managed_viewer(
    engine: Engine, name: str, format: str, options: Any, most: float, tmp_path: Path
) -> None:
    picture = chart("RGB", RGB)
    data = encoded(picture, format, icc_profile=profile(name), **options)
    made = rendered(engine, data, whole(picture, "png"))
    assert "icc_profile" not in made.info
    assert difference(patches(made), in_srgb(RGB, profile(name), tmp_path)) < most
    assert difference(patches(made), RGB) > 5, "it would do to ignore the profile"


def test_profiles_leave_transparency_unchanged(engine: Engine, tmp_path: Path) -> None:
    picture = chart("RGB", RGB)
    picture.putalpha(200)
    data = encoded(picture, "PNG", icc_profile=profile("adobe"))
    made = rendered(engine, data, whole(picture, "png"))
    assert made.convert("RGBA").getchannel("A").getextrema() == (200, 200)
    assert difference(patches(made), in_srgb(RGB, profile("adobe"), tmp_path)) < EXACT


@pytest.mark.parametrize("mode", ["L", "LA"])
def test_gray_with_a_gray_profile_stays_gray(engine: Engine, mode: str, tmp_path: Path) -> None:
    grays = [(level,) for level in range(0, 256, 15)]
    picture = chart("L", [level for (level,) in grays])
    if mode == "LA":
        picture.putalpha(255)
    data = encoded(picture, "PNG", icc_profile=profile("gray-l"))
    made = rendered(engine, data, whole(picture, "png"))
    assert made.mode == "L"
    assert difference(patches(made), in_srgb(grays, profile("gray-l"), tmp_path)) < EXACT


def test_gray_with_an_rgb_profile_is_converted(engine: Engine, tmp_path: Path) -> None:
    grays = [(level,) * 3 for level in range(0, 256, 15)]
    picture = chart("L", [level for level, _, _ in grays])
    data = encoded(picture, "PNG", icc_profile=profile("prophoto"))
    made = rendered(engine, data, whole(picture, "png"))
    assert difference(patches(made), in_srgb(grays, profile("prophoto"), tmp_path)) < EXACT


@pytest.mark.parametrize(
    ("format", "options", "most"), [("TIFF", {}, EXACT), ("JPEG", {"quality": 100}, ENCODED)]
)
def test_cmyk_with_a_profile(
    engine: Engine, format: str, options: Any, most: float, tmp_path: Path, settings: Any
) -> None:
    settings.SHIFT_MEDIA_FORMATS = ["jpg", "tiff"]
    picture = chart("CMYK", INK)
    data = encoded(picture, format, icc_profile=profile("cmyk"), **options)
    made = rendered(engine, data, whole(picture, "png"))
    assert difference(patches(made), in_srgb(INK, profile("cmyk"), tmp_path)) < most


def without_adobe(data: bytes) -> bytes:
    """Leave out the segment that says that Adobe's programs have written the file."""
    start = data.index(b"\xff\xee")
    return data[:start] + data[start + 2 + int.from_bytes(data[start + 2 : start + 4], "big") :]


def test_only_adobe_cmyk_is_inverted(engine: Engine) -> None:
    picture = Image.new("CMYK", (64, 64), (0, 255, 255, 0))
    adobe = encoded(picture, "JPEG")
    other = without_adobe(encoded(ImageChops.invert(picture), "JPEG"))
    turned = without_adobe(encoded(ImageChops.invert(picture), "JPEG", exif=exif(6)))
    for data in (adobe, other, turned):
        made = rendered(engine, data, "8x8-fit-80-noupscale.jpg")
        assert made.mode == "RGB"
        assert difference([made.getpixel((4, 4))], [(255, 0, 0)]) < 12


def test_lab_images_of_another_program_keep_their_colors(
    engine: Engine, settings: Any, tmp_path: Path
) -> None:
    settings.SHIFT_MEDIA_FORMATS = ["tiff"]
    if not which("tificc"):
        missing("apt-get install liblcms2-utils")
    picture = chart("RGB", RGB)
    before, lab = tmp_path / "rgb.tiff", tmp_path / "lab.tiff"
    picture.save(before)
    subprocess.run(["tificc", "-t1", "-i*sRGB", "-o*Lab", before, lab], check=True)
    assert Image.open(lab).mode == "LAB"
    made = rendered(engine, lab.read_bytes(), whole(picture, "png"))
    assert difference(patches(made), RGB) < 2 * EXACT  # of 8 bits there are few in Lab


@pytest.mark.parametrize("format", ["jpg", "png", "webp", "avif"])
def test_display_p3_is_kept_if_the_settings_say_so(
    engine: Engine, format: str, settings: Any
) -> None:
    settings.SHIFT_MEDIA_COLOR = "p3"
    picture = chart("RGB", RGB)
    kept = profile("p3")
    quality = 90 if format == "png" else 99
    made = rendered(
        engine,
        encoded(picture, "PNG", icc_profile=kept),
        f"{picture.width}x-fit-{quality}-noupscale.{format}",
    )
    assert made.info["icc_profile"] == kept
    assert difference(patches(made), RGB) < (EXACT if format == "png" else 2 * ENCODED)


def test_display_p3_is_converted_where_it_cannot_be_kept(
    engine: Engine, settings: Any, tmp_path: Path
) -> None:
    settings.SHIFT_MEDIA_COLOR = "p3"
    picture = chart("RGB", RGB)
    for name, text in (
        ("adobe", "fit-90-noupscale.png"),  # other colors
        ("p3", "fit-90-noupscale.gif"),  # which knows no profiles
        ("p3", "fitbg102030-90-noupscale.png"),  # on a color of sRGB
    ):
        data = encoded(picture, "PNG", icc_profile=profile(name))
        made = rendered(engine, data, f"{picture.width}x-{text}")
        assert "icc_profile" not in made.info
        assert difference(patches(made), in_srgb(RGB, profile(name), tmp_path)) < EXACT


# Little CMS writes the time into a profile, so the bytes are no name for a test.
@pytest.mark.parametrize(
    "broken",
    [b"no profile", srgb()[:200], srgb()[:128] + bytes(100)],
    ids=["text", "truncated", "without tags"],
)
def test_a_broken_profile_is_ignored(engine: Engine, broken: bytes) -> None:
    assert_ignored(engine, broken)


# Not the profiles themselves: where they are not installed, the tests that need them are skipped.
@pytest.mark.parametrize("name", ["cmyk", "gray-l"])
def test_a_profile_for_another_mode_is_ignored(engine: Engine, name: str) -> None:
    assert_ignored(engine, profile(name))


def assert_ignored(engine: Engine, broken: bytes) -> None:
    data = encoded(Image.new("RGB", (64, 64), (250, 0, 0)), "PNG", icc_profile=broken)
    made = rendered(engine, data, "8x8-fit-90-noupscale.png").convert("RGB")
    assert made.getpixel((4, 4)) == (250, 0, 0)


def test_the_same_file_has_the_same_colors(engine: Engine) -> None:
    data = encoded(chart("RGB", RGB), "PNG", icc_profile=profile("adobe"))
    text = "100x-fit-90-noupscale.png"
    one, other = (rendered(engine, data, text).tobytes() for _ in range(2))
    assert one == other


def test_16_bit_grayscale_is_rounded_to_8_bits(engine: Engine) -> None:
    levels = [round(level * 257 + shift) for level in range(255) for shift in (-100, 100)][1:]
    picture = Image.new("I;16", (len(levels), 8))
    row = b"".join(level.to_bytes(2, "little") for level in levels)
    picture.frombytes(row * 8)
    made = rendered(engine, encoded(picture, "PNG"), f"{picture.width}x-fit-90-noupscale.png")
    found = [made.getpixel((x, 4)) for x in range(made.width)]
    assert found == [round(level / 257) for level in levels]


@pytest.mark.parametrize("format", ["png", "webp", "avif", "jxl"])
def test_transparent_edges_have_no_fringe_of_hidden_colors(engine: Engine, format: str) -> None:
    picture = Image.new("RGBA", (200, 200), (0, 255, 0, 0))
    picture.paste((255, 0, 0, 255), (100, 0, 200, 200))
    quality = 90 if format == "png" else 95
    for words in ("", "blur3", "sharp100"):
        text = f"31x31-fit{words}-{quality}-noupscale.{format}"
        small = rendered(engine, encoded(picture, "PNG"), text).convert("RGBA")
        on_black = Image.alpha_composite(Image.new("RGBA", small.size, "black"), small)
        greens = on_black.getchannel("G").getextrema()
        assert int(greens[1]) < 20  # type: ignore[arg-type]


def test_palette_images_are_scaled_in_rgb(engine: Engine) -> None:
    picture = Image.new("P", (100, 100))
    picture.putpalette([255, 0, 0, 0, 0, 255])
    picture.putdata([(x + y) % 2 for y in range(100) for x in range(100)])
    for data in (encoded(picture, "PNG"), encoded(picture, "GIF")):
        made = decoded(
            engine.render(
                data, _parse("10x10-fit-90-noupscale.png"), engine_options(max_pixels=ENOUGH)
            )
        ).convert("RGB")
        red, green, blue = made.getpixel((5, 5))  # type: ignore[misc]
        assert abs(red - 128) < 6
        assert green == 0
        assert abs(blue - 128) < 6


def _parse(text: str) -> Any:
    from django_shift_media.naming.resizes import Resize

    return Resize.parse(text)
