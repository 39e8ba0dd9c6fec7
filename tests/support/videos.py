"""Videos made by ffmpeg, each once per process, and what ffprobe says of others."""

import json
import shutil
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

from tests.support.requirements import missing

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
    if shutil.which("ffmpeg") is None:
        missing("ffmpeg: apt-get install ffmpeg")
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


def turned(degrees: int, *options: str, **values: Any) -> bytes:
    """Return a video whose matrix turns it, as phones write it; ``degrees`` are clockwise."""
    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder) / "before.mp4", Path(folder) / "after.mp4"
        before.write_bytes(video("before.mp4", *options, **values))
        tag = f"rotate={360 - degrees}"
        ffmpeg("-i", str(before), "-c", "copy", "-metadata:s:v:0", tag, str(after))
        return after.read_bytes()


def without_pictures(data: bytes) -> bytes:
    """Return an MP4 file with the header of a video and zeros for its media."""
    media, header = data.index(b"mdat") + 4, data.index(b"moov") - 4
    assert media < header
    return data[:media] + bytes(header - media) + data[header:]


def long_header(data: bytes, seconds: int) -> bytes:
    """Return an MP4 file whose header says another duration, of the movie and of its tracks."""
    patched = bytearray(data)
    for kind in (b"mvhd", b"mdhd"):
        at = patched.find(kind)
        while at >= 0:  # version 0: times, then the scale, then the duration
            scale = int.from_bytes(patched[at + 16 : at + 20], "big")
            patched[at + 20 : at + 24] = (scale * seconds).to_bytes(4, "big")
            at = patched.find(kind, at + 1)
    return bytes(patched)


# A playlist that would have a player fetch another address, or read another file.
HLS = b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nhttp://127.0.0.1:9/secret.ts\n"
PLAYLISTS = {
    "hls": HLS,
    "hls after a byte order mark": b"\xef\xbb\xbf" + HLS,
    "concat": b"ffconcat version 1.0\nfile /etc/passwd\n",
    "sdp": b"v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n",
    "dash": b'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"></MPD>',
    "a reference of QuickTime": b"rtsptext\r\nrtsp://127.0.0.1/a.mov\r\n",
}
