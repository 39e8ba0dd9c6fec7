"""Animations show at each moment what Chromium shows of their originals."""

import io
import shutil
import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import pyvips
from PIL import Image, ImageSequence

from django_shift_media.engines.pillow import engine
from django_shift_media.engines.selection import engine_options
from django_shift_media.naming.resizes import Resize
from gallery.drawings import draw_photo
from tests.support.animations import GifFrame, Place, PngFrame, apng, gif, random_animation
from tests.support.chromium_pictures import ChromiumPictures, Undecodable
from tests.support.pictures import ENOUGH, decoded, encoded
from tests.support.requirements import missing
from tests.support.timelines import disagreement

CASES = Path(__file__).parent / "cases"
MANY_COLORS = "shaded_by_imagemagick.gif"  # more than 256 in all frames
LOSSLESS = {
    "gif": "fit-90-noupscale.gif",
    "png": "fit-90-noupscale.png",
    "webp": "fitlossless-90-noupscale.webp",
    "avif": "fitlossless-90-noupscale.avif",
}
FORMATS = list(LOSSLESS)


def rendered(data: bytes, format: str) -> bytes:
    """Return an animation in a format, as large as it is."""
    resize = Resize.parse(f"{decoded(data).width}x-{LOSSLESS[format]}")
    return engine.render(data, resize, engine_options(max_pixels=ENOUGH))


def complaints(
    chromium_pictures: ChromiumPictures,
    originals: list[bytes],
    format: str,
    *,
    is_lossy: bool = False,
) -> dict[int, str]:
    """Say by index which of them look different in a format."""
    shown = chromium_pictures.animations(originals)
    made = chromium_pictures.animations(rendered(data, format) for data in originals)
    found = {}
    for index, (one, other) in enumerate(zip(shown, made, strict=True)):
        if isinstance(one, Undecodable) or isinstance(other, Undecodable):
            found[index] = f"Chromium: {one}, {other}"
        elif complaint := disagreement(one, other, format, is_lossy=is_lossy or format == "avif"):
            found[index] = complaint
    return found


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    "name",
    [
        "apng_over_half_transparent.png",
        "blink_red_empty_blue_empty.gif",
        "gif_disposal_0_after_2.gif",
        "gif_first_frame_smaller.gif",
        "red_then_black_then_blue.gif",
        MANY_COLORS,
    ],
)
def test_files_that_were_wrong(chromium_pictures: ChromiumPictures, name: str, format: str) -> None:
    data = (CASES / name).read_bytes()
    is_lossy = name == MANY_COLORS
    assert complaints(chromium_pictures, [data], format, is_lossy=is_lossy) == {}


# Disposal, blending, parts of the canvas, palettes, transparency, delays.
@pytest.mark.parametrize("target", FORMATS)
@pytest.mark.parametrize("source", FORMATS)
@pytest.mark.parametrize("seeds", [range(10), pytest.param(range(200), marks=pytest.mark.nightly)])
def test_random_animations(
    chromium_pictures: ChromiumPictures, source: str, target: str, seeds: range
) -> None:
    originals = [random_animation(source, seed) for seed in seeds]
    assert complaints(chromium_pictures, originals, target) == {}


def libvips_frames(data: bytes) -> list[Image.Image]:
    tall = pyvips.Image.new_from_buffer(data, "", n=-1).colourspace("srgb")
    tall = tall if tall.hasalpha() else tall.bandjoin(255)
    pixels = Image.frombytes("RGBA", (tall.width, tall.height), tall.write_to_memory())
    height = tall.get("page-height")
    corners = range(0, tall.height, height)
    return [pixels.crop((0, top, tall.width, top + height)) for top in corners]


def pillow_frames(data: bytes) -> list[Image.Image]:
    image = Image.open(io.BytesIO(data))
    return [frame.convert("RGBA") for frame in ImageSequence.Iterator(image)]


