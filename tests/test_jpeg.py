"""JPEGs decoded at a smaller scale, without an end, with profiles in parts, and of rare kinds."""

import io
import random
from pathlib import Path
from typing import Any

import pytest
import pyvips
from PIL import Image

from django_shift_media.engines import pillow, vips
from django_shift_media.engines.engine import Engine
from django_shift_media.engines.selection import engine_options
from django_shift_media.exceptions import UnreadableImage
from gallery.drawings import draw_photo
from tests.support.chromium_pictures import ChromiumPictures
from tests.support.color_charts import RGB, chart, difference, patches, whole
from tests.support.jpegs import lossless_jpeg, profile_segment, with_segments
from tests.support.levels import level_difference
from tests.support.pictures import ENOUGH, decoded, distance, encoded, profile, rendered

CASES = Path(__file__).parent / "cases"

# -- scales ---------------------------------------------------------------------------------------


def stripes() -> Image.Image:
    """Return columns of one color, of 3 to 20 pixels: what coarse samples of color blur."""
    row, x = Image.new("RGB", (640, 1)), 0
    for width in [3, 5, 8, 12, 20] * 13:
        color = ((255, 0, 0), (0, 0, 255), (0, 160, 0))[width % 3]
        row.paste(color, (x, 0, x + width, 1))
        x += width
    return row.resize((640, 480), Image.Resampling.NEAREST)


SUBSAMPLED = {
    "4:1:1": (CASES / "jpeg_411.jpg").read_bytes(),
    "4:2:2": encoded(stripes(), "JPEG", quality=90, subsampling=1),
    "4:2:0": encoded(stripes(), "JPEG", quality=90, subsampling=2),
    "4:4:4": encoded(stripes(), "JPEG", quality=90, subsampling=0),
}


def by_vipsthumbnail(data: bytes, width: int) -> Image.Image:
    image = pyvips.Image.thumbnail_buffer(data, width)
    return Image.frombytes("RGB", (image.width, image.height), image.write_to_memory())


@pytest.mark.parametrize("width", [64, 75, 100, 150])
@pytest.mark.parametrize("subsampling", ["4:1:1", "4:2:2"])
def test_coarse_samples_of_color_lose_no_more_than_in_vipsthumbnail(
    engine: Engine, subsampling: str, width: int
) -> None:
    data = SUBSAMPLED[subsampling]
    full = rendered(engine, encoded(decoded(data), "PNG"), f"{width}x-fit-90-noupscale.png")
    made = rendered(engine, data, f"{width}x-fit-90-noupscale.png")
    theirs = by_vipsthumbnail(data, width)
    assert distance(made, full) <= distance(theirs, full) + 0.1
    ours = level_difference(made, full).percentile_99
    assert ours <= level_difference(theirs, full).percentile_99 + 1


@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:0"])
def test_even_samples_are_still_decoded_at_the_smallest_scale(subsampling: str) -> None:
    from django_shift_media.engines.decode.jpeg_scale import decode_margin

    assert decode_margin(Image.open(io.BytesIO(SUBSAMPLED[subsampling]))) == 1.25


@pytest.mark.parametrize("side", [97, 98, 103, 199, 257])
def test_the_last_pixel_of_an_odd_size_is_the_last_of_the_original(
    engine: Engine, side: int
) -> None:
    """A ramp shows what part of the original each pixel is from."""
    ramp = Image.linear_gradient("L").rotate(90).resize((side, side)).convert("RGB")
    data = encoded(ramp, "JPEG", quality=100, subsampling=0)
    width = side // 10
    made = rendered(engine, data, f"{width}x{width}-fit-90-noupscale.png")
    full = rendered(engine, encoded(ramp, "PNG"), f"{width}x{width}-fit-90-noupscale.png")
    assert level_difference(made, full).maximum <= 5


# -- the end --------------------------------------------------------------------------------------

PHOTO = draw_photo(640, 480)
WITHOUT_END = PHOTO.removesuffix(b"\xff\xd9")
TRAILERS = {
    "nothing": b"",
    "zeros": bytes(500),
    "random bytes": random.Random(1).randbytes(30_000),
    "another JPEG": draw_photo(80, 60),
    "a trailer of Samsung": b"\0\0\x01\x0a\x0e\0\0\0Image_UTC_Data1700000000000SEFHk\0\0\0SEFT",
}


@pytest.mark.parametrize("truncated", ["refuse", "accept"])
@pytest.mark.parametrize("name", TRAILERS)
def test_only_the_end_marker_is_missing(
    engine: Engine, name: str, truncated: str, settings: Any
) -> None:
    settings.SHIFT_MEDIA_TRUNCATED = truncated
    data = WITHOUT_END + TRAILERS[name]
    assert engine.verify(data, engine_options(max_pixels=ENOUGH)).size == (640, 480)
    for text in ("600x-fit-90-noupscale.png", "60x-fit-90-noupscale.png"):
        # Of such files, libvips only scales what Pillow has decoded.
        made, wanted = rendered(engine, data, text), rendered(pillow.engine, PHOTO, text)
        assert level_difference(made, wanted).percentile_99 <= 1


