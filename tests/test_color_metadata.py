"""Color metadata in PNG, AVIF, HEIC and JPEG files gives the colors that a browser shows."""

import io
import itertools
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path
from shutil import which
from typing import Any

import pillow_heif
import pytest
from PIL import Image, ImageChops, ImageCms

from django_shift_media.engines.pillow import engine
from django_shift_media.engines.selection import engine_options
from django_shift_media.naming.resizes import Resize
from tests.support.chromium_pictures import ChromiumPictures
from tests.support.color_charts import RGB, chart, difference, patches, whole
from tests.support.hostile import chunk
from tests.support.levels import level_difference
from tests.support.pictures import decoded, delta_e, encoded, in_srgb, profile, rendered
from tests.support.requirements import missing
from tests.support.samples import SUITES

# As patches, of which JPEG, AVIF and HEIC may lose little.
PICTURE = chart("RGB", RGB)
Viewer = Callable[[bytes], Image.Image]


@pytest.fixture(scope="module")
def viewer(chromium_pictures: ChromiumPictures) -> Viewer:
    return chromium_pictures.still


def is_as_shown(data: bytes, viewer: Viewer, most: float = 1) -> bool:
    made = rendered(engine, data, whole(PICTURE, "png"))
    return difference(patches(made), patches(viewer(data))) < most


def matters(data: bytes) -> bool:
    """Say whether another picture is made than of the same numbers in sRGB."""
    made = rendered(engine, data, whole(PICTURE, "png"))
    return difference(patches(made), patches(decoded(data))) > 1


# -- PNG ------------------------------------------------------------------------------------------

