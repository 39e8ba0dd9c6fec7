"""
Files of many small parts, for each format: what costs is their number, not their pixels.

Each function takes the number of parts, and makes a file that a decoder can decode completely.
"""

import io
import struct
import zlib
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from PIL import Image

from tests.support.hostile import (
    apng_frames,
    av1,
    avif_frames,
    box,
    chunk,
    encoded,
    full_box,
    gif,
    gif_frame,
    png,
    riff,
    webp,
    webp_frames,
)

SIDE = 16  # pixels of a small picture


# -- JPEG ------------------------------------------------------------------------------------------


def jpeg_scans(number: int, size: tuple[int, int] = (2000, 2000)) -> bytes:
    """A progressive JPEG whose last scan is repeated until it has this number of scans."""
    data = encoded(size, "JPEG", "L", progressive=True)
    last = data[data.rindex(b"\xff\xda") : -2]
    return data[:-2] + last * (number - data.count(b"\xff\xda")) + data[-2:]


def jpeg_restarts(number: int) -> bytes:
    """A JPEG with a restart marker before each of its blocks, of which there are so many."""
    side = 8 * round(number**0.5)
    return encoded((side, side), "JPEG", "L", restart_marker_blocks=1)


def jpeg_segments(number: int) -> bytes:
    data = encoded((SIDE, SIDE), "JPEG")
    return data[:2] + b"\xff\xe5\0\x03x" * number + data[2:]


# -- PNG and WebP ----------------------------------------------------------------------------------


def png_of_16_bits(size: tuple[int, int]) -> bytes:
    """A transparent PNG of 16 bits for each of four channels."""
    width, height = size
    compressor = zlib.compressobj(9)
    rows = b"".join(compressor.compress(bytes(1 + 8 * width)) for _n in range(height))
    header = struct.pack(">IIBBBBB", width, height, 16, 6, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", rows + compressor.flush())
        + chunk(b"IEND")
    )


def png_chunks(number: int) -> bytes:
    """A PNG whose pixels are after so many chunks that no decoder knows."""
    return png(chunk(b"abCd") * number)


def png_empty_pixel_chunks(number: int) -> bytes:
    return png(chunk(b"IDAT") * number)


def webp_chunks(number: int) -> bytes:
    return webp((SIDE, SIDE), encoded((SIDE, SIDE), "WEBP")[12:], riff(b"abcd", b"") * number)


# -- GIF -------------------------------------------------------------------------------------------


def gif_blocks(number: int) -> bytes:
    """A GIF whose comment is in so many blocks."""
    header = b"GIF89a" + struct.pack("<HHBBB", SIDE, SIDE, 0x80, 0, 0) + bytes(6)
    return header + b"!\xfe" + b"\x01a" * number + b"\0" + gif_frame((1, 1)) + b";"


# -- TIFF ------------------------------------------------------------------------------------------


def tiff_file(
    size: tuple[int, int],
    entries: dict[int, tuple[int, list[int]]],
    data: bytes = b"",
    *,
    directories: int = 1,
) -> bytes:
    """A grayscale TIFF: ``entries`` are a type (3 or 4) and values by tag; the pixels are last."""
    width, height = size
    tags = {
        256: (4, [width]),
        257: (4, [height]),
        258: (3, [8]),
        259: (3, [1]),
        262: (3, [1]),
        277: (3, [1]),
        **entries,
    }
    start = 8
    directory_length = 2 + 12 * len(tags) + 4
    values = b""
    rows = b""
    for tag, (kind, numbers) in sorted(tags.items()):
        packed = struct.pack(f"<{len(numbers)}{'HI'[kind - 3]}", *numbers)
        if len(packed) > 4:
            place = start + directory_length * directories + len(values)
            values += packed
            packed = struct.pack("<I", place)
        rows += struct.pack("<HHI", tag, kind, len(numbers)) + packed.ljust(4, b"\0")
    chain = b""
    for n in range(1, directories + 1):
        following = 0 if n == directories else start + directory_length * n
        chain += struct.pack("<H", len(tags)) + rows + struct.pack("<I", following)
    return b"II*\0" + struct.pack("<I", start) + chain + values + data


def tiff_strips(number: int, width: int = 1) -> bytes:
    """A TIFF of so many rows, each of which is a strip, and all of which are the same byte."""
    return tiff_file(
        (width, number),
        {273: (4, [0] * number), 278: (3, [1]), 279: (4, [width] * number)},
    )