@pytest.mark.parametrize("options", [{}, {"restart_marker_blocks": 3}, {"progressive": True}])
@pytest.mark.parametrize("trailer", [b"", random.Random(2).randbytes(300)])
def test_missing_pixels_are_not_made_of_what_follows(
    engine: Engine, options: dict[str, Any], trailer: bytes
) -> None:
    whole = encoded(decoded(PHOTO), "JPEG", **options)
    for length in (len(whole) // 2, len(whole) - 3000):
        data = whole[:length] + trailer
        for text in ("60x-fit-90-noupscale.png", "60x6-fillx50y0-90-noupscale.png"):
            with pytest.raises(UnreadableImage, match="it is truncated"):
                rendered(engine, data, text)


def test_a_progressive_jpeg_needs_its_end(engine: Engine) -> None:
    data = encoded(decoded(PHOTO), "JPEG", progressive=True)[:-2]
    with pytest.raises(UnreadableImage, match="it is truncated"):
        engine.verify(data, engine_options(max_pixels=ENOUGH))


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("subsampling", SUBSAMPLED)
def test_both_engines_agree_about_what_is_damaged(subsampling: str, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(20):
        data = bytearray(SUBSAMPLED[subsampling])
        start = chance.randrange(20, len(data))
        data[start : start + chance.choice((1, 1, 2, 200))] = chance.randbytes(chance.randrange(3))
        for text in ("100x-fit-90-noupscale.png", "200x9-fillx50y0-90-noupscale.png"):
            results = [_size_or_error(one, bytes(data), text) for one in (pillow, vips)]
            assert results[0] == results[1]


def _size_or_error(module: Any, data: bytes, text: str) -> object:
    try:
        return rendered(module.engine, data, text).size
    except UnreadableImage as error:
        return str(error)


# -- profiles -------------------------------------------------------------------------------------

PICTURE = chart("RGB", RGB)
ADOBE, DISPLAY_P3 = profile("adobe"), profile("p3")
FIRST, SECOND = ADOBE[:9000], ADOBE[9000:]


@pytest.mark.parametrize(
    ("parts", "applies"),
    [
        ([(1, 1, ADOBE)], True),
        ([(1, 2, FIRST), (2, 2, SECOND)], True),
        ([(2, 2, SECOND), (1, 2, FIRST)], True),
        # Written twice.
        ([(1, 1, ADOBE), (1, 1, ADOBE)], True),
        ([(1, 1, ADOBE), (1, 1, DISPLAY_P3)], True),
        ([(1, 2, FIRST), (2, 2, SECOND), (1, 2, FIRST), (2, 2, SECOND)], True),
        ([(1, 2, FIRST), (1, 2, FIRST), (2, 2, SECOND), (2, 2, SECOND)], False),
        # Something is missing.
        ([(1, 2, FIRST)], False),
        ([(2, 2, SECOND)], False),
        ([(1, 1, FIRST)], False),
        # Contradictory.
        ([(1, 2, FIRST), (2, 3, SECOND)], False),
        ([(0, 1, ADOBE)], False),
        ([(2, 1, ADOBE)], False),
        ([(1, 0, ADOBE)], False),
        ([(1, 2, FIRST), (1, 1, ADOBE)], False),
        ([(1, 1, ADOBE), (1, 2, FIRST)], True),
        ([(1, 1, b""), (1, 1, ADOBE)], True),
    ],
)
def test_the_parts_of_a_profile(
    engine: Engine,
    parts: list[tuple[int, int, bytes]],
    applies: bool,
    chromium_pictures: ChromiumPictures,
) -> None:
    jpeg = encoded(PICTURE, "JPEG", quality=100, subsampling=0)
    data = with_segments(jpeg, *(profile_segment(*part) for part in parts))
    made, shown = rendered(engine, data, whole(PICTURE, "png")), chromium_pictures.still(data)
    assert level_difference(made, shown).maximum <= 2
    assert (difference(patches(made), patches(decoded(jpeg))) > 5) is applies


# -- rare kinds -----------------------------------------------------------------------------------


def test_a_lossless_jpeg_is_called_lossless(engine: Engine) -> None:
    picture = Image.linear_gradient("L").resize((64, 48))
    data = lossless_jpeg(picture)
    assert decoded(data).tobytes() == picture.tobytes(), "this is no lossless JPEG"
    with pytest.raises(UnreadableImage) as error:
        engine.verify(data, engine_options(max_pixels=ENOUGH))
    assert str(error.value) == "This is a lossless JPEG; only lossy JPEGs are supported."
