"""
Check how large a file claims to be, and how many parts it has, before a decoder sees it.

While Pillow opens a file, it already allocates a frame to be cleared (GIF) or a canvas (WebP),
decompresses every text (PNG) and visits every part of the file; and it does not report scans
(JPEG), the streams in boxes (AVIF) or missing tiles (HEIC). Preflight reads only the fields that
are needed to refuse such files.
"""

from collections.abc import Callable
from types import MappingProxyType

from django_shift_media.engines.decode import heif
from django_shift_media.engines.decode.gif import read_gif_header
from django_shift_media.engines.decode.header import HeaderInfo
from django_shift_media.engines.decode.jpeg import read_jpeg_header
from django_shift_media.engines.decode.png import read_png_header
from django_shift_media.engines.decode.sniff import sniff_format
from django_shift_media.engines.decode.webp import read_webp_header
from django_shift_media.naming.formats import SourceFormat


def read_header(data: bytes) -> HeaderInfo | None:
    """
    Return the size and the frames that the file declares; None for formats without a reader.

    Raise ``FileTooLarge`` for more parts than any real image has, ``UnreadableImage`` if parts
    are missing or if decoders would disagree about them.
    """
    format = sniff_format(data)
    read = _READERS.get(format) if format else None
    return read(data) if read else None


def _read_heif_header(data: bytes) -> HeaderInfo:
    return HeaderInfo(*heif.max_declared_size(data))


_READERS: MappingProxyType[SourceFormat, Callable[[bytes], HeaderInfo]] = MappingProxyType(
    {
        "jpg": read_jpeg_header,
        "png": read_png_header,
        "gif": read_gif_header,
        "webp": read_webp_header,
        "avif": _read_heif_header,
        "heic": _read_heif_header,
    }
)