def tiff_tiles(number: int, compression: int = 1) -> bytes:
    """A TIFF of about so many tiles of 16 x 16, all of which are the same bytes."""
    across = round(number**0.5)
    tile = {1: bytes(256), 8: zlib.compress(bytes(256)), 7: encoded((SIDE, SIDE), "JPEG", "L")}
    count = across * across
    data = tile[compression]

    def make(place: int) -> bytes:
        return tiff_file(
            (SIDE * across, SIDE * across),
            {
                259: (3, [compression]),
                322: (3, [SIDE]),
                323: (3, [SIDE]),
                324: (4, [place] * count),
                325: (4, [len(data)] * count),
            },
            data,
        )

    return make(len(make(0)) - len(data))


def tiff_tags(number: int) -> bytes:
    """A TIFF of one pixel with so many tags that no decoder knows."""
    strip = {273: (4, [8]), 278: (3, [1]), 279: (4, [1])}
    others = {tag: (3, [0]) for tag in range(60_000, 60_000 + number - 9)}
    return tiff_file((1, 1), {**strip, **others})


def tiff_pages(number: int) -> bytes:
    """A TIFF of so many directories, each a picture of one pixel."""
    entries = {273: (4, [0]), 278: (3, [1]), 279: (4, [1])}
    return tiff_file((1, 1), entries, directories=number)


# -- BMP -------------------------------------------------------------------------------------------


def bmp_runs(size: tuple[int, int], empty: int = 0) -> bytes:
    """
    A BMP of run lengths, of which each row is one pixel and an end of line.

    Before the last of them are so many runs that begin at the end of a row.
    """
    width, height = size
    full_row = b"\xff\0" * (width // 255 + 1) if empty else b""
    pixels = full_row + b"\xff\0" * empty + b"\1\0\0\0" * height + b"\0\1"
    palette = bytes([7, 77, 177, 0] * 256)
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(pixels), 0, 0, 256, 0)
    start = 14 + len(header) + len(palette)
    return (
        struct.pack("<2sIHHI", b"BM", start + len(pixels), 0, 0, start) + header + palette + pixels
    )


# -- AVIF and HEIC ---------------------------------------------------------------------------------


def heif(
    brand: bytes,
    items: list[tuple[bytes, bytes, tuple[int, int], list[int]]],
    config: bytes,
    *properties: bytes,
) -> bytes:
    """
    A HEIF file whose items are pairs of a type and bytes, with their size and their inputs.

    Item 1, the first one, is the picture. ``config`` is the property of coded items.
    """
    numbers = range(1, len(items) + 1)
    places, idat = [], b""
    stored: dict[bytes, int] = {}
    for _, data, _, _ in items:
        if data not in stored:
            stored[data] = len(idat)
            idat += data
        places.append((stored[data], len(data)))
    sizes = sorted({size for _, _, size, _ in items})
    coded = [config, *properties]

    def associations(n: int, kind: bytes, size: tuple[int, int]) -> bytes:
        indexes = [sizes.index(size) + 1]
        if kind not in {b"grid", b"iden", b"iovl"}:
            indexes += [len(sizes) + m + 1 for m in range(len(coded))]
        return struct.pack(">IB", n, len(indexes)) + b"".join(
            struct.pack(">H", index) for index in indexes
        )

    references = [
        box(b"dimg", struct.pack(f">IH{len(inputs)}I", n, len(inputs), *inputs))
        for n, (_, _, _, inputs) in zip(numbers, items, strict=True)
        if inputs
    ]
    meta = full_box(
        b"meta",
        full_box(b"hdlr", bytes(4), b"pict", bytes(13)),
        full_box(b"pitm", struct.pack(">H", 1)),
        full_box(
            b"iloc",
            struct.pack(">HI", 0x4400, len(items)),
            *(
                struct.pack(">IHHHII", n, 1, 0, 1, *place)
                for n, place in zip(numbers, places, strict=True)
            ),
            version=2,
        ),
        full_box(
            b"iinf",
            struct.pack(">I", len(items)),
            *(
                full_box(b"infe", struct.pack(">IH", n, 0), kind, b"\0", version=3)
                for n, (kind, _, _, _) in zip(numbers, items, strict=True)
            ),
            version=1,
        ),
        full_box(b"iref", *references, version=1) if references else b"",
        box(
            b"iprp",
            box(
                b"ipco",
                *(full_box(b"ispe", struct.pack(">II", *size)) for size in sizes),
                *coded,
            ),
            box(
                b"ipma",
                b"\1\0\0\1",
                struct.pack(">I", len(items)),
                *(
                    associations(n, kind, size)
                    for n, (kind, _, size, _) in zip(numbers, items, strict=True)
                ),
            ),
        ),
        box(b"idat", idat),
    )
    return box(b"ftyp", brand, bytes(4), brand, b"mif1miaf") + meta


