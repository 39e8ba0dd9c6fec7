"""
Check how large a file claims to be, and how many parts it has, before a decoder sees it.

While Pillow opens a file, it already allocates a frame to be cleared (GIF) or a canvas (WebP),
decompresses every text (PNG), visits every part of the file, or even decodes it (JPEG XL); and it
does not report scans (JPEG), strips (TIFF), the streams in boxes (AVIF) or missing tiles (HEIC).
Preflight reads only the fields that are needed to refuse such files, and counts what a decoder
would have to do: ``HeaderInfo.parts`` and ``HeaderInfo.work``.
"""

from collections.abc import Callable
from types import MappingProxyType

from django_shift_media.engines.decode import heif
from django_shift_media.engines.decode.bmp_header import read_bmp_header
from django_shift_media.engines.decode.gif import read_gif_header
from django_shift_media.engines.decode.header import HeaderInfo
from django_shift_media.engines.decode.heif_cost import read_decoding_cost
from django_shift_media.engines.decode.jpeg import read_jpeg_header
from django_shift_media.engines.decode.jpegxl_cost import read_jpegxl_header
from django_shift_media.engines.decode.png import read_png_header
from django_shift_media.engines.decode.sniff import sniff_format
from django_shift_media.engines.decode.tiff_header import read_tiff_header
from django_shift_media.engines.decode.webp import read_webp_header
from django_shift_media.naming.formats import SourceFormat


def read_header(data: bytes) -> HeaderInfo | None:
    """
    Return the size and the parts that the file declares; None if its header is unknown.

    Raise ``FileTooLarge`` for more parts than any real image has, ``UnreadableImage`` if parts
    are missing or if decoders would disagree about them.
    """
    format = sniff_format(data)
    read = _READERS.get(format) if format else None
    return read(data) if read else None


def _read_heif_header(data: bytes) -> HeaderInfo:
    cost = read_decoding_cost(data)
    header = HeaderInfo(*heif.max_declared_size(data))
    # A single frame is what the size says.
    return header._replace(parts=cost.parts, work=cost.work) if cost.parts > 1 else header


_READERS: MappingProxyType[SourceFormat, Callable[[bytes], HeaderInfo | None]] = MappingProxyType(
    {
        "jpg": read_jpeg_header,
        "png": read_png_header,
        "gif": read_gif_header,
        "webp": read_webp_header,
        "avif": _read_heif_header,
        "heic": _read_heif_header,
        "tiff": read_tiff_header,
        "bmp": read_bmp_header,
        "jxl": read_jpegxl_header,
    }
)
