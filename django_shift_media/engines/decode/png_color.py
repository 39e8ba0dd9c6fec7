"""
The colors of a PNG, by the chunk that takes precedence. Sections: PNG, third edition.

The order is cICP, iCCP, sRGB, and then gAMA with or without cHRM (4.3). A chunk that is invalid or
unknown counts as missing, as in browsers.
"""

from collections.abc import Iterator, Mapping
from itertools import takewhile

from django_shift_media.engines.color.colorimetry import Primaries
from django_shift_media.engines.color.icc import gamma_curve
from django_shift_media.engines.decode.code_points import (
    BT709,
    PNG_CURVES,
    are_known,
    profile_from_code_points,
    profile_from_primaries,
)
from django_shift_media.engines.decode.header import read_big_endian
from django_shift_media.engines.decode.png_chunks import valid_chunks

_MIN_GAMMA, _MAX_GAMMA = 0.1, 10
_GAMMA_OF_SRGB = 0.45455  # written by encoders that do not write an sRGB chunk
_PARTS = 100_000  # of the numbers in gAMA and cHRM: 11.3.2
# Chunks with a maximum luminance, and the offset of that field, in 1/10,000 cd/m²: 11.3.2.7 and
# 11.3.2.8.
_PEAKS = (b"cLLI", 0), (b"mDCV", 16)
_Chunks = Mapping[bytes, bytes]


def read_png_profile(data: bytes, embedded: bytes | None) -> bytes | None:
    """
    Return the ICC profile of a PNG, None for sRGB and for unspecified colors.

    ``embedded`` is the profile in iCCP, None if there is none that is valid.
    """
    chunks: dict[bytes, bytes] = {}
    for kind, content in takewhile(lambda chunk: chunk[0] != b"IDAT", valid_chunks(data)):
        chunks.setdefault(kind, content)
    primaries, transfer, matrix, is_full_range = chunks.get(b"cICP", bytes(4))
    if are_known(primaries, transfer, PNG_CURVES) and (matrix, is_full_range) == (0, 1):
        return profile_from_code_points(primaries, transfer, _peak(chunks), PNG_CURVES)
    if embedded or b"sRGB" in chunks:
        return embedded
    return _profile_from_gamma(chunks)


def _profile_from_gamma(chunks: _Chunks) -> bytes | None:
    """Return None if there is no gamma, or one that makes no sense."""
    gamma = int.from_bytes(chunks.get(b"gAMA", b""), "big") / _PARTS
    if not _MIN_GAMMA <= gamma <= _MAX_GAMMA:
        return None
    if b"cHRM" not in chunks:
        is_srgb = gamma == _GAMMA_OF_SRGB
        return None if is_srgb else profile_from_primaries(BT709, gamma_curve(1 / gamma))
    white, red, green, blue = _points(chunks[b"cHRM"])
    return profile_from_primaries(Primaries(red, green, blue, white), gamma_curve(1 / gamma))


def _points(content: bytes) -> Iterator[tuple[float, float]]:
    numbers = [read_big_endian(content, offset, 4) / _PARTS for offset in range(0, 32, 4)]
    return zip(numbers[::2], numbers[1::2], strict=True)


def _peak(chunks: _Chunks) -> float:
    """Return the maximum luminance of the content, else of the mastering display, else 0."""
    levels = (read_big_endian(chunks.get(kind, b""), field, 4) / 10_000 for kind, field in _PEAKS)
    return next(filter(None, levels), 0)