@cache
def hevc(size: tuple[int, int]) -> tuple[bytes, bytes]:
    """The stream of a still picture, and the box ``hvcC`` that describes it."""
    from pillow_heif import from_pillow

    buffer = io.BytesIO()
    from_pillow(Image.new("RGB", size, (77, 177, 7))).save(buffer, quality=50)
    data = buffer.getvalue()
    at = data.index(b"hvcC") - 4
    config = data[at : at + int.from_bytes(data[at : at + 4], "big")]
    return data[data.index(b"mdat") + 4 :], config


def grid(rows: int, columns: int, size: tuple[int, int]) -> bytes:
    return struct.pack(">BBBBII", 0, 1, rows - 1, columns - 1, *size)


def heic_of_tiles(side: int, size: tuple[int, int] = (64, 64)) -> bytes:
    """A HEIC that is a grid of side x side tiles of this size."""
    stream, config = hevc(size)
    canvas = (side * size[0], side * size[1])
    tiles = range(2, side * side + 2)
    items: list[Any] = [(b"grid", grid(side, side, canvas), canvas, list(tiles))]
    items += [(b"hvc1", stream, size, [])] * (side * side)
    return heif(b"heic", items, config)


def heic_of_identities(side: int, size: tuple[int, int] = (1024, 1024)) -> bytes:
    """A grid of side x side tiles, each an identity of one picture that is as large as they all."""
    stream, config = hevc(size)
    number = side * side
    first = range(2, number + 2)
    items: list[Any] = [(b"grid", grid(side, side, size), size, list(first))]
    items += [(b"iden", b"", size, [number + 2])] * number
    items.append((b"hvc1", stream, size, []))
    return heif(b"heic", items, config)


def heic_of_one_tile(side: int, size: tuple[int, int] = (1024, 1024)) -> bytes:
    """A grid of side x side tiles, all of which are the same item."""
    stream, config = hevc(size)
    canvas = (side * size[0], side * size[1])
    items: list[Any] = [(b"grid", grid(side, side, canvas), canvas, [2] * (side * side))]
    items.append((b"hvc1", stream, size, []))
    return heif(b"heic", items, config)


def heic_of_grids(side: int, size: tuple[int, int] = (1024, 1024)) -> bytes:
    """A grid of side x side tiles, each a grid of side x side tiles, each the same picture."""
    stream, config = hevc(size)
    number = side * side
    inner, leaf = number + 2, 2 * number + 2
    items: list[Any] = [(b"grid", grid(side, side, size), size, list(range(2, inner)))]
    items += [(b"grid", grid(side, side, size), size, [leaf] * number)] * number
    items += [(b"hvc1", stream, size, [])] * (number + 1)
    return heif(b"heic", items, config)


def heic_of_nested_identities(number: int) -> bytes:
    """An identity of an identity, and so on, of one picture."""
    stream, config = hevc((64, 64))
    items: list[Any] = [(b"iden", b"", (64, 64), [n + 2]) for n in range(number)]
    items.append((b"hvc1", stream, (64, 64), []))
    return heif(b"heic", items, config)


def heic_of_layers(number: int, size: tuple[int, int] = (1024, 1024)) -> bytes:
    """An overlay of so many pictures, one on the other."""
    stream, config = hevc(size)
    offsets = struct.pack(">ii", 0, 0) * number
    overlay = struct.pack(">BB4HII", 0, 1, 0, 0, 0, 65535, *size) + offsets
    items: list[Any] = [(b"iovl", overlay, size, [2] * number), (b"hvc1", stream, size, [])]
    return heif(b"heic", items, config)


def avif_of_tiles(side: int, size: tuple[int, int] = (64, 64), layers: int = 1) -> bytes:
    """An AVIF that is a grid of side x side tiles of this size."""
    canvas = (side * size[0], side * size[1])
    tiles = range(2, side * side + 2)
    items: list[Any] = [(b"grid", grid(side, side, canvas), canvas, list(tiles))]
    items += [(b"av01", av1(size) * layers, size, [])] * (side * side)
    config = box(b"av1C", b"\x81\x1f\x0c\0")
    return heif(b"avif", items, config, full_box(b"pixi", b"\3\x08\x08\x08"))


