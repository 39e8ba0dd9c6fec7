"""
Ladders: HLS playlists and fragmented MP4 files of a video in several heights.

The sound is a rendition of its own, for all heights. Segments are files, and not ranges of one:
Chromium 156 plays no ranges of another host's file unless the page asks for CORS. All names in
playlists are relative.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from django_shift_media.naming import keys
from django_shift_media.naming.geometry import Size
from django_shift_media.naming.renditions import Ladder, Rendition
from django_shift_media.storages.base import MediaStorage
from django_shift_media.video.commands import Source, rendition_size
from django_shift_media.video.probe import read_facts

SOUND = "audio"
_SOUND_CODEC = "mp4a.40.2"
_MAX_PLAYLIST = 10_000_000  # bytes
# A name in a playlist, on a line of its own or as an attribute.
_URI = re.compile(r'^[a-z0-9]+\.(?:m3u8|mp4)$|(?<=URI=")[^"]+', re.MULTILINE)
_HEADER = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS"]


class Segment(NamedTuple):
    name: str
    seconds: float


def rungs_for(ladder: Ladder, size: Size) -> list[Rendition]:
    """Return the renditions of a ladder for a video of this size, each of another size."""
    by_size: dict[Size, Rendition] = {}
    for rung in ladder.rungs:
        by_size.setdefault(rendition_size(size, rung.height), rung)
    return list(by_size.values())


def has_sound(source: Source, ladder: Ladder) -> bool:
    return source.facts.audio_codec is not None and not ladder.mute


# -- the files ------------------------------------------------------------------------------------


def write_master(source: Source, ladder: Ladder, folder: Path) -> list[str]:
    """
    Write the first playlist beside those of ffmpeg; return the names of all files to store.

    Playlists come after what they name, and the first one is the last.

    Raise ``UnreadableVideo`` if nothing could be decoded.
    """
    rungs = rungs_for(ladder, source.facts.size)
    parts = [str(rung.height) for rung in rungs]
    sound = SOUND if has_sound(source, ladder) else None
    lines = [*_HEADER]
    if sound:
        lines.append(
            f'#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="{SOUND}",NAME="{SOUND}",DEFAULT=YES,AUTOSELECT=YES,'
            f'CHANNELS="2",URI="{SOUND}.m3u8"'
        )
    for part in parts:
        lines += [_stream(source, ladder, folder, part, sound), f"{part}.m3u8"]
    (folder / ladder.MASTER).write_text("\n".join([*lines, ""]))
    media = sorted(path.name for path in folder.glob("*.mp4"))
    return [
        *media,
        *(f"{part}.m3u8" for part in [*parts, *([sound] if sound else [])]),
        ladder.MASTER,
    ]


def _stream(source: Source, ladder: Ladder, folder: Path, part: str, sound: str | None) -> str:
    with (folder / f"{part}.mp4").open("rb") as file:
        facts = read_facts(file)
    rates = [_rates(folder, each) for each in (part, sound) if each]
    codecs = [str(facts.codecs), *([_SOUND_CODEC] if sound else [])]
    attributes = {
        "BANDWIDTH": sum(peak for peak, _ in rates),
        "AVERAGE-BANDWIDTH": sum(average for _, average in rates),
        "CODECS": f'"{",".join(codecs)}"',
        "RESOLUTION": f"{facts.width}x{facts.height}",
        "FRAME-RATE": f"{min(source.fps, ladder.fps):.3f}" if source.fps else None,
        "AUDIO": f'"{sound}"' if sound else None,
    }
    pairs = (f"{name}={value}" for name, value in attributes.items() if value is not None)
    return f"#EXT-X-STREAM-INF:{','.join(pairs)}"


def _rates(folder: Path, part: str) -> tuple[int, int]:
    """Return the bits per second of the largest segment, and of all."""
    segments = parse_segments((folder / f"{part}.m3u8").read_text())
    bits = [8 * (folder / segment.name).stat().st_size for segment in segments]
    longest = max((segment.seconds for segment in segments), default=0)
    # A short one at the end says little.
    peaks = [
        size / each.seconds
        for size, each in zip(bits, segments, strict=True)
        if each.seconds >= longest / 2 > 0
    ]
    average = sum(bits) / max(sum(each.seconds for each in segments), 0.001)
    return int(max(peaks, default=average)), int(average)


def parse_segments(playlist: str) -> list[Segment]:
    found = re.findall(r"#EXTINF:([0-9.]+),\s+([a-z0-9]+\.mp4)", playlist)
    return [Segment(name, float(seconds)) for seconds, name in found]


# -- what is stored -------------------------------------------------------------------------------


def stored_size(storage: MediaStorage, key: str, stored: Mapping[str, int]) -> int | None:
    """
    Return the bytes of a ladder of which all files are stored; None if one is missing.

    ``stored`` has the sizes of the objects of its upload, and may have others.
    """
    folder = key.removesuffix(Ladder.MASTER)
    waiting, files = [key], {key}
    while waiting:
        file = waiting.pop()
        if file not in stored:
            return None
        if file.endswith(keys.PLAYLIST_EXTENSION):
            new = {folder + name for name in _URI.findall(_read(storage, file))} - files
            files |= new
            waiting += new
    return sum(stored[file] for file in files)


def stored_facts(storage: MediaStorage, key: str) -> dict[str, Any]:
    """Return size, duration and codecs of the highest rendition of a ladder that is stored."""
    master = _read(storage, key)
    attributes = master.rpartition("#EXT-X-STREAM-INF:")[2]
    [(width, height)] = re.findall(r"RESOLUTION=([0-9]+)x([0-9]+)", attributes)
    playlist = _read(storage, key.removesuffix(Ladder.MASTER) + _URI.findall(attributes)[-1])
    return {
        "width": int(width),
        "height": int(height),
        "duration": round(sum(each.seconds for each in parse_segments(playlist)), 3),
        "codecs": re.findall(r'CODECS="([^"]+)"', attributes)[0],
    }


def _read(storage: MediaStorage, key: str) -> str:
    return storage.get(key, max_bytes=_MAX_PLAYLIST).decode()


def signed_playlist(storage: MediaStorage, key: str) -> str:
    """Return a stored playlist, whose names are followed by the queries of private files."""
    folder = key.rpartition("/")[0]

    def with_query(match: "re.Match[str]") -> str:
        return match[0] + storage.access_query(f"{folder}/{match[0]}")

    return _URI.sub(with_query, _read(storage, key))