SRGB_POINTS = ((0.3127, 0.3290), (0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
ADOBE_POINTS = ((0.3127, 0.3290), (0.64, 0.33), (0.21, 0.71), (0.15, 0.06))
WHITE_OF_PAPER = ((0.3457, 0.3585), (0.7347, 0.2653), (0.1596, 0.8404), (0.0366, 0.0001))
Chunk = tuple[bytes, bytes]


def png_with(*chunks: Chunk, picture: Image.Image = PICTURE) -> bytes:
    """Return a picture with chunks before its pixels."""
    data = encoded(picture, "PNG")
    end = data.index(b"IDAT") - 4
    return data[:end] + b"".join(chunk(*parts) for parts in chunks) + data[end:]


def gama(gamma: float) -> Chunk:
    return b"gAMA", struct.pack(">I", round(100_000 * gamma))


def chrm(points: Any) -> Chunk:
    numbers = (round(100_000 * number) for number in itertools.chain(*points))
    return b"cHRM", struct.pack(">8I", *numbers)


def cicp(primaries: int, transfer: int) -> Chunk:
    return b"cICP", bytes((primaries, transfer, 0, 1))


def clli(candelas: int) -> Chunk:
    return b"cLLI", struct.pack(">II", 10_000 * candelas, 1_000_000)


def mdcv(candelas: int) -> Chunk:
    points = (35_400, 14_600, 8_500, 39_850, 6_550, 2_300, 15_635, 16_450)
    return b"mDCV", struct.pack(">8HII", *points, 10_000 * candelas, 1)


@pytest.mark.parametrize(
    ("chunks", "different"),
    [
        ([], False),
        ([gama(0.45455)], False),
        ([gama(0.45455), chrm(SRGB_POINTS)], True),
        ([gama(1)], True),
        ([gama(1), chrm(SRGB_POINTS)], True),
        ([gama(256 / 563), chrm(ADOBE_POINTS)], True),
        ([gama(1 / 1.8), chrm(WHITE_OF_PAPER)], True),
        ([chrm(ADOBE_POINTS)], False),
        ([(b"sRGB", b"\0"), gama(1), chrm(ADOBE_POINTS)], False),
        ([cicp(1, 13)], False),
        ([cicp(12, 13)], True),
        ([cicp(9, 13)], True),
        ([cicp(5, 13)], True),
        ([cicp(6, 13)], True),
        ([cicp(1, 4)], True),
        ([cicp(1, 5)], True),
        ([cicp(1, 8)], True),
        ([cicp(12, 13), gama(1)], True),
        ([cicp(9, 16)], True),
        ([cicp(12, 16)], True),
        ([cicp(1, 16)], True),
        ([cicp(9, 18)], True),
        ([cicp(12, 18)], True),
        ([cicp(9, 16), clli(400)], True),
        ([cicp(9, 16), clli(400), mdcv(4_000)], True),
        ([cicp(9, 16), clli(0), mdcv(4_000)], True),
        ([cicp(9, 18), clli(400)], True),
    ],
)
def test_a_png_that_tells_its_colors(chunks: list[Chunk], different: bool, viewer: Viewer) -> None:
    data = png_with(*chunks)
    assert is_as_shown(data, viewer)
    assert matters(data) is different


def ramp_with(*chunks: Chunk) -> bytes:
    return png_with(*chunks, picture=Image.linear_gradient("L").convert("RGB"))


@pytest.mark.parametrize(
    ("transfer", "brightness"),
    [
        (16, []),
        (16, [clli(600)]),
        (16, [mdcv(3_000)]),
        (16, [clli(1)]),
        (18, []),
        (18, [clli(600)]),
    ],
)
def test_grays_of_a_high_dynamic_range(
    transfer: int, brightness: list[Chunk], viewer: Viewer
) -> None:
    data = ramp_with(cicp(9, transfer), *brightness)
    made = rendered(engine, data, "256x-fit-90-noupscale.png").convert("RGB")
    change = ImageChops.difference(made, viewer(data).convert("RGB"))
    assert max(most for _, most in change.getextrema()) <= 3  # type: ignore[misc]


@pytest.mark.parametrize(("transfer", "candelas"), [(16, 50_000), (18, 4_000)])
def test_no_file_makes_grays_of_another_order(transfer: int, candelas: int) -> None:
    data = ramp_with(cicp(9, transfer), clli(candelas))
    made = rendered(engine, data, "256x-fit-90-noupscale.png").convert("L")
    levels = list(made.resize((1, 256)).tobytes())
    assert levels == sorted(levels)
    assert levels[-3] > 240


@pytest.mark.parametrize(
    "chunks",
    [
        [gama(0)],
        [gama(40_000)],
        [gama(0.45455), chrm([(0, 0)] * 4)],
        [gama(0.45455), chrm([(0.3, 0.3)] * 4)],
        [gama(0.45455), chrm([(40_000, 0.00001)] * 4)],
        [cicp(2, 2)],
        [cicp(77, 200)],
        [cicp(2, 16)],
        [clli(400), mdcv(400)],
    ],
)
def test_what_makes_no_sense_is_passed_over(chunks: list[Chunk]) -> None:
    data = png_with(*chunks)
    assert patches(rendered(engine, data, whole(PICTURE, "png"))) == RGB


def test_a_profile_goes_before_numbers(tmp_path: Path) -> None:
    data = encoded(PICTURE, "PNG", icc_profile=profile("prophoto"))
    at = data.index(b"iCCP") - 4
    made = rendered(engine, data[:at] + chunk(*gama(1)) + data[at:], whole(PICTURE, "png"))
    assert difference(patches(made), in_srgb(RGB, profile("prophoto"), tmp_path)) < 1


# 16 bits of gray become 8 before the curve is looked at, which is steep where it is dark.
MOST = {"basn0g16": 13, "ftbwn0g16": 4}


@pytest.mark.parametrize("path", SUITES["png"], ids=lambda path: path.stem)
def test_png_suite_is_what_a_browser_shows(path: Path, viewer: Viewer) -> None:
    shown = viewer(path.read_bytes())
    made = rendered(engine, path.read_bytes(), f"{shown.width}x-fit-90-noupscale.png")
    # Of what is hardly seen, a canvas does not keep the color.
    difference = ImageChops.difference(
        made.convert("RGBA").convert("RGBa"), shown.convert("RGBa")
    ).getextrema()
    assert max(most for _, most in difference) <= MOST.get(path.stem, 2)  # type: ignore[misc]


# -- code points ----------------------------------------------------------------------------------


def avif_of(points: str, folder: Path) -> bytes:
    if not which("avifenc"):
        missing("apt-get install libavif-bin")
    source, target = folder / "chart.png", folder / "chart.avif"
    PICTURE.save(source)
    # Without loss but for rounding.
    options = [
        "--min",
        "0",
        "--max",
        "0",
        "-y",
        "444",
        "-s",
        "8",
        "--ignore-icc",
        "--cicp",
        *points.split(),
    ]
    subprocess.run(["avifenc", *options, source, target], check=True, capture_output=True)
    return target.read_bytes()


@pytest.mark.parametrize(
    ("points", "different"),
    [
        ("1/13/6", False),
        ("1/1/1", False),
        ("2/2/6", False),
        ("12/13/6", True),
        ("9/13/9", True),
        ("9/1/9", True),
        ("6/6/6", True),
        ("1/4/6", True),
        ("1/8/6", True),
        ("6/7/6", True),
        ("22/13/6", True),
        ("1/17/1", True),
        ("9/16/9", True),
        ("9/18/9", True),
        # What is unspecified or unknown is BT.709 and sRGB.
        ("2/4/6", True),
        ("12/2/6", True),
        ("2/16/9", True),
        ("12/99/6", True),
        ("99/16/9", True),
        ("99/99/6", False),
    ],
)
def test_an_avif_of_code_points(
    points: str, different: bool, viewer: Viewer, tmp_path: Path
) -> None:
    data = avif_of(points, tmp_path)
    assert is_as_shown(data, viewer, 2)
    assert matters(data) is different


@pytest.mark.parametrize("points", ["12/13/6", "9/16/9", "1/4/6", "2/2/6"])
def test_an_avif_whose_code_points_are_only_in_its_stream(
    points: str, viewer: Viewer, tmp_path: Path
) -> None:
    data = avif_of(points, tmp_path)
    assert data.count(b"colrnclx") == 1
    assert is_as_shown(data.replace(b"colrnclx", b"freenclx"), viewer, 2)


def test_colors_that_are_derived_from_the_primaries(viewer: Viewer, tmp_path: Path) -> None:
    """Chromium shows the numbers of such a file, whatever the primaries: not as documented."""
    derived, identity = avif_of("12/16/12", tmp_path), avif_of("12/16/0", tmp_path)
    made = rendered(engine, derived, whole(PICTURE, "png"))
    assert level_difference(made, viewer(identity)).percentile_99 <= 4
    assert level_difference(viewer(derived), decoded(derived)).maximum == 0


def heic_of(primaries: int, transfer: int) -> bytes:
    buffer = io.BytesIO()
    pillow_heif.from_pillow(PICTURE).save(
        buffer,
        quality=100,
        chroma=444,
        color_primaries=primaries,
        transfer_characteristics=transfer,
        matrix_coefficients=6,
        full_range_flag=1,
    )
    return buffer.getvalue()


def test_a_heic_of_code_points(settings: Any, tmp_path: Path) -> None:
    settings.SHIFT_MEDIA_FORMATS = ["heic"]
    text = whole(PICTURE, "png")
    for name, primaries in (("p3", 12), ("rec2020", 9)):
        made = rendered(engine, heic_of(primaries, 13), text)
        assert difference(patches(made), in_srgb(RGB, profile(name), tmp_path)) < 4
        assert difference(patches(made), RGB) > 5
    assert difference(patches(rendered(engine, heic_of(1, 13), text)), RGB) < 4


@pytest.mark.parametrize("transfer", [16, 18])
def test_a_heic_of_a_high_dynamic_range(transfer: int, viewer: Viewer, settings: Any) -> None:
    settings.SHIFT_MEDIA_FORMATS = ["heic"]
    made = rendered(engine, heic_of(9, transfer), whole(PICTURE, "png"))
    shown = viewer(png_with(cicp(9, transfer)))
    assert difference(patches(made), patches(shown)) < 4
    assert difference(patches(made), RGB) > 5


def test_code_points_of_display_p3_are_kept_as_a_profile(settings: Any, viewer: Viewer) -> None:
    settings.SHIFT_MEDIA_COLOR = "p3"
    data = png_with(cicp(12, 13))
    made = engine.render(
        data, Resize.parse(whole(PICTURE, "png")), engine_options(max_pixels=10**8)
    )
    assert patches(decoded(made)) == RGB
    kept = decoded(made).info["icc_profile"]
    assert ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(kept)))
    assert difference(patches(viewer(made)), patches(viewer(data))) < 1


