"""
The header of MP4 and MOV files.

Sections are those of ISO/IEC 14496-12. Only the "moov" box is read; media are skipped.
"""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from django_shift_media.engines.decode.isobmff import BoxReader, FieldReader
from django_shift_media.exceptions import FileTooLarge, UnreadableVideo
from django_shift_media.exceptions import gettext_noop as _
from django_shift_media.naming.geometry import Size
from django_shift_media.naming.renditions import VideoFormat
from django_shift_media.video.facts import VideoFacts, printable, upright

DAMAGED = _("The video is damaged: %(detail)s.")
# Bytes. The tables of a film of ten hours take about 20 MB.
_MAX_HEADER = 64_000_000
# Before the header. In a bucket, each may be a request.
_MAX_TOP_LEVEL_BOXES = 100
_CODECS = {
    b"avc1": "h264",
    b"avc3": "h264",
    b"hvc1": "hevc",
    b"hev1": "hevc",
    b"av01": "av1",
    b"vp08": "vp8",
    b"vp09": "vp9",
    b"mp4v": "mpeg4",
    b"mp4a": "aac",
    b"Opus": "opus",
    b"ac-3": "ac3",
}
# Of H.264, browsers play the profiles of 8 bits and 4:2:0: Baseline, Main and High.
_PLAYED_PROFILES = frozenset({66, 77, 100})


class Track(NamedTuple):
    """A track: its kind ("vide", "soun" and so on), its first sample entry, and more."""

    kind: bytes
    codec: bytes
    entry: memoryview
    duration: float | None
    rotation: int


def read_facts(file: Any) -> VideoFacts:
    """Return the facts of a file; raise ``UnreadableVideo`` or ``FileTooLarge``."""
    boxes = dict(_read_top_level(file))
    if b"moov" not in boxes:
        raise UnreadableVideo(DAMAGED, detail="it has no header")
    reader = BoxReader(boxes[b"moov"])
    try:
        return _facts(reader, _format(boxes.get(b"ftyp", b"")))
    except FileTooLarge as error:  # of parts
        raise UnreadableVideo(DAMAGED, detail="its header has too many parts") from error


def _read_top_level(file: Any) -> Iterator[tuple[bytes, bytes]]:
    """Yield the type and the content of "ftyp" and "moov", and skip all boxes before that: 4.2."""
    offset = 0
    for _n in range(_MAX_TOP_LEVEL_BOXES):
        file.seek(offset)
        header = file.read(16)
        if len(header) < 8:
            return
        size, kind, length = int.from_bytes(header[:4], "big"), header[4:8], 8
        if size == 1:
            size, length = int.from_bytes(header[8:16], "big"), 16
        elif size == 0:  # up to the end of the file
            size = max(file.seek(0, 2) or file.tell(), offset + length) - offset
        if size < length:
            return
        if kind in {b"ftyp", b"moov"}:
            yield kind, _read_box(file, offset + length, size - length)
        if kind == b"moov":
            return
        offset += size


def _read_box(file: Any, offset: int, size: int) -> bytes:
    if size > _MAX_HEADER:
        raise UnreadableVideo(DAMAGED, detail="its header is too large")
    file.seek(offset)
    content: bytes = file.read(size)
    if len(content) < size:
        raise UnreadableVideo(DAMAGED, detail="its header is incomplete")
    return content


def _format(ftyp: bytes) -> VideoFormat:
    # Files of old cameras have no "ftyp" box.
    return "mov" if ftyp[:4] in {b"qt  ", b""} else "mp4"


def _facts(reader: BoxReader, format: VideoFormat) -> VideoFacts:
    tracks = list(_read_tracks(reader))
    video = next((track for track in tracks if track.kind == b"vide"), None)
    if video is None:
        raise UnreadableVideo(_("The file has no video track."))
    audio = next((track for track in tracks if track.kind == b"soun"), None)
    width, height = upright(_size(reader, video.entry), video.rotation)
    return VideoFacts(
        format=format,
        width=width,
        height=height,
        duration=_movie_duration(reader) or video.duration,
        rotation=video.rotation,
        codec=_codec_name(video),
        audio_codec=_codec_name(audio) if audio else None,
        plays_everywhere=format == "mp4" and _is_played(reader, video, audio),
        codecs=_codecs(reader, video, audio),
    )


def _codec_name(track: Track) -> str:
    return _CODECS.get(track.codec) or printable(track.codec)


