"""
The settings of a job of MediaConvert, of what is to be made: pure functions.

https://docs.aws.amazon.com/mediaconvert/latest/apireference/jobs.html
"""

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from django_shift_media.naming.geometry import Size
from django_shift_media.naming.renditions import CODECS, Ladder, Made, Poster, Rendition
from django_shift_media.video.commands import poster_position, rendition_size
from django_shift_media.video.facts import VideoFacts

Document = dict[str, Any]

# MediaConvert has no output with fewer pixels on a side.
MIN_SIDE = 32
_MAX_POSTER_HEIGHT = 1080
# Of the video that has to be beside a poster. It is deleted.
_REST_HEIGHT = 144
# The default of MediaConvert for web video, at the default CRF of each encoder.
_QVBR_LEVEL = 7
_CRF_PER_LEVEL = 3
_MAX_QVBR_LEVEL = 10
# Bits per pixel of a frame, which makes 5 Mbit/s of 1280 x 720 at 30 frames per second.
_MAX_BITS_PER_PIXEL = 0.18
_BITRATES = (100_000, 100_000_000)  # the smallest and the largest
_USUAL_FPS = 30.0
_SECONDS_OF_POSTER = 1.0
_FRAME_AT_END = 0.1  # seconds before the end
_AUDIO: dict[str, Document] = {
    "mp4": {
        "Codec": "AAC",
        "AacSettings": {
            "Bitrate": 128_000,
            "CodingMode": "CODING_MODE_2_0",
            "SampleRate": 48_000,
        },
    },
    "webm": {
        "Codec": "OPUS",
        "OpusSettings": {"Bitrate": 96_000, "Channels": 2, "SampleRate": 48_000},
    },
}
_CONTAINERS: dict[str, Document] = {
    "mp4": {"Container": "MP4", "Mp4Settings": {"MoovPlacement": "PROGRESSIVE_DOWNLOAD"}},
    "webm": {"Container": "WEBM"},
}
_LOUDNESS = {
    "Algorithm": "ITU_BS_1770_3",
    "AlgorithmControl": "CORRECT_AUDIO",
    "PeakCalculation": "TRUE_PEAK",
    "TargetLkfs": -16.0,
    "TruePeakLimiterThreshold": -1.5,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """An original: its "s3://" URL, and what is known of it. ``fps`` is None if it is unknown."""

    url: str
    facts: VideoFacts
    fps: float | None


def drafts_of(key: str, made: Made) -> list[str]:
    """
    Return the keys under which MediaConvert stores what it makes, the one that is wanted first.

    It sets no cache headers, and numbers the pictures of a video, so these are not the final keys.
    """
    if isinstance(made, Ladder):
        return []
    stem, _, extension = key.rpartition(".")
    if isinstance(made, Poster):
        return [f"{stem}-part.0000000.{extension}", f"{stem}-rest.mp4"]
    return [f"{stem}-part.{extension}"]


def job_settings(source: Source, made: Made, destination: str) -> Document:
    """Return the settings of a job; ``destination`` is the URL of the key without its extension."""
    if isinstance(made, Ladder):  # reported as E056
        raise ImproperlyConfigured("MediaConvertMaker does not support presets with a ladder.")
    if isinstance(made, Poster):
        # A job that has pictures only is refused.
        rest = Rendition(height=_REST_HEIGHT, mute=source.facts.audio_codec is None)
        outputs = [_poster_output(source), _output(source, rest, "-rest")]
    else:
        outputs = [_output(source, made, "-part")]
    return {
        "TimecodeConfig": {"Source": "ZEROBASED"},
        "Inputs": [_input(source, made)],
        "OutputGroups": [_group(output, destination) for output in outputs],
    }


def _input(source: Source, made: Made) -> Document:
    document: Document = {
        "FileInput": source.url,
        "TimecodeSource": "ZEROBASED",
        # Without it, MediaConvert drops the rotation of the file.
        "VideoSelector": {"Rotate": "AUTO", "ColorSpace": "FOLLOW"},
    }
    if source.facts.audio_codec is not None:
        document["AudioSelectors"] = {"Audio Selector 1": {"DefaultSelection": "DEFAULT"}}
    if isinstance(made, Poster):
        document["InputClippings"] = [_clipping(source, made)]
    return document


def _clipping(source: Source, poster: Poster) -> Document:
    """Return the second of the video that begins with the frame of a poster."""
    fps, duration = source.fps or _USUAL_FPS, source.facts.duration
    start = poster_position(duration, poster)
    if duration is not None:
        start = min(start, max(0.0, duration - _FRAME_AT_END))
    document = {"StartTimecode": _timecode(start, fps)}
    if duration is None or start + _SECONDS_OF_POSTER < duration:
        document["EndTimecode"] = _timecode(start + _SECONDS_OF_POSTER, fps)
    return document


def _timecode(seconds: float, fps: float) -> str:
    """Return a position as HH:MM:SS:FF, with the number of the frame in its second."""
    whole = int(seconds)
    frame = min(int((seconds - whole) * fps), 99)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}:{frame:02}"


