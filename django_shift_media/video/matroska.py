"""
The header of WebM and Matroska files.

Elements are those of EBML (RFC 8794) and Matroska (RFC 9559), which sections refer to. Clusters,
which have the media, are not read.
"""

import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

from django_shift_media.exceptions import UnreadableVideo
from django_shift_media.exceptions import gettext_noop as _
from django_shift_media.naming.geometry import Size
from django_shift_media.naming.renditions import VideoFormat
from django_shift_media.video.facts import VideoFacts, printable
from django_shift_media.video.isobmff import DAMAGED

_EBML, _DOC_TYPE = 0x1A45DFA3, 0x4282
_SEGMENT, _CLUSTER = 0x18538067, 0x1F43B675
_INFO, _TIMESTAMP_SCALE, _DURATION = 0x1549A966, 0x2AD7B1, 0x4489
_TRACKS, _TRACK_ENTRY = 0x1654AE6B, 0xAE
_TRACK_TYPE, _CODEC_ID, _VIDEO = 0x83, 0x86, 0xE0
_PIXEL_WIDTH, _PIXEL_HEIGHT = 0xB0, 0xBA
_DISPLAY_WIDTH, _DISPLAY_HEIGHT, _DISPLAY_UNIT = 0x54B0, 0x54BA, 0x54B2

_MAX_ELEMENT = 1_000_000  # bytes of "Info" or "Tracks"
_MAX_ELEMENTS = 10_000
# Before the media. In a bucket, each may be a request.
_MAX_TOP_LEVEL_ELEMENTS = 100
_UNKNOWN_SIZE = -1
_VIDEO_TRACK, _AUDIO_TRACK = 1, 2
_CODECS = {
    "V_MPEG4/ISO/AVC": "h264",
    "V_MPEGH/ISO/HEVC": "hevc",
    "V_VP8": "vp8",
    "V_VP9": "vp9",
    "V_AV1": "av1",
    "A_OPUS": "opus",
    "A_VORBIS": "vorbis",
    "A_AAC": "aac",
}


class Element(NamedTuple):
    id: int
    content: bytes


def read_facts(file: Any) -> VideoFacts:
    """Return the facts of a file; raise ``UnreadableVideo``."""
    found = dict(_read_top_level(file))
    tracks = [
        dict(_elements(body))
        for id, body in _elements(found.get(_TRACKS, b""))
        if id == _TRACK_ENTRY
    ]
    video = next((track for track in tracks if _kind(track) == _VIDEO_TRACK), None)
    if video is None:
        raise UnreadableVideo(_("The file has no video track."))
    audio = next((track for track in tracks if _kind(track) == _AUDIO_TRACK), None)
    format: VideoFormat = _format(dict(_elements(found[_EBML])))
    codec, audio_codec = _codec_name(video), _codec_name(audio) if audio else None
    width, height = _size(dict(_elements(video.get(_VIDEO, b""))))
    return VideoFacts(
        format=format,
        width=width,
        height=height,
        duration=_duration(dict(_elements(found.get(_INFO, b"")))),
        codec=codec,
        audio_codec=audio_codec,
        plays_everywhere=format == "webm" and codec in {"vp8", "vp9"},
        codecs=_codecs(format, codec, audio_codec),
    )


def _codecs(format: VideoFormat, codec: str, audio_codec: str | None) -> str | None:
    """Return the codecs of WebM: https://www.webmproject.org/docs/container/."""
    names = [codec, audio_codec] if audio_codec else [codec]
    is_known = format == "webm" and set(names) <= {"vp8", "vp9", "opus", "vorbis"}
    return ",".join(names) if is_known else None