# -- cameras --------------------------------------------------------------------------------------


def camera_jpeg(color_space: int, index: str | None, **options: Any) -> bytes:
    """A JPEG as cameras write it, that are set to sRGB (R98) or to Adobe RGB (R03)."""
    exif = Image.Exif()
    exif[0x010F] = "Camera Works"
    exif.get_ifd(0x8769)[0xA001] = color_space
    if index:
        exif.get_ifd(0x8769)[0xA005] = {1: index}
    return encoded(PICTURE, "JPEG", quality=100, subsampling=0, exif=exif, **options)


def test_a_camera_that_is_set_to_adobe_rgb(tmp_path: Path) -> None:
    data = camera_jpeg(0xFFFF, "R03")
    made = rendered(engine, data, whole(PICTURE, "png"))
    assert difference(patches(made), in_srgb(RGB, profile("adobe"), tmp_path)) < 4
    assert matters(data)


@pytest.mark.parametrize(("space", "index"), [(1, "R98"), (1, None), (0xFFFF, None), (1, "R03")])
def test_a_camera_that_is_not(space: int, index: str | None) -> None:
    data = camera_jpeg(space, index)
    assert difference(patches(rendered(engine, data, whole(PICTURE, "png"))), RGB) < 4


def test_a_profile_goes_before_what_exif_says(tmp_path: Path) -> None:
    data = camera_jpeg(0xFFFF, "R03", icc_profile=profile("p3"))
    made = rendered(engine, data, whole(PICTURE, "png"))
    assert difference(patches(made), in_srgb(RGB, profile("p3"), tmp_path)) < 4


# -- profiles -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["p3", "adobe", "prophoto", "rec2020", "wide"])
@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "AVIF"])
def test_a_profile_as_a_browser_shows_it(name: str, format: str, viewer: Viewer) -> None:
    options = {"JPEG": {"quality": 100, "subsampling": 0}, "WEBP": {"lossless": True}}
    data = encoded(PICTURE, format, icc_profile=profile(name), **options.get(format, {}))
    made = rendered(engine, data, whole(PICTURE, "png"))
    assert delta_e(made, viewer(data)) < 1
