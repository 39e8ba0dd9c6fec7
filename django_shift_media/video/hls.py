"""
Ladders: HLS playlists and fragmented MP4 files of a video in several heights.

The sound is a rendition of its own, for all heights. Every file has all of its segments, which the
playlists name by ranges of bytes: RFC 8216, section 4.3.2.2. All names in playlists are relative.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

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
    seconds: float
    bytes: int


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
    Write the first playlist beside those of ffmpeg; return the names of all files, this one last.

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
    files = [f"{part}.mp4" for part in [*parts, *([sound] if sound else [])]]
    return [*files, *(name.replace(".mp4", ".m3u8") for name in files), ladder.MASTER]


def _stream(source: Source, ladder: Ladder, folder: Path, part: str, sound: str | None) -> str:
    with (folder / f"{part}.mp4").open("rb") as file:
        facts = read_facts(file)
    playlists = [_segments(folder, each) for each in (part, sound) if each]
    codecs = [str(facts.codecs), *([_SOUND_CODEC] if sound else [])]
    attributes = {
        "BANDWIDTH": sum(map(_peak, playlists)),
        "AVERAGE-BANDWIDTH": sum(map(_average, playlists)),
        "CODECS": f'"{",".join(codecs)}"',
        "RESOLUTION": f"{facts.width}x{facts.height}",
        "FRAME-RATE": f"{min(source.fps, ladder.fps):.3f}" if source.fps else None,
        "AUDIO": f'"{sound}"' if sound else None,
    }
    pairs = (f"{name}={value}" for name, value in attributes.items() if value is not None)
    return f"#EXT-X-STREAM-INF:{','.join(pairs)}"


def _segments(folder: Path, part: str) -> list[Segment]:
    return parse_segments((folder / f"{part}.m3u8").read_text())


def parse_segments(playlist: str) -> list[Segment]:
    found = re.findall(r"#EXTINF:([0-9.]+),\s*#EXT-X-BYTERANGE:([0-9]+)@", playlist)
    return [Segment(float(seconds), int(size)) for seconds, size in found]


def _peak(segments: Sequence[Segment]) -> int:
    """Return the bits per second of the largest segment; a short one at the end does not count."""
    usual = max((segment.seconds for segment in segments), default=1) / 2
    rates = (8 * each.bytes / each.seconds for each in segments if each.seconds >= usual > 0)
    return int(max(rates, default=_average(segments)))


def _average(segments: Sequence[Segment]) -> int:
    seconds = sum(segment.seconds for segment in segments)
    return int(8 * sum(segment.bytes for segment in segments) / max(seconds, 0.001))


# -- what is stored -------------------------------------------------------------------------------


def stored_size(storage: MediaStorage, key: str, stored: Mapping[str, int]) -> int | None:
    """
    Return the bytes of a ladder of which all files are stored; None if one is missing.

    ``stored`` has the sizes of the objects of its upload, and may have others.
    """
    if key not in stored:
        return None
    folder = key.removesuffix(Ladder.MASTER)
    names = _playlists(_read(storage, key))
    files = [key, *(folder + name for name in names), *(_media(folder, name) for name in names)]
    sizes = [stored.get(file) for file in files]
    return None if None in sizes else sum(size for size in sizes if size is not None)


def stored_facts(storage: MediaStorage, key: str) -> dict[str, Any]:
    """Return size, duration and codecs of the highest rendition of a ladder that is stored."""
    master = _read(storage, key)
    attributes = master.rpartition("#EXT-X-STREAM-INF:")[2]
    [(width, height)] = re.findall(r"RESOLUTION=([0-9]+)x([0-9]+)", attributes)
    playlist = _read(storage, key.removesuffix(Ladder.MASTER) + _playlists(attributes)[-1])
    return {
        "width": int(width),
        "height": int(height),
        "duration": round(sum(each.seconds for each in parse_segments(playlist)), 3),
        "codecs": re.findall(r'CODECS="([^"]+)"', attributes)[0],
    }


def _read(storage: MediaStorage, key: str) -> str:
    return storage.get(key, max_bytes=_MAX_PLAYLIST).decode()


def _playlists(master: str) -> list[str]:
    return _URI.findall(master)


def _media(folder: str, playlist: str) -> str:
    return f"{folder}{playlist.removesuffix('.m3u8')}.mp4"


def signed_playlist(storage: MediaStorage, key: str) -> str:
    """Return a stored playlist, whose names are followed by the queries of private files."""
    folder = key.rpartition("/")[0]

    def with_query(match: "re.Match[str]") -> str:
        return match[0] + storage.access_query(f"{folder}/{match[0]}")

    return _URI.sub(with_query, _read(storage, key))