# -- JPEG XL ---------------------------------------------------------------------------------------

# Written by: cjxl -d 0 -e 5, from an APNG of three frames of 16 x 16 in one color each.
_JXL_HEADER = bytes.fromhex("ff0a43040308282e09")
_JXL_FRAME = bytes.fromhex("0802920900005c004b188b1500d48c3118c70b4400404824100639056aab04")
_JXL_LAST_FRAME = bytes.fromhex("080292050060004b188b1500d48c3146c618ef021100100a858411c1275301")


def jxl_frames(number: int) -> bytes:
    """A JPEG XL animation of so many frames of 16 x 16."""
    return _JXL_HEADER + _JXL_FRAME * (number - 1) + _JXL_LAST_FRAME


def jxl_in_boxes(number: int) -> bytes:
    """A JPEG XL of two frames, whose codestream is in so many boxes."""
    data = jxl_frames(2)
    signature = box(b"JXL ", b"\r\n\x87\n") + box(b"ftyp", b"jxl \0\0\0\0jxl ")
    last = struct.pack(">I", 1 << 31 | number + 1)
    empty = [box(b"jxlp", struct.pack(">I", n + 1)) for n in range(number)]
    return b"".join(
        [signature, box(b"jxlp", bytes(4), data[:30]), *empty, box(b"jxlp", last, data[30:])]
    )


def jxl_channels(number: int, side: int = 1500) -> bytes:
    """A JPEG XL whose header declares so many extra channels; its frame is not there."""
    fields = [
        (0xFF, 8), (0x0A, 8),
        (0, 1), (1, 2), (side - 1, 13), (1, 3),  # height; the width is the same
        (0, 1), (0, 1),  # not all default, no extra fields
        (0, 1), (0, 2), (1, 1),  # 8 bits, and 16 are sufficient for all computations
        (3, 2), (number - 1, 12), *[(1, 1)] * number,
        (1, 1), (1, 1), (0, 2), (1, 1),  # XYB, default color, no extensions, default transform
    ]  # fmt: skip
    # A frame with all defaults: 1 bit, then the lengths of its parts, which are all 0.
    return packed(fields) + b"\1" + bytes(1000)


def jxl_with_profile(length: int) -> bytes:
    """A JPEG XL whose header declares a color profile of so many bytes, which is not there."""
    fields = [
        (0xFF, 8), (0x0A, 8),
        (1, 1), (1, 5), (1, 3),  # 16 x 16
        (0, 1), (0, 1),  # not all default, no extra fields
        (0, 1), (0, 2), (1, 1),  # 8 bits, and 16 are sufficient for all computations
        (0, 2), (0, 1),  # no extra channels, not XYB
        (0, 1), (1, 1), (0, 2),  # a profile, of RGB
        (0, 2), (1, 1),  # no extensions, default transform
        (3, 2), (length & 0xFFF, 12), (1, 1), (length >> 12, 8), (0, 1),
    ]  # fmt: skip
    return packed(fields) + bytes(100)


def jxl_of_a_broken_order() -> bytes:
    """A JPEG XL of one frame, the order of whose only part has 16 parts."""
    fields = [
        (1, 1), (1, 1),  # all default, and its parts are in another order
        (0, 1), (1, 1), (0, 2),  # nothing is repeated, and all contexts have the same code
        (0, 1), (0, 2), (5, 3),  # of frequencies, for 32 symbols that are numbers
        (1, 1), (0, 1), (1, 1), (4, 3), (0, 4),  # only the symbol 16
    ]  # fmt: skip
    return _JXL_HEADER + packed(fields) + bytes(20)


