"""PNGs: which chunk says what colors there are, broken chunks, and transparent colors."""

import itertools
import struct
import zlib
from typing import Any

import pytest
from PIL import Image

from django_shift_media.engines.engine import Engine
from django_shift_media.engines.selection import engine_options
from django_shift_media.exceptions import UnreadableImage
from tests.support.chromium_pictures import ChromiumPictures
from tests.support.hostile import chunk
from tests.support.levels import level_difference
from tests.support.pictures import ENOUGH, encoded, profile, rendered

COLORS = [(200, 30, 30), (30, 200, 30), (30, 30, 200), (90, 150, 60), (128, 128, 128), (9, 80, 140)]
PICTURE = Image.new("RGB", (6, 1))
PICTURE.putdata(COLORS)
TEXT = "6x-fit-90-noupscale.png"
ADOBE = profile("adobe")
ADOBE_POINTS = (0.3127, 0.3290, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06)  # white, red, green, blue


def with_chunks(*chunks: bytes, picture: Image.Image = PICTURE) -> bytes:
    """Return a picture with chunks before its pixels."""
    data = encoded(picture, "PNG")
    start = data.index(b"IDAT") - 4
    return data[:start] + b"".join(chunks) + data[start:]


def wrong_checksum(data: bytes) -> bytes:
    return data[:-1] + bytes((data[-1] ^ 1,))


def numbers(*values: float) -> bytes:
    return struct.pack(f">{len(values)}I", *(round(100_000 * value) for value in values))


def iccp(content: bytes) -> bytes:
    return chunk(b"iCCP", b"name\0\0" + content)


CICP = {
    "none": b"",
    "Display P3": chunk(b"cICP", bytes((12, 13, 0, 1))),
    "sRGB": chunk(b"cICP", bytes((1, 13, 0, 1))),
    "narrow range": chunk(b"cICP", bytes((12, 13, 0, 0))),
    "unknown primaries": chunk(b"cICP", bytes((77, 13, 0, 1))),
    "unspecified": chunk(b"cICP", bytes((2, 2, 0, 1))),
    "too short": chunk(b"cICP", bytes((12, 13, 0))),
    "too long": chunk(b"cICP", bytes((12, 13, 0, 1, 0))),
    "wrong checksum": wrong_checksum(chunk(b"cICP", bytes((12, 13, 0, 1)))),
}
ICCP = {
    "none": b"",
    "Adobe RGB": iccp(zlib.compress(ADOBE)),
    "half of the stream": iccp(zlib.compress(ADOBE)[:200]),
    "half of the profile": iccp(zlib.compress(ADOBE[:9000])),
    "no profile": iccp(zlib.compress(b"profile" * 50)),
    "no name": chunk(b"iCCP", b"\0\0" + zlib.compress(ADOBE)),
    "unknown compression": chunk(b"iCCP", b"name\0\1" + zlib.compress(ADOBE)),
    "wrong checksum": wrong_checksum(iccp(zlib.compress(ADOBE))),
}
SRGB = {
    "none": b"",
    "valid": chunk(b"sRGB", b"\0"),
    "unknown intent": chunk(b"sRGB", b"\x09"),
    "too long": chunk(b"sRGB", b"\0\0"),
    "empty": chunk(b"sRGB"),
    "wrong checksum": wrong_checksum(chunk(b"sRGB", b"\0")),
}
GAMA = {
    "none": b"",
    "linear": chunk(b"gAMA", numbers(1)),
    "zero": chunk(b"gAMA", numbers(0)),
    "too short": chunk(b"gAMA", b"\0\1"),
    "wrong checksum": wrong_checksum(chunk(b"gAMA", numbers(1))),
}
CHRM = {
    "none": b"",
    "Adobe RGB": chunk(b"cHRM", numbers(*ADOBE_POINTS)),
    "zeros": chunk(b"cHRM", numbers(*[0] * 8)),
    "too short": chunk(b"cHRM", numbers(*ADOBE_POINTS[:6])),
    "wrong checksum": wrong_checksum(chunk(b"cHRM", numbers(*ADOBE_POINTS))),
}
TABLES: tuple[dict[str, bytes], ...] = (CICP, ICCP, SRGB, GAMA, CHRM)
VALID = (CICP["Display P3"], ICCP["Adobe RGB"], SRGB["valid"], GAMA["linear"], CHRM["Adobe RGB"])


