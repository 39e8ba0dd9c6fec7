"""Files that mean harm, made when they are asked for: bombs, liars, damaged ones, impostors."""

import gzip
import io
import re
import struct
import zlib
from collections.abc import Callable
from functools import cache, partial
from typing import Any, NamedTuple

import pytest
from PIL import Image

from django_shift_media.naming.resizes import Resize
from gallery.drawings import draw_photo

NO_IMAGE = (
    "This is not an image in an accepted format. Accepted formats: JPEG, PNG, WebP, AVIF, GIF."
)
DAMAGED = "The image is damaged: "
NO_HEADER = DAMAGED + "its header cannot be read."
HTML = b"<html><script>alert('run')</script></html>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>'
RESIZE = Resize.parse("50x50-fit-80-noupscale.jpg")
_LARGE = 200_000_000  # bytes that some files unpack to


class Hostile(NamedTuple):
    """A file, and how the message begins that refuses it; None: it is harmless, and accepted."""

    make: Callable[[], bytes]
    reason: str | None


# -- pieces of the formats ------------------------------------------------------------------------


@cache
def encoded(size: tuple[int, int], format: str, mode: str = "RGB", **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size, 77).save(buffer, format, **options)
    return buffer.getvalue()


@cache
def zipped(size: int) -> bytes:
    return zlib.compress(bytes(size), 9)


def segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def jpeg(*segments: bytes, size: tuple[int, int] = (40, 30), **options: Any) -> bytes:
    """A JPEG whose header begins with these segments."""
    data = encoded(size, "JPEG", **options)
    return data[:2] + b"".join(segments) + data[2:]


def chunk(kind: bytes, body: bytes = b"") -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + body))
    return struct.pack(">I", len(body)) + kind + body + checksum


def png(
    *before: bytes,
    size: tuple[int, int] = (10, 10),
    after: bytes = b"",
    pixels: bytes | None = None,
    interlace: int = 0,
) -> bytes:
    """A PNG of one bit for each pixel, with these chunks before and after its pixels."""
    width, height = size
    if pixels is None:
        pixels = zipped((1 + (width + 7) // 8) * height)
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, interlace))
    body = b"".join(before) + chunk(b"IDAT", pixels) + after
    return b"\x89PNG\r\n\x1a\n" + header + body + chunk(b"IEND")


def gif(*before: bytes, size: tuple[int, int] = (10, 10), frames: int = 1) -> bytes:
    """A GIF of two colors, with these blocks before its frames of one pixel each."""
    header = b"GIF89a" + struct.pack("<HHBBB", *size, 0x80, 0, 0) + bytes(6)
    return header + b"".join(before) + gif_frame((1, 1)) * frames + b";"


def gif_frame(size: tuple[int, int]) -> bytes:
    # The pixels are a code to clear, one pixel, and the end.
    return b"," + struct.pack("<HHHHB", 0, 0, *size, 0) + b"\x02\x02\x44\x01\x00"


def riff(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)


def webp(size: tuple[int, int], *chunks: bytes, flags: int = 0) -> bytes:
    """An extended WebP of these chunks."""
    canvas = bytes([flags, 0, 0, 0]) + _three(size[0] - 1) + _three(size[1] - 1)
    body = b"WEBP" + riff(b"VP8X", canvas) + b"".join(chunks)
    return riff(b"RIFF", body)


def webp_frames(size: tuple[int, int], number: int, frame_size: tuple[int, int] = (1, 1)) -> bytes:
    place = _three(0) * 2 + _three(0) * 2 + _three(100) + b"\x00"
    frame = riff(b"ANMF", place + encoded(frame_size, "WEBP", lossless=True)[12:])
    return webp(size, riff(b"ANIM", bytes(6)), *[frame] * number, flags=2)


def _three(number: int) -> bytes:
    return struct.pack("<I", number)[:3]


# -- those that take more than they give ----------------------------------------------------------


def scans(number: int) -> bytes:
    """A progressive JPEG whose last scan is there so many times."""
    data = encoded((2000, 2000), "JPEG", "L", progressive=True)
    last = data[data.rindex(b"\xff\xda") : -2]
    return data[:-2] + last * number + data[-2:]


