"""What a job of MediaConvert asks for, done by ffmpeg: the part that this package uses."""

import json
import subprocess
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

Document = dict[str, Any]

_TONE_MAPPING = (
    "zscale=t=linear:npl=100,format=gbrpf32le,zscale=p=bt709,tonemap=hable:desat=0,"
    "zscale=t=bt709:m=bt709:r=tv"
)
_HDR = {"smpte2084", "arib-std-b67"}  # PQ and HLG
_ENCODERS = {
    "H_264": ["-c:v", "libx264", "-preset", "veryfast"],
    "VP9": ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"],
    "AV1": ["-c:v", "libaom-av1", "-cpu-used", "8", "-usage", "realtime"],
}
_AUDIO_ENCODERS = {"AAC": ["-c:a", "aac"], "OPUS": ["-c:a", "libopus"]}


class Failed(Exception):
    """A job that ends with the status ERROR; the message is ffmpeg's."""


class Target(NamedTuple):
    """One output of a job: what it is, and the URL under which it is stored."""

    output: Document
    url: str

    @property
    def is_picture(self) -> bool:
        return bool(codec_of(self.output)["Codec"] == "FRAME_CAPTURE")


def targets(settings: Document) -> Iterator[Target]:
    """Yield the outputs of a job with the names that MediaConvert gives them."""
    name = settings["Inputs"][0]["FileInput"].rpartition("/")[2].rpartition(".")[0]
    for group in settings["OutputGroups"]:
        destination = group["OutputGroupSettings"]["FileGroupSettings"]["Destination"]
        base = f"{destination}{name}" if destination.endswith("/") else destination
        for output in group["Outputs"]:
            container = output["ContainerSettings"]["Container"]
            is_picture = codec_of(output)["Codec"] == "FRAME_CAPTURE"
            default = "jpg" if is_picture else container.lower()
            number = ".0000000" if is_picture else ""
            extension = output.get("Extension", default)
            yield Target(output, f"{base}{output.get('NameModifier', '')}{number}.{extension}")


def codec_of(output: Document) -> Document:
    codec: Document = output["VideoDescription"]["CodecSettings"]
    return codec


def probe(path: Path) -> Document:
    """Return what ffprobe says of a file."""
    arguments = ["-of", "json", "-show_streams", "-show_format", *_input(path)]
    answer: Document = json.loads(_run(["ffprobe", "-v", "error", *arguments]))
    return answer


def encode(path: Path, document: Document, target: Target, result: Path) -> None:
    """Make one output of an input; ``document`` has the settings of that input."""
    found = probe(path)
    video = next((s for s in found["streams"] if s["codec_type"] == "video"), None)
    if video is None:
        raise Failed("The input has no video.")
    selector = document.get("VideoSelector", {})
    arguments = [
        "ffmpeg", "-nostdin", "-v", "error", "-y", "-threads", "1",
        *([] if selector.get("Rotate") == "AUTO" else ["-noautorotate"]),
        *_clip(document, video), *_input(path),
        "-map", "0:V:0", "-map_metadata", "-1", "-threads", "1",
        "-vf", _filters(target.output["VideoDescription"], video),
        *(_picture() if target.is_picture else _streams(target.output)),
        f"file:{result}",
    ]  # fmt: skip
    _run(arguments)
    if not result.exists():
        raise Failed("The clip has no pictures.")


def _input(path: Path) -> list[str]:
    return ["-protocol_whitelist", "file", "-i", f"file:{path}"]


def _clip(document: Document, video: Document) -> list[str]:
    """Return where to begin and how long to go on: timecodes have frames in the last field."""
    rate = float(Fraction(video["avg_frame_rate"])) if video["avg_frame_rate"] != "0/0" else 25.0
    arguments = []
    for clip in document.get("InputClippings", []):
        start = _seconds(clip.get("StartTimecode", "00:00:00:00"), rate)
        arguments += ["-ss", f"{start:.3f}"]
        if "EndTimecode" in clip:
            arguments += ["-t", f"{_seconds(clip['EndTimecode'], rate) - start:.3f}"]
    return arguments


def _seconds(timecode: str, rate: float) -> float:
    hours, minutes, seconds, frames = map(int, timecode.split(":"))
    return hours * 3600 + minutes * 60 + seconds + frames / rate


def _filters(description: Document, video: Document) -> str:
    corrector = description.get("VideoPreprocessors", {}).get("ColorCorrector", {})
    is_mapped = (
        corrector.get("ColorSpaceConversion") == "FORCE_709" and video.get("color_transfer") in _HDR
    )
    size = f"scale={description['Width']}:{description['Height']}"
    return ",".join([size, "setsar=1", *([_TONE_MAPPING] if is_mapped else []), "format=yuv420p"])


def _picture() -> list[str]:
    return ["-frames:v", "1", "-q:v", "2", "-f", "image2", "-update", "1"]


def _streams(output: Document) -> list[str]:
    codec = codec_of(output)
    [settings] = (value for name, value in codec.items() if name.endswith("Settings"))
    rate = []
    if settings.get("FramerateControl") == "SPECIFIED":
        rate = ["-r", f"{settings['FramerateNumerator']}/{settings['FramerateDenominator']}"]
    container = output["ContainerSettings"]["Container"].lower()
    bitrate = ["-b:v", str(settings["MaxBitrate"])]
    start = ["-movflags", "+faststart"] if container == "mp4" else []
    return [
        *_ENCODERS[codec["Codec"]], *bitrate, *rate, *_audio(output), *start, "-f", container
    ]  # fmt: skip


def _audio(output: Document) -> list[str]:
    for description in output.get("AudioDescriptions", []):
        encoder = _AUDIO_ENCODERS[description["CodecSettings"]["Codec"]]
        return ["-map", "0:a:0", *encoder, "-ar", "48000"]  # of an input without any, it fails
    return ["-an"]


def _run(command: list[str]) -> str:
    # No shell, and the only name in it is that of a temporary file.
    done = subprocess.run(command, capture_output=True)  # noqa: S603
    if done.returncode:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise Failed(lines[-1] if lines else "Unknown error.")
    return done.stdout.decode("utf-8", "replace")