def _read_top_level(file: Any) -> Iterator[Element]:
    """Yield the EBML header and, of the segment, "Info" and "Tracks": section 5.1 of RFC 9559."""
    offset = 0
    for _n in range(_MAX_TOP_LEVEL_ELEMENTS):
        file.seek(offset)
        start = file.read(12)
        id, id_length = _read_id(start)
        size, size_length = _read_size(start[id_length:])
        if not id_length or not size_length or id == _CLUSTER:
            return
        offset += id_length + size_length
        if id == _SEGMENT:  # its children follow
            continue
        if size == _UNKNOWN_SIZE:
            return
        if id in {_EBML, _INFO, _TRACKS}:
            if size > _MAX_ELEMENT:
                raise UnreadableVideo(DAMAGED, detail="its header is too large")
            file.seek(offset)
            content = file.read(size)
            if len(content) < size:
                raise UnreadableVideo(DAMAGED, detail="its header is incomplete")
            yield Element(id, content)
        offset += size


def _elements(data: bytes) -> Iterator[Element]:
    """Yield the elements in a master element, up to the first that is malformed."""
    offset = 0
    for _n in range(_MAX_ELEMENTS):
        start = data[offset : offset + 12]
        id, id_length = _read_id(start)
        size, size_length = _read_size(start[id_length:])
        offset += id_length + size_length
        is_whole = size != _UNKNOWN_SIZE and offset + size <= len(data)
        if not id_length or not size_length or not is_whole:
            return
        yield Element(id, data[offset : offset + size])
        offset += size


def _read_id(data: bytes) -> tuple[int, int]:
    """Return an ID and its length in bytes, 0 if it is malformed: section 5 of RFC 8794."""
    length = 9 - data[0].bit_length() if data else 0
    if not 1 <= length <= 4 or len(data) < length:
        return 0, 0
    return int.from_bytes(data[:length], "big"), length


def _read_size(data: bytes) -> tuple[int, int]:
    """Return a size and its length in bytes, 0 if it is malformed: section 4 of RFC 8794."""
    length = 9 - data[0].bit_length() if data else 0
    if not 1 <= length <= 8 or len(data) < length:
        return 0, 0
    mask = (1 << 7 * length) - 1
    size = int.from_bytes(data[:length], "big") & mask
    return (_UNKNOWN_SIZE if size == mask else size), length


def _kind(track: dict[int, bytes]) -> int:
    return int.from_bytes(track.get(_TRACK_TYPE, b""), "big")


def _codec_name(track: dict[int, bytes]) -> str:
    id = printable(track.get(_CODEC_ID, b"").rstrip(b"\0"))
    return _CODECS.get(id) or _CODECS.get(id.split("/")[0]) or id


def _format(header: dict[int, bytes]) -> VideoFormat:
    return "webm" if header.get(_DOC_TYPE, b"").rstrip(b"\0") == b"webm" else "mkv"


def _duration(info: dict[int, bytes]) -> float | None:
    raw = info.get(_DURATION, b"")
    if len(raw) not in {4, 8}:
        return None
    [ticks] = struct.unpack(">f" if len(raw) == 4 else ">d", raw)
    nanoseconds = int.from_bytes(info.get(_TIMESTAMP_SCALE, b""), "big") or 1_000_000
    seconds = ticks * nanoseconds / 1e9
    # A damaged file may have any value, also "not a number".
    return round(seconds, 3) if 0 < seconds < 1e12 else None


def _size(video: dict[int, bytes]) -> Size:
    """Return the size of the picture in square pixels: sections 5.1.4.1.28.6 and on of RFC 9559."""
    pixels = [int.from_bytes(video.get(id, b""), "big") for id in (_PIXEL_WIDTH, _PIXEL_HEIGHT)]
    display = [
        int.from_bytes(video.get(id, b""), "big") for id in (_DISPLAY_WIDTH, _DISPLAY_HEIGHT)
    ]
    unit = int.from_bytes(video.get(_DISPLAY_UNIT, b""), "big")
    width, height = pixels
    if all(display) and all(pixels) and unit in {0, 3}:  # pixels, or an aspect ratio
        width = round(height * display[0] / display[1])
    return width, height
