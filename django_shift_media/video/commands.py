"""The arguments of ffmpeg, of what a file is, and of what is made of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django_shift_media.conf import conf
from django_shift_media.naming.geometry import Size
from django_shift_media.naming.renditions import Ladder, Poster, Rendition, VideoFormat
from django_shift_media.video.facts import VideoFacts

# The demuxer is forced, so that no content can select another one, such as that of playlists.
DEMUXERS: dict[VideoFormat, str] = {
    "mp4": "mov",
    "mov": "mov",
    "webm": "matroska",
    "mkv": "matroska",
}
# Pixels: resizes of a poster are rarely larger.
_MAX_POSTER_SIDE = 1920
# Frames of which the poster is the most typical one.
_POSTER_FRAMES = 60
_HDR_TRANSFERS = frozenset({"smpte2084", "arib-std-b67"})  # PQ and HLG
_TONE_MAPPING = (
    "zscale=t=linear:npl=100,format=gbrpf32le,zscale=p=bt709,tonemap=hable:desat=0,"
    "zscale=t=bt709:m=bt709:r=tv"
)
_NO_METADATA = ["-sn", "-dn", "-map_metadata", "-1", "-map_chapters", "-1"]
_VIDEO_OPTIONS = {
    "h264": ["-c:v", "libx264", "-preset", "veryfast", "-profile:v", "high"],
    "vp9": ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "6", "-b:v", "0"],
    "av1": ["-c:v", "libsvtav1", "-preset", "8", "-svtav1-params", "lp=1"],
}
# SVT-AV1 refuses smaller pictures.
_MIN_SVT_SIDE = 64
_TINY_AV1_OPTIONS = ["-c:v", "libaom-av1", "-cpu-used", "8", "-usage", "realtime", "-b:v", "0"]
_AUDIO_OPTIONS = {
    "mp4": ["-c:a", "aac", "-b:a", "128k"],
    "webm": ["-c:a", "libopus", "-b:a", "96k"],
}
# A key frame begins each segment, at the same time in each rendition, so that players can change
# between them. Without frames that depend on later ones, timestamps begin at 0 in each, too.
_SEGMENT_SECONDS = 6
_KEY_FRAMES = [
    "-force_key_frames", f"expr:gte(t,n_forced*{_SEGMENT_SECONDS})",
    "-g", "1000", "-sc_threshold", "0", "-bf", "0",
]  # fmt: skip
_LOUDNESS = "loudnorm=I=-16:TP=-1.5:LRA=11"  # EBU R 128, as streaming services have it


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """
    A video on the worker's disk.

    ``transfer`` is the name that ffprobe has for its transfer characteristics, and ``fps`` the mean
    frame rate; None if they are unknown.
    """

    path: str
    facts: VideoFacts
    transfer: str | None = None
    fps: float | None = None
    duration: float | None = None


def input_arguments(path: str, format: VideoFormat) -> list[str]:
    """Return the arguments that open a file as what it is, and no other file."""
    drefs = ["-enable_drefs", "0"] if DEMUXERS[format] == "mov" else []
    return ["-f", DEMUXERS[format], *drefs, "-protocol_whitelist", "file", "-i", f"file:{path}"]


def probe_arguments(path: str, format: VideoFormat) -> list[str]:
    return [
        "ffprobe", "-v", "error", "-of", "json", "-select_streams", "V:0", "-show_streams",
        "-show_format", *input_arguments(path, format),
    ]  # fmt: skip


def source_from_probe(path: str, facts: VideoFacts, report: dict[str, Any]) -> Source:
    """Return the source that the JSON of ffprobe describes."""
    stream: dict[str, Any] = next(iter(report.get("streams", [])), {})
    duration = facts.duration or _number(report.get("format", {}).get("duration"))
    return Source(
        path=path,
        facts=facts,
        transfer=stream.get("color_transfer"),
        fps=_ratio(stream.get("avg_frame_rate")),
        duration=duration,
    )


def rendition_arguments(source: Source, rendition: Rendition, target: str) -> list[str]:
    """Return the arguments that make a rendition."""
    return [
        *_start(source),
        *_selection(rendition),
        "-vf", _video_filters(source, rendition),
        *_encoder(source, rendition),
        "-crf", str(rendition.quality),
        *([] if rendition.mute else _audio_arguments(rendition, rendition.extension)),
        "-threads", "1",
        "-t", str(conf.video_max_seconds),
        *(["-movflags", "+faststart"] if rendition.extension == "mp4" else []),
        "-f", rendition.extension, f"file:{target}",
    ]  # fmt: skip


def ladder_arguments(
    source: Source, ladder: Ladder, rungs: Sequence[Rendition], sound: str | None, folder: str
) -> list[str]:
    """
    Return the arguments that make the files of a ladder in a folder, but the first playlist.

    These are ``HEIGHT.m3u8``, ``HEIGHT.mp4`` (the header) and ``HEIGHTsN.mp4`` (the segments) of
    each rung, and those with the name ``sound``. The video is decoded once for all.
    """
    arguments = _start(source)
    for rung in rungs:
        arguments += [
            "-map", "0:V:0", "-an", *_NO_METADATA,
            "-vf", _video_filters(source, rung),
            *_VIDEO_OPTIONS["h264"], "-crf", str(rung.quality), *_KEY_FRAMES,
            *_hls(folder, str(rung.height)),
        ]  # fmt: skip
    if sound:
        arguments += [
            "-map", "0:a:0?", "-vn", *_NO_METADATA,
            *_audio_arguments(ladder, "mp4"), *_hls(folder, sound),
        ]  # fmt: skip
    return arguments


def _hls(folder: str, part: str) -> list[str]:
    return [
        "-threads", "1", "-t", str(conf.video_max_seconds),
        "-f", "hls", "-hls_time", str(_SEGMENT_SECONDS), "-hls_playlist_type", "vod",
        "-hls_segment_type", "fmp4", "-hls_flags", "independent_segments",
        "-hls_fmp4_init_filename", f"{part}.mp4",
        "-hls_segment_filename", f"{folder}/{part}s%d.mp4", f"{folder}/{part}.m3u8",
    ]  # fmt: skip


def poster_arguments(source: Source, poster: Poster, target: str, seek: bool) -> list[str]:
    """Return the arguments that make a poster; without ``seek``, from the beginning."""
    position = poster_position(source.duration, poster) if seek else 0
    size = _inside(source.facts.size, _MAX_POSTER_SIDE)
    typical = [f"thumbnail={_POSTER_FRAMES}"] if poster.at is None else []
    return [
        *_start(source, seek=position),
        "-map", "0:V:0", "-an", "-sn", "-dn", "-map_metadata", "-1",
        "-vf", ",".join([*_scaling(source, size), *typical]),
        "-frames:v", "1", "-q:v", "2", "-threads", "1",
        "-f", "image2", "-update", "1", f"file:{target}",
    ]  # fmt: skip


def rendition_size(size: Size, height: int) -> Size:
    """Return the size of a rendition whose shorter side is ``height`` at most: even sides."""
    scale = min(1.0, height / min(size))
    width, height = (max(2, 2 * round(side * scale / 2)) for side in size)
    return width, height


def poster_position(duration: float | None, poster: Poster) -> float:
    """Return the seconds to skip: a tenth of the video, unless the poster says where."""
    if poster.at is not None:
        return poster.at / 1000
    return min((duration or 0) / 10, 60)


def _start(source: Source, seek: float = 0) -> list[str]:
    return [
        "ffmpeg", "-nostdin", "-hide_banner", "-v", "error", "-nostats", "-y",
        "-progress", "pipe:1", "-filter_threads", "1", "-threads", "1",
        "-max_pixels", str(conf.video_max_pixels),  # a header may lie
        *(["-ss", f"{seek:.3f}"] if seek else []),
        *input_arguments(source.path, source.facts.format),
    ]  # fmt: skip


def _selection(rendition: Rendition) -> list[str]:
    """
    Take the first video that is not a cover picture and, if there is one, the first audio.

    Metadata, chapters and all other streams are left out.
    """
    audio = ["-an"] if rendition.mute else ["-map", "0:a:0?"]
    return ["-map", "0:V:0", *audio, *_NO_METADATA]


def _encoder(source: Source, rendition: Rendition) -> list[str]:
    size = rendition_size(source.facts.size, rendition.height)
    is_tiny = rendition.codec == "av1" and min(size) < _MIN_SVT_SIDE
    return _TINY_AV1_OPTIONS if is_tiny else _VIDEO_OPTIONS[rendition.codec]


def _video_filters(source: Source, rendition: Rendition) -> str:
    filters = _scaling(source, rendition_size(source.facts.size, rendition.height))
    if source.fps and source.fps > rendition.fps:
        filters.insert(0, f"fps={rendition.fps}")
    return ",".join(filters)


def _scaling(source: Source, size: Size) -> list[str]:
    """Return the filters to 8 bits and, for HDR, to the colors of all screens."""
    width, height = size
    is_hdr = source.transfer in _HDR_TRANSFERS
    return [
        f"scale={width}:{height}",
        "setsar=1",
        *([_TONE_MAPPING] if is_hdr else []),
        "format=yuv420p",
    ]


def _audio_arguments(rendition: Rendition | Ladder, container: str) -> list[str]:
    filters = ["-af", _LOUDNESS] if rendition.loudness else []
    return [*filters, *_AUDIO_OPTIONS[container], "-ac", "2", "-ar", "48000"]


def _inside(size: Size, side: int) -> Size:
    scale = min(1.0, side / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _ratio(text: str | None) -> float | None:
    """Return the value of a fraction, such as "30000/1001"; None if it has none."""
    numerator, _, denominator = (text or "").partition("/")
    above, below = _number(numerator), _number(denominator or "1")
    return above / below if above and below else None


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None