def _is_played(reader: BoxReader, video: Track, audio: Track | None) -> bool:
    if audio and audio.codec != b"mp4a":
        return False
    configurations = reader.find_boxes(video.entry[78:], b"avcC")
    profile = next((body[1] for body in configurations if len(body) > 1), None)
    return video.codec == b"avc1" and profile in _PLAYED_PROFILES


def _codecs(reader: BoxReader, video: Track, audio: Track | None) -> str | None:
    """Return the codecs of the tracks: ISO/IEC 14496-15, annex E, and av1-isobmff, section 5."""
    sound = {None: "", b"mp4a": ",mp4a.40.2"}.get(audio.codec if audio else None)
    for kind, describe in ((b"avcC", _describe_avc), (b"av1C", _describe_av1)):
        for body in reader.find_boxes(video.entry[78:], kind):
            if len(body) >= 4 and sound is not None:
                return describe(body) + sound
    return None


def _describe_avc(body: memoryview) -> str:
    return f"avc1.{bytes(body[1:4]).hex()}"


def _describe_av1(body: memoryview) -> str:
    tier = "H" if body[2] & 0x80 else "M"
    is_deep, is_twelve = body[2] & 0x40, body[2] & 0x20
    bits = (12 if is_twelve else 10) if is_deep else 8
    return f"av01.{body[1] >> 5}.{body[1] & 0x1F:02}{tier}.{bits:02}"


def _movie_duration(reader: BoxReader) -> float | None:
    """Return the duration of all tracks; None for a stream of fragments: 8.2.2, 8.8.2."""
    for body in reader.find_boxes(reader.file, b"mvhd"):
        fields = FieldReader(body)
        length = 8 if fields.read_version() == 1 else 4
        fields.read_int(2 * length)
        scale, duration = fields.read_int(4), fields.read_int(length)
        for extension in reader.find_boxes(reader.file, b"mvex", b"mehd"):
            more = FieldReader(extension)
            duration = more.read_int(8 if more.read_version() == 1 else 4)
            length = 8
        return _seconds(duration, scale, length)
    return None


def _seconds(duration: int, scale: int, length: int) -> float | None:
    is_unknown = duration in {0, 256**length - 1}
    return None if is_unknown or not scale else round(duration / scale, 3)


# -- tracks: 8.3, 8.4 and 8.5.2 -------------------------------------------------------------------


def _read_tracks(reader: BoxReader) -> Iterator[Track]:
    for trak in reader.find_boxes(reader.file, b"trak"):
        for mdia in reader.find_boxes(trak, b"mdia"):
            kind = next((bytes(body[8:12]) for body in reader.find_boxes(mdia, b"hdlr")), b"")
            entry = next(_sample_entries(reader, mdia), None)
            if entry:
                yield Track(kind, *entry, _media_duration(reader, mdia), _rotation(reader, trak))


def _sample_entries(reader: BoxReader, mdia: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    for stsd in reader.find_boxes(mdia, b"minf", b"stbl", b"stsd"):
        yield from reader.iter_boxes(stsd[8:])


def _media_duration(reader: BoxReader, mdia: memoryview) -> float | None:
    for body in reader.find_boxes(mdia, b"mdhd"):
        fields = FieldReader(body)
        length = 8 if fields.read_version() == 1 else 4
        fields.read_int(2 * length)
        scale = fields.read_int(4)
        return _seconds(fields.read_int(length), scale, length)
    return None


def _rotation(reader: BoxReader, trak: memoryview) -> int:
    """Return the clockwise rotation in the matrix of a track header: 8.3.2."""
    for body in reader.find_boxes(trak, b"tkhd"):
        offset = 52 if FieldReader(body).read_version() == 1 else 40
        a, b = (
            int.from_bytes(body[start : start + 4], "big", signed=True)
            for start in (offset, offset + 4)
        )
        if a or b:
            return round(math.degrees(math.atan2(b, a)) / 90) % 4 * 90
    return 0


def _size(reader: BoxReader, entry: memoryview) -> Size:
    """Return the size of the picture in square pixels: 12.1.3, 12.1.4."""
    fields = FieldReader(entry)
    fields.read_int(24)
    width, height = fields.read_size(2)
    for body in reader.find_boxes(entry[78:], b"pasp"):
        horizontal, vertical = FieldReader(body).read_size(4)
        if horizontal and vertical and horizontal != vertical:
            width = round(width * horizontal / vertical)
    return width, height