@pytest.mark.parametrize("decode", [libvips_frames, pillow_frames])
@pytest.mark.parametrize("source", FORMATS)
def test_gifs_leave_other_decoders_no_choice(
    chromium_pictures: ChromiumPictures,
    source: str,
    decode: Callable[[bytes], list[Image.Image]],
) -> None:
    made = [rendered(random_animation(source, seed), "gif") for seed in range(15)]
    for data, shown in zip(made, chromium_pictures.animations(made), strict=True):
        assert not isinstance(shown, Undecodable)
        for frame, other in zip(shown.frames, decode(data), strict=True):
            assert frame.image.convert("RGBa").tobytes() == other.convert("RGBa").tobytes()


# -- what the GIF specification leaves open -------------------------------------------------------

PALETTE = bytes.fromhex("ff0000 00ff00 0000ff 090909 ffff00 00ffff ff00ff ffffff")
WHOLE, CORNER = Place(0, 0, 4, 3), Place(0, 0, 2, 2)


def filled(place: Place, index: int, disposal: int = 1, **others: Any) -> GifFrame:
    return GifFrame(place, [index] * (place.width * place.height), disposal, **others)


UNUSUAL_GIFS = {
    **{
        f"disposal {disposal}": [
            filled(WHOLE, 0),
            filled(CORNER, 1, disposal),
            filled(Place(2, 1, 2, 2), 2),
        ]
        for disposal in range(8)
    },
    "first frame with disposal 2": [filled(WHOLE, 0, 2), filled(CORNER, 1)],
    "first frame with disposal 3": [filled(WHOLE, 0, 3), filled(CORNER, 1)],
    "first frame larger than the canvas": [filled(Place(1, 2, 6, 5), 0), filled(CORNER, 1)],
    "later frame larger than the canvas": [filled(WHOLE, 0), filled(Place(2, 2, 9, 9), 1)],
    "later frame outside of the canvas": [filled(WHOLE, 0), filled(Place(20, 20, 4, 4), 1)],
    "frame without pixels": [filled(WHOLE, 0), filled(Place(0, 0, 0, 0), 0), filled(CORNER, 1)],
    "nothing but transparent pixels": [
        filled(WHOLE, 0, 2, transparent=0),
        filled(CORNER, 1),
        filled(WHOLE, 0, transparent=0),
    ],
}


@pytest.mark.parametrize("format", FORMATS)
def test_unusual_gifs(chromium_pictures: ChromiumPictures, format: str) -> None:
    originals = [gif((4, 3), frames, PALETTE) for frames in UNUSUAL_GIFS.values()]
    assert complaints(chromium_pictures, originals, format) == {}


@pytest.mark.parametrize("format", FORMATS)
def test_gifs_without_a_size_or_colors(chromium_pictures: ChromiumPictures, format: str) -> None:
    frames = [filled(WHOLE, 3), filled(CORNER, 1, transparent=2)]
    originals = [gif((0, 0), frames, PALETTE), gif((4, 3), frames, None)]
    assert complaints(chromium_pictures, originals, format) == {}


# -- GIFs with as many colors as they can have ----------------------------------------------------


@pytest.mark.parametrize("format", FORMATS)
def test_gray_frames_with_all_levels(chromium_pictures: ChromiumPictures, format: str) -> None:
    ramp = Image.linear_gradient("L")
    frames = [ramp, ramp.transpose(Image.Transpose.ROTATE_90), ramp.copy()]
    frames[2].paste(7, (100, 100, 140, 120))
    originals = [
        encoded(frames[0], source, save_all=True, append_images=frames[1:], duration=90)
        for source in ("PNG", "GIF")
    ]
    assert complaints(chromium_pictures, originals, format) == {}


def test_frames_with_palettes_of_their_own(chromium_pictures: ChromiumPictures) -> None:
    frames = []
    for channel in range(3):
        bands = [Image.new("L", (64, 64))] * 3
        bands[channel] = Image.radial_gradient("L").resize((64, 64), Image.Resampling.NEAREST)
        frames.append(Image.merge("RGB", bands))
    original = encoded(frames[0], "PNG", save_all=True, append_images=frames[1:], duration=90)
    shown, made = chromium_pictures.animations([original, rendered(original, "gif")])
    assert disagreement(shown, made, "gif", is_lossy=True) == ""