def avif_frames(size: tuple[int, int], number: int) -> bytes:
    frames = [Image.new("RGB", size, (n, 0, 0)) for n in range(number)]
    buffer = io.BytesIO()
    frames[0].save(buffer, "AVIF", save_all=True, append_images=frames[1:], speed=10)
    return buffer.getvalue()


def avif_that_says(said: tuple[int, int], data: bytes) -> bytes:
    """An AVIF whose boxes say another size than its streams."""
    size = Image.open(io.BytesIO(data)).size
    for unit in (1, 1 << 16):  # of an item, of a track
        before, after = (
            struct.pack(">II", *(side * unit for side in sides)) for sides in (size, said)
        )
        data = data.replace(before, after)
    return data


def box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I", 8 + len(body)) + kind + body


def full_box(kind: bytes, *content: bytes, version: int = 0) -> bytes:
    return box(kind, bytes([version, 0, 0, 0]), *content)


def avif(*boxes: bytes) -> bytes:
    """An AVIF of these boxes about its items."""
    picture = full_box(b"hdlr", bytes(4), b"pict", bytes(13))
    return box(b"ftyp", b"avif", bytes(4), b"avifmif1miaf") + full_box(b"meta", picture, *boxes)


def avif_tiles(
    stream: bytes,
    rows: int = 1,
    columns: int = 1,
    size: tuple[int, int] = (100, 100),
    tile: tuple[int, int] | None = None,
) -> bytes:
    """An AVIF whose item 1 is a grid of others, all of which are this stream."""
    number = rows * columns
    tile = tile or (size[0] // columns, size[1] // rows)
    grid = struct.pack(">BBBBHH", 0, 0, rows - 1, columns - 1, *size)
    places = [(len(stream), len(grid)), *[(0, len(stream))] * number]  # in idat
    kinds = [b"grid", *[b"av01"] * number]
    tiles = range(2, number + 2)
    return avif(
        full_box(b"pitm", struct.pack(">H", 1)),
        full_box(
            b"iloc",
            struct.pack(">HH", 0x4400, number + 1),
            *(struct.pack(">HHHHII", n, 1, 0, 1, *place) for n, place in enumerate(places, 1)),
            version=1,
        ),
        full_box(
            b"iinf",
            struct.pack(">H", number + 1),
            *(
                full_box(b"infe", struct.pack(">HH", n, 0), kind, b"\0", version=2)
                for n, kind in enumerate(kinds, 1)
            ),
        ),
        full_box(b"iref", box(b"dimg", struct.pack(f">HH{number}H", 1, number, *tiles))),
        box(
            b"iprp",
            box(
                b"ipco",
                full_box(b"ispe", struct.pack(">II", *size)),
                full_box(b"ispe", struct.pack(">II", *tile)),
                full_box(b"pixi", b"\3\x08\x08\x08"),
                box(b"av1C", b"\x81\x1f\x0c\0"),
            ),
            full_box(
                b"ipma",
                struct.pack(">I", number + 1),
                struct.pack(">HBBB", 1, 2, 1, 3),
                *(struct.pack(">HBBBB", n, 3, 2, 3, 0x84) for n in tiles),
            ),
        ),
        box(b"idat", stream, grid),
    )


def av1_units(data: bytes) -> list[tuple[int, bytes]]:
    """Return the types and contents of the units of a stream."""
    units = []
    while data:
        length = at = 0
        while not at or data[at] & 0x80:
            length |= (data[at + 1] & 0x7F) << 7 * at
            at += 1
        units.append((data[0] >> 3, data[at + 1 : at + 1 + length]))
        data = data[at + 1 + length :]
    return units


def av1_unit(kind: int, body: bytes) -> bytes:
    length = len(body)
    return (
        bytes([kind << 3 | 2, *(length >> 7 * n & 0x7F | 0x80 for n in range(3)), length >> 21])
        + body
    )


def av1(size: tuple[int, int]) -> bytes:
    """The stream of a still picture."""
    data = encoded(size, "AVIF", speed=10)
    return data[data.index(b"mdat") + 4 :]


def av1_with_a_size_of_its_own(size: tuple[int, int], said: tuple[int, int]) -> bytes:
    """A stream whose only frame is larger than its sequence says, by overriding that size."""
    data = avif_frames(size, 2)
    (_, sequence), (_, frame) = av1_units(data[data.index(b"mdat") + 4 :])[1:3]
    bits, own = in_bits(sequence), in_bits(frame)
    old = "".join(f"{side - 1:b}" for side in size)
    at = bits.index(old)
    bits = (
        bits[: at - 8]
        + "1" * 8
        + "".join(f"{side - 1:016b}" for side in said)
        + bits[at + len(old) :]
    )
    # A key frame that is shown, without tools for screen content: its bit for a size of its own
    # is the seventh, and the size comes after 7 bits that say the frame's place in the sequence.
    own = own[:6] + "1" + own[7:14] + "".join(f"{side - 1:016b}" for side in size) + own[14:]
    return av1_unit(2, b"") + av1_unit(1, in_bytes(bits)) + av1_unit(6, in_bytes(own))


def in_bits(data: bytes) -> str:
    return f"{int.from_bytes(data, 'big'):0{8 * len(data)}b}"


def in_bytes(bits: str) -> bytes:
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def apng_frames(size: tuple[int, int], number: int) -> bytes:
    """Frames of one pixel each."""
    body = b""
    for n in range(number):
        body += chunk(b"fcTL", struct.pack(">IIIIIHHBB", 2 * n, 1, 1, 0, 0, 1, 10, 0, 0))
        body += chunk(b"fdAT", struct.pack(">I", 2 * n + 1) + zlib.compress(b"\0\0"))
    count = chunk(b"acTL", struct.pack(">II", number, 0))
    return png(count, size=size, after=body)


def tiff(tags: int) -> bytes:
    """EXIF whose tags all claim the same, large, part of it."""
    size = 60_000
    entries = (struct.pack("<HHII", n + 1, 7, size - 100, 50) for n in range(tags))
    data = b"II*\0" + struct.pack("<IH", 8, tags) + b"".join(entries)
    return data.ljust(size, b"\0")


def replaced(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


def resized_jpeg(width: int, height: int) -> bytes:
    """A JPEG of 40 x 30 whose header claims another size."""
    data = jpeg()
    found = re.search(rb"\xff\xc0..\x08", data, re.DOTALL)
    assert found
    return replaced(data, found.end(), struct.pack(">HH", height, width))


def photo(format: str) -> bytes:
    return draw_photo(400, 300, format=format)


def cut(format: str, part: float) -> bytes:
    data = photo(format)
    return data[: int(part * len(data))]


def turned(data: bytes, before: bytes, at: int) -> bytes:
    """Turn one bit around, so many bytes after the beginning of some others."""
    place = data.index(before) + at
    return replaced(data, place, bytes([data[place] ^ 0x10]))


_FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "GIF")
_text = partial(chunk, b"zTXt")

HOSTILE: dict[str, Hostile] = {
    # impostors
    "nothing": Hostile(lambda: b"", NO_IMAGE),
    "html": Hostile(lambda: HTML, NO_IMAGE),
    "svg": Hostile(lambda: SVG, "SVG files are not accepted, as they can contain scripts."),
    "svg-packed": Hostile(lambda: gzip.compress(SVG), NO_IMAGE),
    "svg-bomb": Hostile(lambda: gzip.compress(b"<svg>" + b" " * _LARGE, 1), NO_IMAGE),
    "pdf": Hostile(lambda: b"%PDF-1.7\n" + HTML, NO_IMAGE),
    "zip": Hostile(lambda: b"PK\x03\x04" + bytes(100), NO_IMAGE),
    "bmp": Hostile(lambda: encoded((40, 30), "BMP"), "BMP images are not accepted."),
    "tiff": Hostile(lambda: encoded((40, 30), "TIFF"), "TIFF images are not accepted."),
    "icon": Hostile(lambda: encoded((32, 32), "ICO"), NO_IMAGE),
    "postscript": Hostile(lambda: encoded((40, 30), "EPS"), NO_IMAGE),
    "html-after-gif-magic": Hostile(lambda: b"GIF89a/*" + HTML + b"*/=1;", ""),
    "html-after-jpeg-magic": Hostile(lambda: b"\xff\xd8\xff\xe0" + HTML, DAMAGED),
    # polyglots, of which the image is taken
    "html-after-jpeg": Hostile(lambda: jpeg() + HTML, None),
    "html-in-jpeg": Hostile(lambda: jpeg(segment(0xFE, HTML)), None),
    "html-in-png": Hostile(lambda: png(chunk(b"tEXt", b"Comment\0" + HTML)), None),
    "html-in-gif": Hostile(lambda: gif(b"!\xfe" + bytes([len(HTML)]) + HTML + b"\0"), None),
    "html-in-webp": Hostile(lambda: encoded((40, 30), "WEBP", xmp=HTML), None),
    # odd, and harmless
    "1-x-1": Hostile(lambda: encoded((1, 1), "PNG"), None),
    "1-x-20000": Hostile(lambda: encoded((1, 20000), "PNG"), None),
    "20000-x-1": Hostile(lambda: encoded((20000, 1), "JPEG"), None),
    "interlace-that-is-unknown": Hostile(lambda: png(size=(1, 1), interlace=77), None),
    "photoshop-that-lies": Hostile(
        lambda: jpeg(segment(0xED, b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0\xff\xff\xff\xff" * 99)),
        None,
    ),
    "mpo-that-lies": Hostile(lambda: jpeg(segment(0xE2, b"MPF\0" + tiff(3))), None),
    # Pillow 12 copies the same data for each tag, which takes 280 MB.
    "exif-tags-that-overlap": Hostile(lambda: jpeg(segment(0xE1, b"Exif\0\0" + tiff(4_900))), None),
    "pixels-after-the-last": Hostile(lambda: png(pixels=zipped(_LARGE)), None),
    # libjpeg makes what is missing gray, if only the end is where it should be
    "jpeg-taller-than-it-is": Hostile(lambda: resized_jpeg(40, 3000), None),
    # bombs of pixels
    "png-of-many-pixels": Hostile(lambda: png(size=(30000, 30000)), "The image has 30000 x 30000"),
    "png-of-most-pixels": Hostile(
        lambda: png(size=(2**31 - 1, 2**31 - 1), pixels=zipped(1000)), "The image has 2147483647"
    ),
    "jpeg-of-most-pixels": Hostile(lambda: resized_jpeg(65500, 65500), "The image has 65500 x"),
    "gif-of-most-pixels": Hostile(lambda: gif(size=(65535, 65535)), "The image has 65535 x 65535"),
    "gif-frame-beyond-its-canvas": Hostile(
        # To be cleared afterwards: room for that is taken when the file is opened.
        lambda: gif(b"!\xf9\x04\x08\0\0\0\0" + gif_frame((13000, 13000)), size=(1, 1)),
        "The image has 2 frames of 13000 x 13000 pixels",
    ),
    "gif-later-frame-beyond-its-canvas": Hostile(
        lambda: gif(gif_frame((1, 1)) + gif_frame((13000, 13000))),
        "The image has 3 frames of 13000 x 13000 pixels",
    ),
    "png-of-a-second-header": Hostile(
        lambda: png(chunk(b"IHDR", struct.pack(">IIBBBBB", 20000, 20000, 1, 0, 0, 0, 0))),
        "The image has too many pixels to be decoded.",
    ),
    "webp-canvas-that-is-smaller": Hostile(
        lambda: webp((100, 100), encoded((16000, 3000), "WEBP", lossless=True)[12:]), DAMAGED
    ),
    "webp-frame-that-is-larger": Hostile(
        lambda: webp_frames((100, 100), 2, (16000, 3000)), DAMAGED
    ),
    "jpeg-of-a-second-header": Hostile(
        lambda: jpeg(segment(0xC0, struct.pack(">BHHB", 8, 60000, 60000, 1) + b"\1\x11\0")),
        DAMAGED,
    ),
    "webp-of-most-pixels": Hostile(
        lambda: webp((16384, 16384), encoded((1, 1), "WEBP")[12:]), "The image has 16384 x 16384"
    ),
    "webp-still-of-many-pixels": Hostile(
        lambda: encoded((16383, 4000), "WEBP", lossless=True), "The image has 16383 x 4000"
    ),
    "avif-of-many-pixels": Hostile(
        lambda: encoded((8001, 8001), "AVIF", speed=10), "The image has 8001 x 8001"
    ),
    "avif-whose-stream-is-larger": Hostile(
        lambda: avif_that_says((100, 100), encoded((8001, 8001), "AVIF", speed=10)),
        "The image has 8001 x 8001 pixels; the maximum is 64,000,000.",
    ),
    "avif-whose-transparency-is-larger": Hostile(
        lambda: avif_that_says((100, 100), encoded((8001, 8001), "AVIF", "LA", speed=10)),
        "The image has 8001 x 8001 pixels",
    ),
    "avif-of-many-tiles": Hostile(
        lambda: avif_tiles(av1((4000, 4000)), rows=3, columns=2, size=(300, 300)),
        "The image has 8000 x 12000 pixels",
    ),
    "avif-whose-frames-are-larger": Hostile(
        lambda: avif_that_says((10, 10), avif_frames((4000, 4000), 5)),
        "The image has 5 frames of 4000 x 4000 pixels",
    ),
    "avif-whose-frame-has-a-size-of-its-own": Hostile(
        lambda: avif_tiles(av1_with_a_size_of_its_own((9000, 9000), (100, 100))),
        "The image has 65536 x 65536 pixels",
    ),
    # bombs of frames: 5,000 of 4000 x 4000
    "gif-of-many-frames": Hostile(
        lambda: gif(size=(4000, 4000), frames=5000),
        "The image has 5,000 frames of 4000 x 4000 pixels; the maximum is 64,000,000 in total.",
    ),
    "png-of-many-frames": Hostile(
        lambda: apng_frames((4000, 4000), 5000),
        "The image has 5,000 frames of 4000 x 4000 pixels",
    ),
    "webp-of-many-frames": Hostile(
        lambda: webp_frames((4000, 4000), 5000),
        "The image has 5,000 frames of 4000 x 4000 pixels",
    ),
    "avif-of-many-frames": Hostile(
        lambda: avif_frames((1000, 1000), 65),
        "The image has 65 frames of 1000 x 1000 pixels",
    ),
    # bombs of other things
    "png-text": Hostile(lambda: png(_text(b"k\0\0" + zipped(_LARGE))), DAMAGED),
    "png-international-text": Hostile(
        lambda: png(chunk(b"iTXt", b"k\0\1\0\0\0" + zipped(_LARGE))), DAMAGED
    ),
    "png-profile": Hostile(lambda: png(chunk(b"iCCP", b"k\0\0" + zipped(_LARGE))), DAMAGED),
    "png-text-after-pixels": Hostile(lambda: png(after=_text(b"k\0\0" + zipped(_LARGE))), DAMAGED),
    "png-of-many-texts": Hostile(
        lambda: png(*[_text(b"\0\0" + zipped(1_000_000))] * 5000),
        "The image has more than 100 compressed texts.",
    ),
    "png-of-many-chunks": Hostile(
        lambda: png(chunk(b"abCd") * 100_001), "The image has more than 100,000 chunks."
    ),
    "jpeg-of-many-scans": Hostile(lambda: scans(5000), "The image has more than 100 scans."),
    "jpeg-of-many-segments": Hostile(
        lambda: jpeg(segment(0xE1, b"Exif\0\0x") * 900_000),
        "The image has more than 1,000 segments.",
    ),
    "jpeg-of-many-segments-behind-ends": Hostile(
        lambda: jpeg((b"\xff\xd9" + segment(0xE1, b"Exif\0\0x") * 5900) * 150),
        "The image has more than 1,000 segments.",
    ),
    "jpeg-of-a-long-header": Hostile(
        lambda: b"\xff\xd8\xff\xfe\0\2" + bytes(30_000_000) + jpeg()[2:],
        "The header of the image has more than 20,000,000 bytes.",
    ),
    "gif-of-many-blocks": Hostile(
        lambda: gif(b"!\xfe" + b"\x02ab" * 10_000_000 + b"\0"),
        "The image has more than 1,000,000 blocks.",
    ),
    "gif-of-stray-bytes": Hostile(
        lambda: gif(bytes(10_000_000)), "The image has more than 1,000,000 blocks."
    ),
    "webp-of-many-chunks": Hostile(
        lambda: webp((1, 1), riff(b"abcd", b"") * 100_001),
        "The image has more than 100,000 chunks.",
    ),
    "avif-of-many-boxes": Hostile(
        lambda: encoded((40, 30), "AVIF") + box(b"free") * 200_001,
        "The image has more than 200,000 parts.",
    ),
    "avif-of-many-extents": Hostile(
        lambda: avif(full_box(b"iloc", struct.pack(">HH", 0, 65535), b"\xff" * 400_000)),
        "The image has more than 200,000 parts.",
    ),
    "avif-of-many-layers": Hostile(
        lambda: avif_tiles(av1((2000, 2000)) * 500),
        "An image in the file has more than 16 coded frames.",
    ),
    "avif-of-many-units": Hostile(
        lambda: avif_tiles(b"\x12\0" * 10_000_000), "The image has more than 200,000 parts."
    ),
    # a bit is turned around: in the number of bits, a width, a signature, a name, a code size
    "jpeg-with-a-turned-bit": Hostile(lambda: turned(jpeg(), b"\xff\xc0", 4), NO_HEADER),
    "png-with-a-turned-bit": Hostile(lambda: turned(png(), b"IHDR", 7), NO_HEADER),
    "webp-with-a-turned-bit": Hostile(
        lambda: turned(encoded((40, 30), "WEBP", lossless=True), b"VP8L", 8), DAMAGED
    ),
    "avif-with-a-turned-bit": Hostile(
        lambda: turned(encoded((40, 30), "AVIF"), b"ispe", 0), NO_HEADER
    ),
    "gif-with-a-turned-bit": Hostile(lambda: turned(gif(), b"\x02\x02\x44", 0), DAMAGED),
    # liars
    "jpeg-without-a-side": Hostile(lambda: resized_jpeg(0, 30), ""),
    "jpeg-of-a-header-only": Hostile(
        lambda: jpeg()[: jpeg().index(b"\xff\xda")], DAMAGED + "it contains only a header."
    ),
    "png-taller-than-it-is": Hostile(lambda: png(size=(10, 500), pixels=zipped(20)), DAMAGED),
    "png-without-a-side": Hostile(lambda: png(size=(0, 10)), NO_HEADER),
    "webp-larger-than-it-is": Hostile(
        lambda: webp((1000, 1000), encoded((1, 1), "WEBP")[12:]), DAMAGED
    ),
    "gif-of-an-empty-extension": Hostile(
        lambda: gif(b"!\x01\0"), DAMAGED + "it has an empty extension."
    ),
    "gif-of-an-empty-application": Hostile(
        lambda: gif(b"!\xff\x0bNETSCAPE2.0\0"), DAMAGED + "it has an empty extension."
    ),
}

for _name in _FORMATS:
    HOSTILE[f"{_name.lower()}-cut-in-half"] = Hostile(partial(cut, _name, 0.5), "")
    HOSTILE[f"{_name.lower()}-cut-early"] = Hostile(partial(cut, _name, 0.003), "")


@cache
def hostile(name: str) -> bytes:
    return HOSTILE[name].make()


REFUSED = [name for name, file in HOSTILE.items() if file.reason is not None]
HARMLESS = [name for name, file in HOSTILE.items() if file.reason is None]


# It takes seconds to make them. Others like them are in each run.
EXPENSIVE = {
    "avif-whose-frame-has-a-size-of-its-own",
    "avif-whose-transparency-is-larger",
    "avif-whose-frames-are-larger",
    "webp-frame-that-is-larger",
}


def alone(name: str, *others: Any) -> Any:
    """Return parameters of a test that keep all tests of a file in one process: it is made once."""
    marks = [pytest.mark.xdist_group(name)]
    if name in EXPENSIVE:
        marks.append(pytest.mark.nightly)
    return pytest.param(name, *others, marks=marks)
