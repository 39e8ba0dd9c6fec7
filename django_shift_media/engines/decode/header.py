"""The result of reading a file's header, and helpers for the readers of the single formats."""

from typing import NamedTuple

from django_shift_media.exceptions import FileTooLarge


class HeaderInfo(NamedTuple):
    """
    The size of the canvas in pixels, as stored, and the number of frames; damaged fields are 0.

    ``parts`` is the number of pictures that a decoder decodes to show the file: frames, and the
    tiles, layers or extra channels of a frame. ``work`` is how long that takes, as the number of
    pixels of a still image without parts that take as long. Both are 0 if they follow from the
    size, the frames and ``work_per_pixel``. ``has_trailing_metadata`` says that metadata needed to
    show the image come after its pixels, which only PNG allows.
    """

    width: int
    height: int
    frames: int
    has_trailing_metadata: bool = False
    parts: int = 0
    work: int = 0
    work_per_pixel: float = 1

    @property
    def size(self) -> tuple[int, int]:
        return self.width, self.height


def check_count(number: int, limit: int, message: str) -> None:
    """Raise ``FileTooLarge`` if a file has more than ``limit`` parts of a kind."""
    if number > limit:
        raise FileTooLarge(message, limit=limit)


def read_big_endian(data: bytes, offset: int, length: int) -> int:
    """Return an unsigned integer; bytes after the end of the data are left out."""
    return int.from_bytes(data[offset : offset + length], "big")


def read_little_endian(data: bytes, offset: int, length: int) -> int:
    """Return an unsigned integer; bytes after the end of the data are left out."""
    return int.from_bytes(data[offset : offset + length], "little")