# -- durations ------------------------------------------------------------------------------------


def flashes(*delays: tuple[int, int], plays: int = 0) -> bytes:
    """Return an APNG whose frames are red and blue in turns, for fractions of a second."""
    place = Place(0, 0, 8, 8)
    colors = [Image.new("RGB", (8, 8), color) for color in ("red", "blue")]
    frames = [
        PngFrame(place, colors[number % 2], delay=delay) for number, delay in enumerate(delays)
    ]
    return apng((8, 8), frames, plays)


def shown_durations(
    chromium_pictures: ChromiumPictures, data: bytes, format: str
) -> tuple[list[float], float]:
    """Return for how many milliseconds frames are shown, and the original as a whole."""
    original, made = chromium_pictures.animations([data, rendered(data, format)])
    return [frame.duration for frame in made.frames], original.duration


@pytest.mark.parametrize("format", FORMATS)
def test_rounding_adds_nothing_to_the_whole(
    chromium_pictures: ChromiumPictures, format: str
) -> None:
    delays = [*[(1, 30)] * 30, (44, 1000), (26, 1000), *[(1, 60)] * 7, (1, 2)]
    durations, _ = shown_durations(chromium_pictures, flashes(*delays), format)
    # Chromium itself truncates each delay of an APNG to milliseconds.
    total = 1000 * sum(Fraction(*delay) for delay in delays)
    assert sum(durations) == pytest.approx(float(total), abs=10)
    assert len(durations) == len(delays)


def test_a_gif_shows_no_frame_for_less_than_20_milliseconds(
    chromium_pictures: ChromiumPictures,
) -> None:
    short = [(milliseconds, 1000) for milliseconds in range(11, 20)]
    durations, total = shown_durations(chromium_pictures, flashes(*short), "gif")
    assert durations == [20] * 9
    durations, total = shown_durations(chromium_pictures, flashes(*short, (1, 2)), "gif")
    assert durations[:9] == [20] * 9
    assert sum(durations) == pytest.approx(total, abs=10)


@pytest.mark.parametrize("format", FORMATS)
def test_frames_without_a_duration_are_shown_as_browsers_do(
    chromium_pictures: ChromiumPictures, format: str
) -> None:
    data = flashes((0, 1), (10, 1000), (1, 10))
    durations, _ = shown_durations(chromium_pictures, data, format)
    assert durations == [100] * 3
    assert [frame.duration for frame in chromium_pictures.animation(data).frames] == [100] * 3


@pytest.mark.parametrize("format", FORMATS)
def test_long_durations(chromium_pictures: ChromiumPictures, format: str) -> None:
    data = flashes((65_001, 1000), (601, 1), (65_535, 1), (1, 1), plays=100_000)
    durations, _ = shown_durations(chromium_pictures, data, format)
    assert durations[1:] == [601_000, 655_350, 1000]
    assert durations[0] == pytest.approx(65_001, abs=5)


def test_frames_of_an_avif_that_last_no_whole_milliseconds(
    chromium_pictures: ChromiumPictures, tmp_path: Path
) -> None:
    if shutil.which("avifenc") is None:
        missing("avifenc: apt-get install libavif-bin")
    names = [f"{number}.png" for number in range(15)]
    for number, name in enumerate(names):
        (tmp_path / name).write_bytes(draw_photo(96, 64, seed=number, format="PNG"))
    options = ["--speed", "6", "--range", "limited", "--fps", "30"]
    subprocess.run(
        ["avifenc", *options, *names, "out.avif"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    data = (tmp_path / "out.avif").read_bytes()
    durations, total = shown_durations(chromium_pictures, data, "gif")
    assert sum(durations) == pytest.approx(500, abs=10)
    assert total == pytest.approx(500, abs=1)
