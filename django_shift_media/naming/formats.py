"""The image formats: what originals may be, what resizes may be, and their content types."""

import mimetypes
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, NamedTuple

# Part of the name of every resize without loss: changing it orphans them all.
LOSSLESS_QUALITY = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputFormat:
    """
    An image format that resizes may have.

    ``quality`` is the default, on the encoder's own scale of 1 to 99. Without ``loss`` there is
    one quality only, ``LOSSLESS_QUALITY``; where loss is optional, a resize may be lossless.
    """

    extension: str
    quality: int
    loss: Literal["always", "optional", "none"]
    transparent: bool = True
    animated: bool = True


# The qualities look alike: SSIMULACRA2 gives 76 to each, as a mean over photos of 400 pixels.
OUTPUT_FORMATS = MappingProxyType(
    {
        format.extension: format
        for format in (
            OutputFormat(
                extension="jpg",
                quality=80,
                loss="always",
                transparent=False,
                animated=False,
            ),
            OutputFormat(extension="png", quality=LOSSLESS_QUALITY, loss="none"),
            OutputFormat(extension="webp", quality=82, loss="optional"),
            OutputFormat(extension="avif", quality=66, loss="optional"),
            OutputFormat(extension="gif", quality=LOSSLESS_QUALITY, loss="none"),
        )
    }
)

SourceFormat = Literal["jpg", "png", "webp", "avif", "gif", "tiff", "bmp", "heic", "jxl"]


class InputFormat(NamedTuple):
    """
    A format that originals may have: what people and browsers call it.

    ``module`` is what Pillow needs to read it, which the extra of the format's name installs.
    """

    name: str
    content_type: str
    module: str | None = None


INPUT_FORMATS: MappingProxyType[SourceFormat, InputFormat] = MappingProxyType(
    {
        "jpg": InputFormat("JPEG", "image/jpeg"),
        "png": InputFormat("PNG", "image/png"),
        "webp": InputFormat("WebP", "image/webp"),
        "avif": InputFormat("AVIF", "image/avif"),
        "gif": InputFormat("GIF", "image/gif"),
        "tiff": InputFormat("TIFF", "image/tiff"),
        "bmp": InputFormat("BMP", "image/bmp"),
        "heic": InputFormat("HEIC", "image/heic", "pillow_heif"),
        "jxl": InputFormat("JPEG XL", "image/jxl", "pillow_jxl"),
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
    if source := INPUT_FORMATS.get(extension_of(name)):  # type: ignore[call-overload]  # any text may be asked for
        return str(source.content_type)
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def content_disposition(name: str) -> str:
    """Return "inline" for a file name that browsers may show, "attachment" for all others."""
    type = content_type(name)
    return "inline" if type.startswith(_SHOWN) and type not in _RUN else "attachment"
