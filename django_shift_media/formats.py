"""The image formats: one table for extensions, content types and qualities."""

import mimetypes
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

# Part of the name of every resize without loss: changing it orphans them all.
NO_LOSS = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """
    An image format that is read and written.

    ``quality`` is what a resize gets that asks for none, on the encoder's own
    scale of 1 to 99. Without ``loss`` there is one quality only, ``NO_LOSS``; where loss is
    optional, a resize may ask for none.
    """

    extension: str
    content_type: str
    quality: int
    loss: Literal["always", "optional", "none"]
    transparent: bool = True
    animated: bool = True


FORMATS = MappingProxyType(
    {
        format.extension: format
        for format in (
            Format(
                extension="jpg",
                content_type="image/jpeg",
                quality=80,
                loss="always",
                transparent=False,
                animated=False,
            ),
            Format(extension="png", content_type="image/png", quality=NO_LOSS, loss="none"),
            Format(extension="webp", content_type="image/webp", quality=78, loss="optional"),
            Format(extension="avif", content_type="image/avif", quality=60, loss="optional"),
            Format(extension="gif", content_type="image/gif", quality=NO_LOSS, loss="none"),
        )
    }
)

# Other spellings of the extensions above. A spelling that is added here changes the names of
# later uploads only: stored names are never computed again.
ALIASES = MappingProxyType({"jpeg": "jpg", "jpe": "jpg", "jfif": "jpg", "pjpeg": "jpg"})


# What a browser shows without running any of it; everything else is for downloading.
_SHOWN = ("image/", "video/", "audio/", "application/pdf", "text/plain")
_RUN = ("image/svg+xml",)


def extension_of(name: str) -> str:
    """Return the canonical extension of a file name, without the dot ("" if there is none)."""
    extension = name.rpartition(".")[2].lower() if "." in name else ""
    return ALIASES.get(extension, extension)


def content_type(name: str) -> str:
    """Return the content type that a file name's extension stands for."""
    # mimetypes has no WebP before Python 3.13, and the system's own tables change it.
    if format := FORMATS.get(extension_of(name)):
        return format.content_type
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def content_disposition(name: str) -> str:
    """Return "inline" for a file name that browsers may show, "attachment" for all others."""
    type = content_type(name)
    return "inline" if type.startswith(_SHOWN) and type not in _RUN else "attachment"
