"""
Animations written by hand, block by block, with everything that their formats allow.

No encoder is used that could choose disposal, blending or parts of frames by itself.
"""

import struct
import zlib
from collections.abc import Iterator, Sequence
from random import Random
from typing import NamedTuple

from PIL import Image

from tests.support.hostile import chunk
from tests.support.pictures import encoded

Size = tuple[int, int]
_BITS = 3  # of an index in a GIF written here
_CLEAR, _END = 1 << _BITS, (1 << _BITS) + 1  # codes: GIF89a, appendix F
_COLORS = 1 << _BITS


class Place(NamedTuple):
    """Where a frame is on the canvas."""

    left: int
    top: int
    width: int
    height: int


class GifFrame(NamedTuple):
    """
    A frame of up to eight colors. ``delay`` is in hundredths of a second.

    ``palette`` is its own color table, three bytes for each of eight colors.
    """

    place: Place
    pixels: Sequence[int]
    disposal: int = 0
    delay: int = 10
    transparent: int | None = None
    palette: bytes | None = None


class PngFrame(NamedTuple):
    """A frame of an APNG. ``delay`` is the numerator and the denominator, in seconds."""

    place: Place
    image: Image.Image
    disposal: int = 0
    blend: int = 0
    delay: tuple[int, int] = (1, 10)


class WebpFrame(NamedTuple):
    """A frame of a WebP at even offsets. ``delay`` is in milliseconds."""

    place: Place
    image: Image.Image
    clears: bool = False
    blends: bool = True
    delay: int = 100


# -- GIF ------------------------------------------------------------------------------------------


def gif(size: Size, frames: Sequence[GifFrame], palette: bytes | None, plays: int = 0) -> bytes:
    flags = 0x80 | _BITS - 1 if palette else 0
    repetitions = plays and plays - 1
    loop = b"" if plays == 1 else b"!\xff\x0bNETSCAPE2.0\3\1" + struct.pack("<HB", repetitions, 0)
    header = b"GIF89a" + struct.pack("<HHBBB", *size, flags, 0, 0) + (palette or b"")
    return header + loop + b"".join(map(_gif_frame, frames)) + b";"


def _gif_frame(frame: GifFrame) -> bytes:
    flags = frame.disposal << 2 | (frame.transparent is not None)
    control = struct.pack("<BBHBB", 4, flags, frame.delay, frame.transparent or 0, 0)
    table = frame.palette or b""
    descriptor = struct.pack("<HHHHB", *frame.place, 0x80 | _BITS - 1 if table else 0)
    return b"!\xf9" + control + b"," + descriptor + table + _lzw(frame.pixels)


