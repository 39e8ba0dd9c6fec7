"""
Whether an ICC profile is complete. Sections are those of ICC.1:2022.

Little CMS uses what it finds in a truncated or damaged profile. Browsers ignore such a profile, by
the rules of Skia's skcms, which are these.
"""

import struct
from collections.abc import Iterator

_HEADER_LENGTH, _TAG_COUNT_LENGTH, _TAG_ENTRY_LENGTH = 128, 4, 12
_SIGNATURE = b"acsp"
_NEWEST_MAJOR_VERSION = 4
_D50 = 0.9642, 1.0, 0.8249
_D50_TOLERANCE = 0.01
_MIN_TAG_LENGTH = 4  # the signature of its type


def is_complete(profile: bytes) -> bool:
    """Return whether the header (7.2) and the tag table (7.3) make sense and fit the data."""
    start = _HEADER_LENGTH + _TAG_COUNT_LENGTH
    if len(profile) < start or profile[36:40] != _SIGNATURE or profile[8] > _NEWEST_MAJOR_VERSION:
        return False
    size, tags = (int.from_bytes(profile[at : at + 4], "big") for at in (0, _HEADER_LENGTH))
    if not start + tags * _TAG_ENTRY_LENGTH <= size <= len(profile):
        return False
    return _is_relative_to_d50(profile) and all(
        length >= _MIN_TAG_LENGTH and offset + length <= size
        for offset, length in _tag_ranges(profile, tags)
    )


def _is_relative_to_d50(profile: bytes) -> bool:
    """Return whether the illuminant is that of all profiles: 7.2.16."""
    illuminant = (number / 65536 for number in struct.unpack_from(">3i", profile, 68))
    return all(
        abs(number - wanted) <= _D50_TOLERANCE
        for number, wanted in zip(illuminant, _D50, strict=True)
    )


def _tag_ranges(profile: bytes, tags: int) -> Iterator[tuple[int, int]]:
    for entry in range(tags):
        start = _HEADER_LENGTH + _TAG_COUNT_LENGTH + entry * _TAG_ENTRY_LENGTH
        _, offset, length = struct.unpack_from(">4sII", profile, start)
        yield offset, length