def one_or_two_broken() -> dict[tuple[str, ...], tuple[bytes, ...]]:
    """Take each entry of a table with what comes next in order, and without."""
    files = {}
    for place, table in enumerate(TABLES):
        for name, entry in table.items():
            for following in range(place + 1, len(TABLES) + 1):
                rest = [b""] * (following - place - 1) + list(VALID[following:])
                files[str(place), name, str(following)] = (b"",) * place + (entry, *rest)
    return files


def all_of_all() -> dict[tuple[str, ...], tuple[bytes, ...]]:
    names = itertools.product(*TABLES)
    return {
        chosen: tuple(table[name] for table, name in zip(TABLES, chosen, strict=True))
        for chosen in names
    }


def assert_as_shown(
    engine: Engine, files: dict[tuple[str, ...], tuple[bytes, ...]], chromium: ChromiumPictures
) -> None:
    originals = [with_chunks(*chunks) for chunks in files.values()]
    wrong = {}
    for name, data, shown in zip(files, originals, chromium.stills(originals), strict=True):
        assert isinstance(shown, Image.Image), name
        apart = level_difference(rendered(engine, data, TEXT), shown).maximum
        if apart > 1:
            wrong[name] = apart
    assert wrong == {}


def test_the_first_valid_chunk_says_what_colors_there_are(
    engine: Engine, chromium_pictures: ChromiumPictures
) -> None:
    assert_as_shown(engine, one_or_two_broken(), chromium_pictures)


@pytest.mark.nightly
@pytest.mark.browser
def test_each_combination_of_valid_and_broken_chunks(
    engine: Engine, chromium_pictures: ChromiumPictures
) -> None:
    assert_as_shown(engine, all_of_all(), chromium_pictures)


@pytest.mark.parametrize("transfer", [1, 4, 5, 6, 7, 8, 11, 13, 14, 15, 17])
def test_all_grays_of_a_transfer_function(
    engine: Engine, transfer: int, chromium_pictures: ChromiumPictures
) -> None:
    ramp = Image.frombytes("L", (256, 1), bytes(range(256))).convert("RGB")
    data = with_chunks(chunk(b"cICP", bytes((1, transfer, 0, 1))), picture=ramp)
    made = rendered(engine, data, "256x-fit-90-noupscale.png")
    assert level_difference(made, chromium_pictures.still(data)).maximum <= 1


@pytest.mark.parametrize("primaries", [1, 4, 5, 6, 7, 8, 9, 11, 12, 22])
def test_primaries(engine: Engine, primaries: int, chromium_pictures: ChromiumPictures) -> None:
    data = with_chunks(chunk(b"cICP", bytes((primaries, 13, 0, 1))))
    made = rendered(engine, data, TEXT)
    assert level_difference(made, chromium_pictures.still(data)).maximum <= 1


@pytest.mark.parametrize("bytes_of_cicp", [(12, 13, 1, 1), (12, 13, 0, 2)])
def test_code_points_for_which_browsers_refuse_a_png_are_ignored(
    engine: Engine, bytes_of_cicp: tuple[int, ...]
) -> None:
    data = with_chunks(chunk(b"cICP", bytes(bytes_of_cicp)))
    assert level_difference(rendered(engine, data, TEXT), PICTURE).maximum == 0


# -- checksums ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind", [b"tEXt", b"zTXt", b"iTXt", b"pHYs", b"tIME", b"bKGD", b"eXIf", b"tRNS", b"prVt"]
)
def test_a_broken_ancillary_chunk_is_left_out(
    engine: Engine, kind: bytes, chromium_pictures: ChromiumPictures
) -> None:
    for broken in (wrong_checksum(chunk(kind, bytes(6))), chunk(kind, b"x\0\x09")):
        data = with_chunks(broken)
        shown = chromium_pictures.still(data)
        assert level_difference(rendered(engine, data, TEXT), shown).maximum == 0
        assert engine.verify(data, engine_options(max_pixels=ENOUGH)).size == (6, 1)