def _lzw(pixels: Sequence[int]) -> bytes:
    """Return codes of equal length, as the code table is cleared before it grows."""
    bits = []
    for at, pixel in enumerate(pixels):
        if at % (_COLORS - 2) == 0:
            bits.append(f"{_CLEAR:04b}")
        bits.append(f"{pixel:04b}")
    bits.append(f"{_END:04b}")
    text = "".join(reversed(bits))  # the first code is in the lowest bits
    packed = int(text, 2).to_bytes(len(text) // 8 + 1, "little")
    blocks = (packed[at : at + 255] for at in range(0, len(packed), 255))
    return bytes([_BITS]) + b"".join(bytes([len(block)]) + block for block in blocks) + b"\0"


# -- APNG -----------------------------------------------------------------------------------------

_PNG_SIGNATURE_LENGTH, _PNG_HEADER_LENGTH = 8, 33
_PNG_COLOR_TYPES = {"L": 0, "RGB": 2, "P": 3, "LA": 4, "RGBA": 6}


def apng(
    size: Size, frames: Sequence[PngFrame], plays: int = 0, default: Image.Image | None = None
) -> bytes:
    """Return an APNG whose frames all have the mode of the first one, and its palette."""
    first = default or frames[0].image
    still = encoded(first, "PNG")
    ihdr = struct.pack(">IIBBxxx", *size, 8, _PNG_COLOR_TYPES[first.mode])
    palette = still[_PNG_HEADER_LENGTH : still.index(b"IDAT") - 4]
    parts = [still[:_PNG_SIGNATURE_LENGTH], chunk(b"IHDR", ihdr), palette]
    parts.append(chunk(b"acTL", struct.pack(">II", len(frames), plays)))
    if default:
        parts.append(chunk(b"IDAT", _pixels(default)))
    sequence = 0
    for frame in frames:
        left, top, *sides = frame.place
        rest = *frame.delay, frame.disposal, frame.blend
        parts.append(chunk(b"fcTL", struct.pack(">5I2H2B", sequence, *sides, left, top, *rest)))
        sequence += 1
        if sequence == 1 and not default:
            parts.append(chunk(b"IDAT", _pixels(frame.image)))
            continue
        parts.append(chunk(b"fdAT", struct.pack(">I", sequence) + _pixels(frame.image)))
        sequence += 1
    return b"".join([*parts, chunk(b"IEND", b"")])


def _pixels(image: Image.Image) -> bytes:
    """Compress rows without filters: PNG, third edition, 9.2."""
    data, row = image.tobytes(), image.width * len(image.getbands())
    return zlib.compress(b"".join(b"\0" + data[at : at + row] for at in range(0, len(data), row)))


# -- WebP -----------------------------------------------------------------------------------------


def webp(size: Size, frames: Sequence[WebpFrame], plays: int = 0) -> bytes:
    """Return an animation: RFC 9649, 2.7.1."""
    has_alpha, is_animation = 0x10, 0x02
    canvas = struct.pack("<I", has_alpha | is_animation) + _uint24(size[0] - 1, size[1] - 1)
    chunks = [_riff(b"VP8X", canvas), _riff(b"ANIM", struct.pack("<IH", 0, plays))]
    chunks += [_riff(b"ANMF", _webp_frame(frame)) for frame in frames]
    return _riff(b"RIFF", b"WEBP" + b"".join(chunks))


def _webp_frame(frame: WebpFrame) -> bytes:
    left, top, width, height = frame.place
    header = _uint24(left // 2, top // 2, width - 1, height - 1, frame.delay)
    still = encoded(frame.image, "WEBP", lossless=True, exact=True)
    return header + bytes([frame.clears | (not frame.blends) << 1]) + still[12:]


def _riff(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def _uint24(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(3, "little") for number in numbers)


# -- random ---------------------------------------------------------------------------------------

_ALPHAS = (0, 0, 60, 128, 200, 255, 255, 255)
_MAX_FRAMES = 7


def random_animation(format: str, seed: int) -> bytes:
    """Return an animation of a few frames, the same for the same seed."""
    random = Random(f"{format} {seed}")
    size = random.randint(5, 24), random.randint(5, 24)
    make = {"gif": _random_gif, "png": _random_apng, "webp": _random_webp, "avif": _random_avif}
    return make[format](random, size)


def _random_gif(random: Random, size: Size) -> bytes:
    frames = []
    for place in _random_places(random, size):
        transparent = random.choice([None, random.randrange(_COLORS)])
        palette = random.choice([None, _random_palette(random)])
        delay = random.choice([0, 1, 2, 3, 5, 10, 17])
        pixels = _random_pixels(random, place)
        disposal = random.randrange(4)
        frames.append(GifFrame(place, pixels, disposal, delay, transparent, palette))
    return gif(size, frames, _random_palette(random), random.choice([0, 1, 3]))


def _random_apng(random: Random, size: Size) -> bytes:
    mode = random.choice(["RGBA", "RGBA", "LA", "P", "RGB"])
    look = Image.frombytes("RGBA", (_COLORS, 1), _random_rgba(random))
    default = (
        _random_image(random, Place(0, 0, *size), look, mode) if random.random() < 0.2 else None
    )
    frames = []
    for index, place in enumerate(_random_places(random, size)):
        if not (index or default):
            place = Place(0, 0, *size)  # of the picture that readers without animation show
        image = _random_image(random, place, look, mode)
        delay = random.choice([(1, 30), (7, 100), (4, 0), (15, 1000), (0, 5), (1, 8), (33, 1000)])
        frames.append(PngFrame(place, image, random.randrange(3), random.randrange(2), delay))
    return apng(size, frames, random.choice([0, 1, 3]), default)


def _random_webp(random: Random, size: Size) -> bytes:
    look = Image.frombytes("RGBA", (_COLORS, 1), _random_rgba(random))
    frames = []
    for place in _random_places(random, size):
        even = Place(place.left & ~1, place.top & ~1, place.width, place.height)
        image = _random_image(random, even, look, "RGBA")
        clears, blends = random.random() < 0.4, random.random() < 0.6
        delay = random.choice([0, 9, 15, 20, 33, 47, 100])
        frames.append(WebpFrame(even, image, clears, blends, delay))
    return webp(size, frames, random.choice([0, 1, 3]))


def _random_avif(random: Random, size: Size) -> bytes:
    """Return whole frames, as AVIF has no others."""
    look = Image.frombytes("RGBA", (_COLORS, 1), _random_rgba(random))
    places = [Place(0, 0, *size)] * random.randint(2, _MAX_FRAMES)
    first, *others = (_random_image(random, place, look, "RGBA") for place in places)
    durations = [random.choice([9, 15, 20, 33, 47, 100]) for _ in places]
    # Chromium shows the full range with too much contrast.
    options = {"quality": 100, "subsampling": "4:4:4", "speed": 10, "range": "limited"}
    return encoded(
        first, "AVIF", save_all=True, append_images=others, duration=durations, **options
    )


def _random_places(random: Random, size: Size) -> Iterator[Place]:
    width, height = size
    for _ in range(random.randint(2, _MAX_FRAMES)):
        left, top = random.randrange(width), random.randrange(height)
        if random.random() < 0.3:
            left = top = 0
        right, bottom = random.randint(left + 1, width), random.randint(top + 1, height)
        if random.random() < 0.3:
            right, bottom = size
        yield Place(left, top, right - left, bottom - top)


def _random_pixels(random: Random, place: Place) -> list[int]:
    """Return indexes in blocks: of one color, or with another one in a part of them."""
    ground, other = random.randrange(_COLORS), random.randrange(_COLORS)
    split = random.randint(0, place.width)
    noise = random.choice([0, 0, 0.3])
    return [
        random.randrange(_COLORS) if random.random() < noise else ground if x < split else other
        for _ in range(place.height)
        for x in range(place.width)
    ]


def _random_image(random: Random, place: Place, look: Image.Image, mode: str) -> Image.Image:
    _, _, width, height = place
    image = Image.frombytes("P", (width, height), bytes(_random_pixels(random, place)))
    image.putpalette(look.tobytes(), "RGBA")
    return image if mode == "P" else image.convert("RGBA").convert(mode)


def _random_palette(random: Random) -> bytes:
    return random.randbytes(3 * _COLORS)


def _random_rgba(random: Random) -> bytes:
    return b"".join(random.randbytes(3) + bytes([random.choice(_ALPHAS)]) for _ in range(_COLORS))
