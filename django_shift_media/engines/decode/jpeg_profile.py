"""The ICC profile in the segments of a JPEG: ICC.1:2022, annex B.4."""

from collections.abc import Sequence

_SIGNATURE = b"ICC_PROFILE\0"
_HEADER_LENGTH = len(_SIGNATURE) + 2  # the number of the part, and how many there are


def join_profile(segments: Sequence[tuple[str, bytes]]) -> bytes | None:
    """
    Return the profile in the segments ("APP2" and their data), None if it is incomplete.

    Some programs write a profile twice. Like Chromium, use the first complete one, unless a part
    of it is contradictory: then use none.
    """
    parts: dict[int, bytes] = {}
    expected = 0
    for name, segment in segments:
        if name != "APP2" or not segment.startswith(_SIGNATURE) or len(segment) <= _HEADER_LENGTH:
            continue
        number, count = segment[len(_SIGNATURE) : _HEADER_LENGTH]
        expected = expected or count
        if not 1 <= number <= count == expected or number in parts:
            return None
        parts[number] = segment[_HEADER_LENGTH:]
        if len(parts) == count:
            return b"".join(parts[number] for number in sorted(parts))
    return None