def _group(output: Document, destination: str) -> Document:
    return {
        "OutputGroupSettings": {
            "Type": "FILE_GROUP_SETTINGS",
            "FileGroupSettings": {"Destination": destination},
        },
        "Outputs": [output],
    }


def _poster_output(source: Source) -> Document:
    frame = {"FramerateNumerator": 1, "FramerateDenominator": 1, "MaxCaptures": 1, "Quality": 90}
    codec = {"Codec": "FRAME_CAPTURE", "FrameCaptureSettings": frame}
    return {
        "NameModifier": "-part",
        "Extension": "jpg",
        "ContainerSettings": {"Container": "RAW"},
        "VideoDescription": _video(_size(source, _MAX_POSTER_HEIGHT), codec),
    }


def _output(source: Source, rendition: Rendition, modifier: str) -> Document:
    size = _size(source, rendition.height)
    document: Document = {
        "NameModifier": modifier,
        "Extension": rendition.extension,
        "ContainerSettings": _CONTAINERS[rendition.extension],
        "VideoDescription": _video(size, _codec(source, rendition, size)),
    }
    if source.facts.audio_codec is not None and not rendition.mute:
        audio: Document = {
            "AudioSourceName": "Audio Selector 1",
            "CodecSettings": _AUDIO[rendition.extension],
        }
        if rendition.loudness:
            audio["AudioNormalizationSettings"] = _LOUDNESS
        document["AudioDescriptions"] = [audio]
    return document


def _video(size: Size, codec: Document) -> Document:
    colors = {"ColorSpaceConversion": "FORCE_709", "HdrToSdrToneMapper": "PRESERVE_DETAILS"}
    return {
        "Width": size[0],
        "Height": size[1],
        # The size has the shape of the video, so this adds no borders, and it is never larger.
        "ScalingBehavior": "STRETCH_TO_OUTPUT",
        "VideoPreprocessors": {"ColorCorrector": colors},
        "CodecSettings": codec,
    }


def _size(source: Source, height: int) -> Size:
    width, height = rendition_size(source.facts.size, height)
    return max(width, MIN_SIDE), max(height, MIN_SIDE)


def _codec(source: Source, rendition: Rendition, size: Size) -> Document:
    settings = {**_rates(source, rendition, size), **_frame_rate(source, rendition)}
    if rendition.codec == "vp9":
        settings |= {"RateControlMode": "VBR", "QualityTuningLevel": "MULTI_PASS"}
        settings |= {"Bitrate": settings["MaxBitrate"] // 2, **_SQUARE_PIXELS}
        return {"Codec": "VP9", "Vp9Settings": settings}
    settings |= {"RateControlMode": "QVBR"}
    settings |= {"QvbrSettings": {"QvbrQualityLevel": _qvbr_level(rendition)}}
    if rendition.codec == "av1":
        return {"Codec": "AV1", "Av1Settings": settings}
    # SINGLE_PASS is in the cheaper tier of the price list.
    settings |= {"QualityTuningLevel": "SINGLE_PASS", "CodecProfile": "HIGH", **_SQUARE_PIXELS}
    return {"Codec": "H_264", "H264Settings": settings}


_SQUARE_PIXELS = {"ParControl": "SPECIFIED", "ParNumerator": 1, "ParDenominator": 1}


def _rates(source: Source, rendition: Rendition, size: Size) -> Document:
    fps = min(source.fps or _USUAL_FPS, rendition.fps)
    bitrate = int(size[0] * size[1] * fps * _MAX_BITS_PER_PIXEL)
    return {"MaxBitrate": min(max(bitrate, _BITRATES[0]), _BITRATES[1])}


def _frame_rate(source: Source, rendition: Rendition) -> Document:
    if source.fps is None or source.fps <= rendition.fps:
        return {"FramerateControl": "INITIALIZE_FROM_SOURCE"}
    rate = {"FramerateNumerator": rendition.fps, "FramerateDenominator": 1}
    return {"FramerateControl": "SPECIFIED", **rate}


def _qvbr_level(rendition: Rendition) -> int:
    """Return the level that stands for a CRF, of which less is better."""
    assert rendition.quality is not None  # see Rendition.__post_init__()
    distance = CODECS[rendition.codec].quality - rendition.quality
    return min(max(_QVBR_LEVEL + round(distance / _CRF_PER_LEVEL), 1), _MAX_QVBR_LEVEL)
