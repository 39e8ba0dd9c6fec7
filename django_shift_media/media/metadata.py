"""What a row keeps of its file, so that no page needs to fetch it."""

from typing import NamedTuple


class FileMetadata(NamedTuple):
    """What a row may keep of its image, so that no page needs to fetch it."""

    width: int | None = None
    height: int | None = None
    placeholder: str = ""
    size: int | None = None  # in bytes
