"""The image formats of originals and of resizes, their extensions and content types."""

import mimetypes
import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, NamedTuple

from django_shift_media.conf import SourceFormat as SourceFormat

# Part of the name of every lossless resize: changing it orphans them all.
LOSSLESS_QUALITY = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputFormat:
    """
    A format that resizes can have.

    ``quality`` is the default quality, on the encoder's own scale of 1 to 99. A format whose
    ``compression`` is "lossless" has only one quality, ``LOSSLESS_QUALITY``. An original whose
    format is ``shown_everywhere`` has resizes in the same format by default. ``encoder`` is the
    module that writes the format, unless Pillow does.
    """

    extension: str
    quality: int
    compression: Literal["lossy", "lossless", "both"]
    transparent: bool = True
    animated: bool = True
    # Part of the names of resizes without an explicit format: changing it orphans them all.
    shown_everywhere: bool = True
    encoder: str | None = None


# The default qualities look equally good: the mean SSIMULACRA2 score over photos that are
# 400 pixels wide is 76 for each format.
OUTPUT_FORMATS = MappingProxyType(
    {
        format.extension: format
        for format in (
            OutputFormat(
                extension="jpg",
                quality=80,
                compression="lossy",
                transparent=False,
                animated=False,
            ),
            OutputFormat(extension="png", quality=LOSSLESS_QUALITY, compression="lossless"),
            OutputFormat(extension="webp", quality=82, compression="both"),
            OutputFormat(extension="avif", quality=66, compression="both"),
            OutputFormat(extension="gif", quality=LOSSLESS_QUALITY, compression="lossless"),
            OutputFormat(
                extension="jxl",
                quality=78,
                compression="both",
                animated=False,
                shown_everywhere=False,
                encoder="pillow_jxl",
            ),
        )
    }
)


class InputFormat(NamedTuple):
    """
    A format that originals can have.

    ``module`` is the Pillow plugin that reads the format; the package's extra of the same name
    as the format installs it.
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

# Other spellings of the extensions above. An alias that is added here changes the names of
# later uploads only: stored names are never computed again.
_EXTENSION_ALIASES = MappingProxyType({"jpeg": "jpg", "jpe": "jpg", "jfif": "jpg", "pjpeg": "jpg"})

# Browsers display these types without executing anything; all other types are downloaded.
_INLINE_TYPES = ("image/", "video/", "audio/", "application/pdf", "text/plain", "text/vtt")
_SCRIPTABLE_TYPES = ("image/svg+xml",)
_BINARY = "application/octet-stream"
HLS_TYPE = "application/vnd.apple.mpegurl"
# The key of a playlist that a worker has made, and of no original: it has a file more than these.
# Those that users upload are downloaded, as players would follow the addresses in them.
_OWN_PLAYLIST = re.compile(r"(?:.*/){6}video-hls-[^/]+-[0-9a-f]{32}/[a-z0-9]+\.m3u8")
# The types of compressed files, by the names that mimetypes has for the compression.
_ENCODED_TYPES = MappingProxyType(
    {
        "bzip2": "application/x-bzip2",
        "compress": "application/x-compress",
        "gzip": "application/gzip",
        "xz": "application/x-xz",
    }
)


def extension_of(name: str) -> str:
    """Return the canonical extension of a file name, without the dot ("" if there is none)."""
    extension = name.rpartition(".")[2].lower() if "." in name else ""
    return _EXTENSION_ALIASES.get(extension, extension)


def content_type(name: str) -> str:
    """Return the content type for the extension of a file name."""
    # mimetypes does not know WebP before Python 3.13, and its answers depend on system files.
    extension = extension_of(name)
    if format := INPUT_FORMATS.get(extension):  # type: ignore[call-overload]  # any text may be a key
        return str(format.content_type)
    if extension == "vtt":  # some systems do not know it
        return "text/vtt"
    if extension == "m3u8":
        return HLS_TYPE
    # Of the last extension only: "a.pdf.gz" is not a PDF.
    type, encoding = mimetypes.guess_type(f"a.{extension}")
    if encoding:
        return _ENCODED_TYPES.get(encoding, _BINARY)
    return type or _BINARY


def is_inline(name: str) -> bool:
    """Return whether browsers may display a file with this name; they download all others."""
    type = content_type(name)
    if type == HLS_TYPE:
        return _OWN_PLAYLIST.fullmatch(name) is not None
    return type.startswith(_INLINE_TYPES) and type not in _SCRIPTABLE_TYPES


def served_content_type(name: str) -> str:
    """
    Return the content type under which an original is served.

    Whatever browsers do not display is binary data, because they could run it: even an attachment
    runs as a script of a page that names it.
    """
    return content_type(name) if is_inline(name) else _BINARY