def test_broken_chunks_after_the_pixels_are_left_out(engine: Engine) -> None:
    data = encoded(PICTURE, "PNG")
    end = data.rindex(b"IEND") - 4
    broken = wrong_checksum(chunk(b"eXIf", bytes(20)))
    made = rendered(engine, data[:end] + broken + data[end:], TEXT)
    assert level_difference(made, PICTURE).maximum == 0


@pytest.mark.parametrize("kind", [b"IHDR", b"PLTE"])
def test_a_broken_critical_chunk_is_refused(engine: Engine, kind: bytes) -> None:
    data = bytearray(encoded(PICTURE.quantize(6), "PNG"))
    start = data.index(kind)
    data[start + 4 + int.from_bytes(data[start - 4 : start], "big")] ^= 1
    with pytest.raises(UnreadableImage):
        engine.verify(bytes(data), engine_options(max_pixels=ENOUGH))


# -- transparent colors ---------------------------------------------------------------------------


def deep_png(bands: int, transparent: tuple[int, ...], *, interlaced: bool = False) -> bytes:
    """Return 128 pixels of 16 bits that differ by 1 in the last band: 11.2.1 and 11.2.3."""
    levels = ((*[4096] * (bands - 1), 4096 + x) for x in range(128))
    pixels = [struct.pack(f">{bands}H", *pixel) for pixel in levels]
    # The passes of a single row: 8.2.
    passes = [slice(0, None, 8), slice(4, None, 8), slice(2, None, 4), slice(1, None, 2)]
    scan = b"".join(
        b"\0" + b"".join(pixels[part]) for part in (passes if interlaced else [slice(None)])
    )
    color_type = 2 if bands == 3 else 0
    header = struct.pack(">IIBBBBB", 128, 1, 16, color_type, 0, 0, interlaced)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"tRNS", struct.pack(f">{bands}H", *transparent))
        + chunk(b"IDAT", zlib.compress(scan))
        + chunk(b"IEND")
    )


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize(
    ("bands", "transparent"),
    [
        (3, (4096, 4096, 4136)),
        (3, (4096, 4097, 4136)),  # no pixel has it
        (3, (4097, 4096, 4136)),
        (1, (4136,)),
        (1, (5000,)),
    ],
)
def test_all_16_bits_of_a_transparent_color_are_compared(
    engine: Engine,
    bands: int,
    transparent: tuple[int, ...],
    interlaced: bool,
    chromium_pictures: ChromiumPictures,
) -> None:
    data = deep_png(bands, transparent, interlaced=interlaced)
    made = rendered(engine, data, "128x-fit-90-noupscale.png").convert("RGBA").getchannel("A")
    shown = chromium_pictures.still(data).getchannel("A")
    assert made.tobytes() == shown.tobytes()
    pixel = (4096,) * (bands - 1) + (4136,)
    assert [x for x in range(128) if not made.getpixel((x, 0))] == [40] * (transparent == pixel)


@pytest.mark.parametrize("color", [0, 1, 255, 256])
@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_a_transparent_gray_of_each_depth(
    engine: Engine, depth: int, color: int, chromium_pictures: ChromiumPictures
) -> None:
    levels = 2**depth
    bits = "".join(f"{x % levels:0{depth}b}" for x in range(16))
    row = int(bits, 2).to_bytes(2 * depth, "big")
    header = struct.pack(">IIBBBBB", 16, 1, depth, 0, 0, 0, 0)
    chunks = [
        chunk(b"IHDR", header),
        chunk(b"tRNS", struct.pack(">H", color)),
        chunk(b"IDAT", zlib.compress(b"\0" + row)),
        chunk(b"IEND"),
    ]
    data = b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
    made = rendered(engine, data, "16x-fit-90-noupscale.png")
    assert level_difference(made, chromium_pictures.still(data)).maximum == 0


def test_a_clear_color_may_come_with_a_broken_chunk(engine: Engine) -> None:
    data = deep_png(3, (4096, 4096, 4136))
    start = data.index(b"tRNS") - 4
    data = data[:start] + wrong_checksum(chunk(b"tEXt", b"a\0b")) + data[start:]
    made: Any = rendered(engine, data, "128x-fit-90-noupscale.png").convert("RGBA")
    assert [made.getpixel((x, 0))[3] for x in (39, 40, 41)] == [255, 0, 255]
