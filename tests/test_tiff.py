"""TIFFs of all kinds of samples: right, or refused by name."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
import pyvips
from PIL import Image

from django_shift_media.engines.engine import Engine
from django_shift_media.engines.selection import engine_options
from django_shift_media.exceptions import UnreadableImage
from tests.support.levels import level_difference
from tests.support.pictures import ENOUGH, encoded, rendered
from tests.support.tiffs import BLACK_IS_ZERO, CMYK, RGB, WHITE_IS_ZERO, Order, Samples, tiff

WIDTH, HEIGHT = 16, 11
TEXT = f"{WIDTH}x-fit-90-noupscale.png"
Pixel = list[float]


@pytest.fixture(autouse=True)
def _accept_tiff(settings: Any) -> None:
    settings.SHIFT_MEDIA_FORMATS = ["tiff"]


def rows(bands: int) -> list[list[Pixel]]:
    """Return pixels with all bands different; the last of two or four is more than a half."""

    def pixel(x: int, y: int) -> Pixel:
        wave = (17 * x + 3 * y) % 256 / 255
        last = 1 - wave / 2
        return {1: [wave], 2: [wave, last], 3: [wave, 1 - wave, last]}.get(
            bands, [wave, 1 - wave, wave**2, last]
        )

    return [[pixel(x, y) for x in range(WIDTH)] for y in range(HEIGHT)]


def premultiplied(pixels: list[list[Pixel]]) -> list[list[Pixel]]:
    return [[[*(part * last for part in parts), last] for *parts, last in row] for row in pixels]


def as_image(pixels: list[list[Pixel]], mode: str) -> Image.Image:
    image = Image.new(mode, (WIDTH, HEIGHT))
    levels = [tuple(round(255 * part) for part in pixel) for row in pixels for pixel in row]
    image.putdata([level[0] for level in levels] if mode == "L" else levels)
    return image


def supported() -> Iterator[Any]:
    """Yield how a file is written, and the mode of what it shows."""
    for order, planar in itertools.product("<>", (False, True)):
        for bits in (8, 16):
            yield pytest.param(bits, RGB, 3, (), planar, order, "RGB")
            yield pytest.param(bits, RGB, 4, (2,), planar, order, "RGBA")
            yield pytest.param(bits, RGB, 4, (1,), planar, order, "RGBA")
    for order in "<>":
        for bits in (1, 2, 4, 8, 16):
            yield pytest.param(bits, BLACK_IS_ZERO, 1, (), False, order, "L")
        for bits in (1, 2, 4, 8):
            yield pytest.param(bits, WHITE_IS_ZERO, 1, (), False, order, "L")
        yield pytest.param(16, BLACK_IS_ZERO, 2, (0,), True, order, "L")
        yield pytest.param(8, BLACK_IS_ZERO, 2, (2,), False, order, "LA")
        yield pytest.param(8, BLACK_IS_ZERO, 2, (1,), False, order, "LA")


@pytest.mark.parametrize(
    ("bits", "photometric", "bands", "extra", "planar", "order", "mode"), [*supported()]
)
def test_samples_have_the_value_that_the_file_has(
    engine: Engine,
    bits: int,
    photometric: int,
    bands: int,
    extra: tuple[int, ...],
    planar: bool,
    order: Order,
    mode: str,
) -> None:
    pixels = rows(bands)
    stored = premultiplied(pixels) if extra == (1,) else pixels
    data = tiff(stored, Samples(bits), photometric, extra=extra, planar=planar, order=order)
    shown = [[[1 - pixel[0]] for pixel in row] for row in pixels]
    wanted = as_image(shown if photometric == WHITE_IS_ZERO else pixels, mode)
    steps = 255 // (2 ** min(bits, 8) - 1)
    made = rendered(engine, data, TEXT)
    # Multiplying and dividing by alpha rounds twice; fewer bits round more.
    assert level_difference(made, wanted).maximum <= max(2, steps // 2 + 1)


@pytest.mark.parametrize("tile", [False, True])
@pytest.mark.parametrize(
    ("format", "compression"),
    [
        *itertools.product(("uchar", "ushort"), ("lzw", "deflate", "none")),
        ("uchar", "jpeg"),
    ],
)
def test_files_of_another_library(
    engine: Engine, compression: str, tile: bool, format: str
) -> None:
    """libvips writes strips and tiles with libtiff."""
    picture = as_image(rows(3), "RGB").resize((320, 220), Image.Resampling.NEAREST)
    image = pyvips.Image.new_from_memory(picture.tobytes(), *picture.size, 3, "uchar")
    image = image.copy(interpretation="srgb")
    if format == "ushort":
        image = (image * 257).cast("ushort").copy(interpretation="rgb16")
    data = image.tiffsave_buffer(compression=compression, tile=tile, Q=100)
    made = rendered(engine, data, f"{picture.width}x-fit-90-noupscale.png")
    most = level_difference(made, picture)
    assert most.percentile_99 <= (40 if compression == "jpeg" else 0)


@pytest.mark.parametrize(
    ("samples", "photometric", "bands", "extra", "name"),
    [
        (Samples(32, "float"), BLACK_IS_ZERO, 1, (), "32-bit floating-point gray"),
        (Samples(32, "float"), RGB, 3, (), "32-bit floating-point RGB"),
        (Samples(64, "float"), BLACK_IS_ZERO, 1, (), "64-bit floating-point gray"),
        (Samples(32), BLACK_IS_ZERO, 1, (), "32-bit gray"),
        (Samples(32), RGB, 3, (), "32-bit RGB"),
        (Samples(8, "int"), BLACK_IS_ZERO, 1, (), "8-bit signed gray"),
        (Samples(16, "int"), BLACK_IS_ZERO, 1, (), "16-bit signed gray"),
        (Samples(32, "int"), BLACK_IS_ZERO, 1, (), "32-bit signed gray"),
        (Samples(12), BLACK_IS_ZERO, 1, (), "12-bit gray"),
        (Samples(16), WHITE_IS_ZERO, 1, (), "16-bit gray with white as zero"),
        (Samples(16), BLACK_IS_ZERO, 2, (2,), "16-bit gray with alpha"),
        (Samples(16), BLACK_IS_ZERO, 2, (1,), "16-bit gray with alpha"),
        (Samples(16), 9, 3, (), "16-bit ICC L*a*b*"),
        (Samples(8), 32803, 1, (), "8-bit sensor data"),
        (Samples(8), 777, 1, (), "8-bit colors of type 777"),
    ],
)
@pytest.mark.parametrize("order", ["<", ">"])
def test_other_kinds_are_refused_by_name(
    engine: Engine,
    samples: Samples,
    photometric: int,
    bands: int,
    extra: tuple[int, ...],
    name: str,
    order: Order,
) -> None:
    data = tiff(rows(bands), samples, photometric, extra=extra, order=order)
    with pytest.raises(UnreadableImage) as error:
        engine.verify(data, engine_options(max_pixels=ENOUGH))
    assert str(error.value) == f"This kind of TIFF is not supported: {name}."


@pytest.mark.parametrize(("bits", "bands", "extra"), [(8, 2, (2,)), (16, 4, ())])
def test_planes_of_alpha_that_decoders_lose_are_refused(
    engine: Engine, bits: int, bands: int, extra: tuple[int, ...]
) -> None:
    photometric = BLACK_IS_ZERO if bands == 2 else RGB
    data = tiff(rows(bands), Samples(bits), photometric, extra=extra, planar=True)
    with pytest.raises(UnreadableImage, match=r"is not supported: .* in separate planes"):
        engine.verify(data, engine_options(max_pixels=ENOUGH))


def test_inks_in_separate_planes_are_those_in_one(engine: Engine) -> None:
    one, other = (
        rendered(engine, tiff(rows(4), Samples(bits), CMYK, planar=planar), TEXT)
        for bits, planar in ((8, False), (16, True))
    )
    assert level_difference(one, other).maximum <= 1


@pytest.mark.parametrize("length", [8, 9, 20, 100])
def test_a_truncated_directory_is_called_damaged(engine: Engine, length: int) -> None:
    data = encoded(as_image(rows(3), "RGB"), "TIFF")
    with pytest.raises(UnreadableImage, match="damaged"):
        engine.verify(data[:length], engine_options(max_pixels=ENOUGH))
