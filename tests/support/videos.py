"""Videos made by ffmpeg, each once per process, and what ffprobe says of others."""

import json
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

PICTURES = "testsrc=size={size}:rate={rate}:duration={seconds}"
SOUND = ("-f", "lavfi", "-i", "sine=frequency=440:duration={seconds}")


@lru_cache
def video(
    name: str = "clip.mp4",
    *options: str,
    size: str = "128x72",
    rate: int = 10,
    seconds: float = 1,
    sound: bool = True,
    pictures: str = PICTURES,
) -> bytes:
    """Return a video; ``options`` are those of ffmpeg's output, and the name selects the format."""
    values = {"size": size, "rate": rate, "seconds": seconds}
    inputs = ["-f", "lavfi", "-i", pictures.format(**values)]
    if sound:
        inputs += [part.format(**values) for part in SOUND]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        ffmpeg(*inputs, "-pix_fmt", "yuv420p", *options, str(path))
        return path.read_bytes()


def ffmpeg(*arguments: str) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *arguments], check=True)


def probe(data: bytes) -> dict[str, Any]:
    """Return what ffprobe says of a video; ``video`` and ``audio`` are its first streams."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        command = ["ffprobe", "-v", "error", "-of", "json", "-show_streams", "-show_format"]
        found = json.loads(subprocess.check_output([*command, file.name]))
    streams = {"video": None, "audio": None}
    for stream in reversed(found["streams"]):
        streams[stream["codec_type"]] = stream
    return {**found["format"], **streams, "count": len(found["streams"])}
