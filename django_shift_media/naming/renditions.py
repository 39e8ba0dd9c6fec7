"""
Names of what workers make of a video: renditions, and the poster that its resizes are made of.

::

    rendition  …/clip.mp4/video-720-h264-<signature>.mp4
    ladder     …/clip.mp4/video-hls-360x720-h264-<signature>/master.m3u8
    poster     …/clip.mp4/poster-auto-<signature>.jpg

The grammar is part of stored names: it may be extended, but every name that it accepts today must
stay valid. See docs/reference/url-format.rst.
"""

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, Literal, NamedTuple, TypeAlias, get_args

from django_shift_media.exceptions import InvalidKey, InvalidResize
from django_shift_media.naming import keys, signing
from django_shift_media.naming.formats import extension_of
from django_shift_media.naming.validation import check_choice, check_flag

Codec = Literal["h264", "vp9", "av1"]
VideoFormat = Literal["mp4", "mov", "webm", "mkv"]


class CodecFormat(NamedTuple):
    """The container of a codec, and the default quality: the CRF of its encoder."""

    extension: str
    quality: int


CODECS: MappingProxyType[Codec, CodecFormat] = MappingProxyType(
    {
        "h264": CodecFormat("mp4", 23),
        "vp9": CodecFormat("webm", 33),
        "av1": CodecFormat("mp4", 35),
    }
)
MAX_HEIGHT = 4320  # pixels
MAX_QUALITY = 63  # the largest CRF of VP9 and AV1
MAX_FPS = 120
MAX_VERSION = 999
MAX_POSTER_MS = 360_000_000  # 100 hours
MAX_RUNGS = 8
DEFAULT_FPS = 60

