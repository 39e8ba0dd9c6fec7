"""``VideoFacts``: what the header of a video says."""

from dataclasses import asdict, dataclass
from typing import Any

from django_shift_media.naming.geometry import Size
from django_shift_media.naming.renditions import VideoFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoFacts:
    """
    What is known of a video.

    ``width`` and ``height`` are those of the upright picture in square pixels. ``duration`` is in
    seconds; None if the header does not say it, as in recordings of browsers. ``rotation`` is
    clockwise: 0, 90, 180 or 270. ``codec`` and ``audio_codec`` are names such as "h264" and "aac",
    or those in the file if they are not known; ``audio_codec`` is None without sound.
    ``plays_everywhere`` is whether all browsers play the file as it is. ``codecs`` is the parameter
    of its content type, as in RFC 6381; None if that is not known.
    """

    format: VideoFormat
    width: int
    height: int
    duration: float | None
    rotation: int = 0
    codec: str
    audio_codec: str | None = None
    plays_everywhere: bool = False
    codecs: str | None = None

    @property
    def size(self) -> Size:
        return self.width, self.height

    def as_json(self) -> dict[str, Any]:
        """Return the facts for the JSON of a row."""
        return asdict(self)


def printable(name: bytes) -> str:
    """Return the name of a codec as it is in a file, fit for a database and a page."""
    return "".join(chr(byte) if 32 <= byte < 127 else "?" for byte in name[:32]).strip()


def upright(size: Size, rotation: int) -> Size:
    return (size[1], size[0]) if rotation in {90, 270} else size