def packed(fields: list[tuple[int, int]]) -> bytes:
    """Pack values of so many bits, the least significant bit of each byte first."""
    bits = position = 0
    for value, length in fields:
        bits |= value << position
        position += length
    return bits.to_bytes(-(-position // 8), "little")


# -- all of them -----------------------------------------------------------------------------------


class ManyParts(NamedTuple):
    """A kind of file, how many parts are accepted, how many are refused, and why."""

    make: Callable[[int], bytes]
    few: int
    many: int
    reason: str


_FRAMES = "frames, tiles or layers; the maximum is 2,000."
_WORK = "The image takes as long to decode as one of "
_NESTED = "The image is derived from images that are derived themselves, which is not supported."

MANY_PARTS: dict[str, ManyParts] = {
    "jpeg-scans": ManyParts(jpeg_scans, 99, 5000, "The image has more than 100 scans."),
    "jpeg-scans-of-many-pixels": ManyParts(
        lambda number: jpeg_scans(number, (6000, 6000)), 20, 99, _WORK + "594,000,000 pixels"
    ),
    "jpeg-segments": ManyParts(jpeg_segments, 900, 1001, "The image has more than 1,000 segments."),
    "png-chunks": ManyParts(png_chunks, 2_000, 100_001, "The image has more than 100,000 chunks."),
    "png-empty-pixel-chunks": ManyParts(
        png_empty_pixel_chunks, 2_000, 100_001, "The image has more than 100,000 chunks."
    ),
    "png-frames": ManyParts(
        lambda number: apng_frames((1, 1), number), 2_000, 20_000, f"The image has 20,000 {_FRAMES}"
    ),
    "webp-chunks": ManyParts(
        webp_chunks, 2_000, 100_001, "The image has more than 100,000 chunks."
    ),
    "webp-frames": ManyParts(
        lambda number: webp_frames((1, 1), number), 2_000, 20_000, f"The image has 20,000 {_FRAMES}"
    ),
    "gif-blocks": ManyParts(
        gif_blocks, 20_000, 1_000_001, "The image has more than 1,000,000 blocks."
    ),
    "gif-frames": ManyParts(
        lambda number: gif(size=(1, 1), frames=number),
        2_000,
        120_000,
        f"The image has 120,000 {_FRAMES}",
    ),
    "avif-frames": ManyParts(
        lambda number: avif_frames((SIDE, SIDE), number),
        20,
        2_001,
        f"The image has 2,001 {_FRAMES}",
    ),
    "avif-tiles": ManyParts(avif_of_tiles, 8, 45, f"The image has 2,025 {_FRAMES}"),
    "avif-layers": ManyParts(
        lambda side: avif_of_tiles(side, layers=16), 3, 12, f"The image has 2,304 {_FRAMES}"
    ),
    "tiff-strips": ManyParts(tiff_strips, 10_000, 60_000, _WORK + "245,760,000 pixels"),
    "tiff-tiles": ManyParts(tiff_tiles, 10_000, 400_000, _WORK),
    "tiff-tiles-of-deflate": ManyParts(
        lambda number: tiff_tiles(number, 8), 10_000, 400_000, _WORK
    ),
    "tiff-tiles-of-jpeg": ManyParts(lambda number: tiff_tiles(number, 7), 10_000, 400_000, _WORK),
    "tiff-tags": ManyParts(tiff_tags, 900, 1_001, "The image has more than 1,000 tags."),
    "bmp-run-lengths": ManyParts(
        lambda side: bmp_runs((side, side)), 1_000, 11_000, _WORK + "1,452,676,200 pixels"
    ),
    "bmp-runs-without-pixels": ManyParts(
        lambda number: bmp_runs((100, 100), empty=number), 100_000, 6_000_000, _WORK
    ),
    "heic-tiles": ManyParts(heic_of_tiles, 8, 45, f"The image has 2,025 {_FRAMES}"),
    "heic-one-tile": ManyParts(
        lambda side: heic_of_one_tile(side, (256, 256)), 4, 40, "The image has 10240 x 10240 pixels"
    ),
    "heic-layers": ManyParts(
        lambda number: heic_of_layers(number, (256, 256)), 4, 1_900, _WORK + "124,518,400 pixels"
    ),
    "jxl-frames": ManyParts(jxl_frames, 200, 2_001, f"The image has 2,001 {_FRAMES}"),
    "jxl-boxes": ManyParts(jxl_in_boxes, 100, 200_000, "The image has more than 200,000 parts."),
}
# Files that are refused however few parts they have.
REFUSED_PARTS: dict[str, tuple[Callable[[], bytes], str]] = {
    "heic-identities": (lambda: heic_of_identities(24), _NESTED),
    "heic-grids": (lambda: heic_of_grids(12), _NESTED),
    "heic-nested-identities": (lambda: heic_of_nested_identities(2), _NESTED),
    "jxl-channels": (lambda: jxl_channels(199), _WORK),
    "jxl-profile": (
        lambda: jxl_with_profile(200_001),
        "The color profile of the image has more than 200,000 bytes",
    ),
    "jxl-that-cannot-be-counted": (
        jxl_of_a_broken_order,
        "The image is damaged: its frames cannot be counted.",
    ),
}
