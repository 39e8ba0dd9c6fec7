"""Put an XMP packet into files of formats whose writers have no option for it."""

import struct
import zlib

from django_shift_media.naming.resizes import ImageFormat

_PNG_HEADER_END = 33  # of the signature and of IHDR, which must be first
_GIF_TRAILER = b"\x3b"
# A packet is not divided into sub-blocks. A reader that takes its characters for the lengths of
# sub-blocks arrives somewhere in this ramp, each byte of which leads to the end.
_GIF_RAMP = bytes([1, *range(255, -1, -1), 0])


def embed_xmp(data: bytes, format: ImageFormat, packet: bytes | None) -> bytes:
    """Return a PNG or GIF with a packet, other files as they are: XMP, part 3, 1.1.2 and 1.1.5."""
    match format:
        case "png" if packet:
            return _embed_in_png(data, packet)
        case "gif" if packet:
            return _embed_in_gif(data, packet)
        case _:
            return data


def _embed_in_png(data: bytes, packet: bytes) -> bytes:
    # Five zeros: the end of the keyword, not compressed (two), no language, no translated keyword.
    body = b"iTXtXML:com.adobe.xmp" + bytes(5) + packet
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return data[:_PNG_HEADER_END] + chunk + data[_PNG_HEADER_END:]


def _embed_in_gif(data: bytes, packet: bytes) -> bytes:
    block = b"\x21\xff\x0bXMP DataXMP" + packet + _GIF_RAMP
    return data.removesuffix(_GIF_TRAILER) + block + _GIF_TRAILER