_NUMBER = "[1-9][0-9]*"
_OPTIONS = (
    rf"(?:q(?P<quality>{_NUMBER}))?"
    rf"(?:fps(?P<fps>{_NUMBER}))?"
    r"(?P<mute>mute)?"
    r"(?P<loudness>loud)?"
    rf"(?:v(?P<version>{_NUMBER}))?"
)
_RENDITION = re.compile(
    rf"video-(?P<height>{_NUMBER}){_OPTIONS}-(?P<codec>h264|vp9|av1)\.(?P<extension>mp4|webm)"
)
_LADDER = re.compile(rf"video-hls-(?P<heights>{_NUMBER}(?:x{_NUMBER})*){_OPTIONS}-h264\.m3u8")
_POSTER = re.compile(rf"poster-(?:auto|at(?P<at>0|{_NUMBER}))(?:v(?P<version>{_NUMBER}))?\.jpg")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendition:
    """
    One way to encode a video.

    ``height`` is in pixels, as in "720p": the shorter side, so that a portrait video is 720 x 1280.
    A smaller video is not enlarged. ``quality`` is the encoder's CRF, where less is better; None
    means the default of the codec. ``fps`` is the maximum frame rate. ``mute`` drops the sound, and
    ``loudness`` normalizes it. Another ``version`` gives another name, to encode all videos again.

    ``parse_made()`` is the inverse of ``str()``. Raise ``InvalidResize`` for invalid values.
    """

    height: int
    codec: Codec = "h264"
    quality: int | None = None
    fps: int = DEFAULT_FPS
    mute: bool = False
    loudness: bool = False
    version: int = 1

    def __post_init__(self) -> None:
        _check_number("height", self.height, 16, MAX_HEIGHT)
        check_choice("codec", self.codec, get_args(Codec))
        if self.quality is None:
            object.__setattr__(self, "quality", CODECS[self.codec].quality)
        _check_number("quality", self.quality, 1, MAX_QUALITY)
        _check_number("fps", self.fps, 1, MAX_FPS)
        check_flag("mute", self.mute)
        check_flag("loudness", self.loudness)
        _check_number("version", self.version, 1, MAX_VERSION)
        if self.mute and self.loudness:
            raise InvalidResize("loudness has no effect with mute. Use one of them.")

    @property
    def extension(self) -> str:
        return CODECS[self.codec].extension

    def __str__(self) -> str:
        return f"video-{self.height}{_options(self)}-{self.codec}.{self.extension}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """
    A video in several heights as HLS, between which players choose while they play: H.264 and AAC.

    ``ladder`` has the heights, as those of a ``Rendition``; the other options are the same for all.
    It is a folder of playlists and fragmented MP4 files (CMAF). The first playlist, ``MASTER``, is
    stored last: the key of a ladder is that of this playlist.
    """

    ladder: tuple[int, ...]
    quality: int | None = None
    fps: int = DEFAULT_FPS
    mute: bool = False
    loudness: bool = False
    version: int = 1

    extension: ClassVar[str] = "m3u8"
    codec: ClassVar[Codec] = "h264"
    MASTER: ClassVar[str] = "master.m3u8"

    def __post_init__(self) -> None:
        heights = self.ladder
        is_list = isinstance(heights, list | tuple) and 1 <= len(heights) <= MAX_RUNGS
        is_list = is_list and all(isinstance(height, int) for height in heights)
        if not is_list or list(heights) != sorted(set(heights)):
            raise InvalidResize(
                f"Invalid ladder {heights!r}. Use 1 to {MAX_RUNGS} heights in ascending order, such"
                " as [360, 720, 1080]."
            )
        object.__setattr__(self, "ladder", tuple(heights))
        object.__setattr__(self, "quality", self.rungs[0].quality)

    @property
    def rungs(self) -> list[Rendition]:
        """The renditions, the lowest first. Their files are parts of the ladder."""
        return [
            Rendition(
                height=height,
                quality=self.quality,
                fps=self.fps,
                mute=self.mute,
                loudness=self.loudness,
                version=self.version,
            )
            for height in self.ladder
        ]

    def has_file(self, name: str) -> bool:
        """
        Return whether a file of the ladder can have this name.

        A playlist and a header for each height and for the sound, and their segments. A video that
        is shorter, or not so high, has fewer.
        """
        parts = "|".join([*map(str, self.ladder), *([] if self.mute else ["audio"])])
        pattern = rf"(?:{parts})(?:\.m3u8|(?:s(?:0|[1-9][0-9]{{0,5}}))?\.mp4)"
        return name == self.MASTER or re.fullmatch(pattern, name, re.ASCII) is not None

    def __str__(self) -> str:
        heights = "x".join(map(str, self.ladder))
        return f"video-hls-{heights}{_options(self)}-{self.codec}.{self.extension}"


def _options(made: Rendition | Ladder) -> str:
    """Return the options of a name that differ from the defaults."""
    options = (
        f"q{made.quality}" if made.quality != CODECS[made.codec].quality else "",
        f"fps{made.fps}" if made.fps != DEFAULT_FPS else "",
        "mute" if made.mute else "",
        "loud" if made.loudness else "",
        f"v{made.version}" if made.version != 1 else "",
    )
    return "".join(options)


@dataclass(frozen=True, slots=True, kw_only=True)
class Poster:
    """
    The still picture of a video, of which all of its resizes are made.

    ``at`` is in milliseconds; None selects a representative frame, because the first one is often
    black.
    """

    at: int | None = None
    version: int = 1

    extension: ClassVar[str] = "jpg"

    def __post_init__(self) -> None:
        if self.at is not None:
            _check_number("at", self.at, 0, MAX_POSTER_MS)
        _check_number("version", self.version, 1, MAX_VERSION)

    def __str__(self) -> str:
        frame = "auto" if self.at is None else f"at{self.at}"
        return f"poster-{frame}{f'v{self.version}' if self.version != 1 else ''}.jpg"


# What a worker makes of a video, and stores under the video's key.
Made: TypeAlias = Rendition | Ladder | Poster


def _check_number(option: str, value: object, minimum: int, maximum: int) -> None:
    is_int = isinstance(value, int) and not isinstance(value, bool)
    if not (is_int and minimum <= value <= maximum):  # type: ignore[operator]  # an int
        raise InvalidResize(
            f"Invalid {option} {value!r}. Use a whole number from {minimum} to {maximum}."
        )


def parse_made(text: str) -> Made:
    """Return the rendition, ladder or poster with this text; raise ``InvalidResize``."""
    made: Made
    if match := _POSTER.fullmatch(text):
        at = match["at"]
        made = Poster(at=None if at is None else int(at), version=int(match["version"] or 1))
    elif match := _RENDITION.fullmatch(text):
        codec: Codec = match["codec"]  # type: ignore[assignment]  # the pattern lists them
        made = Rendition(height=int(match["height"]), codec=codec, **_parse_options(match))
    elif match := _LADDER.fullmatch(text):
        heights = tuple(map(int, match["heights"].split("x")))
        made = Ladder(ladder=heights, **_parse_options(match))
    else:
        raise InvalidResize(f"{text!r} is not a rendition, such as 'video-720-h264.mp4'.")
    if str(made) != text:
        raise InvalidResize(f"{text!r} is not spelled as {str(made)!r}.")
    return made


def _parse_options(match: "re.Match[str]") -> dict[str, Any]:
    return {
        "quality": int(match["quality"]) if match["quality"] else None,
        "fps": int(match["fps"] or DEFAULT_FPS),
        "mute": bool(match["mute"]),
        "loudness": bool(match["loudness"]),
        "version": int(match["version"] or 1),
    }


def sign(original: str, made: Made) -> str:
    """Return the signed key of what is made of a video; raise ``InvalidKey``."""
    key = signing.sign_text(original, str(made))
    if isinstance(made, Ladder):
        return f"{key.removesuffix(keys.PLAYLIST_EXTENSION)}/{made.MASTER}"
    return key


def unsign(key: str) -> tuple[str, Made]:
    """
    Verify the key of a rendition or a poster; return the key of the original, and which it is.

    That of any file of a ladder is verified. Raise as ``signing.unsign()`` does.
    """
    original, text = signing.unsign_text(keys.parse_made(key))
    made = parse_made(text)
    if isinstance(made, Ladder) and not made.has_file(key.rpartition("/")[2]):
        raise InvalidKey(f"{key!r} is not the key of a file of the ladder {text!r}.")
    return original, made


def main_key(key: str) -> str:
    """Return the key of what a file is a part of: that of its ladder, or the same key."""
    return f"{key.rpartition('/')[0]}/{Ladder.MASTER}" if keys.is_in_ladder(key) else key


def is_video(original: str) -> bool:
    """Return whether the key of an original is that of a video, by its extension."""
    return extension_of(original) in get_args(VideoFormat)
