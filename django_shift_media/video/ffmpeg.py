"""``FfmpegMaker``: renditions and posters by ffmpeg, on the worker itself."""

import json
import shutil
from collections.abc import Callable, Collection
from contextlib import suppress
from functools import partial
from pathlib import Path

from django_shift_media.conf import conf
from django_shift_media.exceptions import UnacceptableFile, UnreadableVideo
from django_shift_media.generation.storing import require_original
from django_shift_media.naming.renditions import Ladder, Made, Poster, Rendition
from django_shift_media.storages.base import MediaStorage, check_size
from django_shift_media.video import commands
from django_shift_media.video.commands import Source
from django_shift_media.video.hls import SOUND, has_sound, rungs_for, write_master
from django_shift_media.video.isobmff import DAMAGED
from django_shift_media.video.maker import Work
from django_shift_media.video.probe import read_facts
from django_shift_media.video.processes import Limits, run
from django_shift_media.video.workspaces import workspace

# Seconds of the processor: for any video, and for each second of it at 1280 x 720 pixels.
_BASE_SECONDS = 120
_SECONDS_PER_SECOND = 30
_USUAL_PIXELS = 1280 * 720
_PROBE_SECONDS = 60
_CHUNK = 1 << 20


class FfmpegMaker:
    """
    Makes renditions and posters with Debian's ``ffmpeg`` and ``ffprobe``.

    The original is downloaded to a private folder: ffmpeg never gets a URL, as it would follow the
    addresses in a file. It runs within limits, and one process for each processor of the machine.
    """

    def make(self, work: Work) -> None:
        with workspace() as folder:
            try:
                source = _fetch(work, folder)
            except FileNotFoundError:  # deleted meanwhile
                return
            except Exception as error:
                for made in work.wanted.values():
                    work.report.failed(made, error)
                if isinstance(error, UnacceptableFile):
                    return
                raise
            with suppress(FileNotFoundError):  # deleted meanwhile
                for key, made in work.wanted.items():
                    _make_one(work, source, folder, key, made)

    def forget(self, storage: MediaStorage, keys: Collection[str]) -> None:
        pass  # make() leaves nothing


def _fetch(work: Work, folder: Path) -> Source:
    """Download the original, and find out what it is."""
    path = folder / "original"
    with (
        work.storage.wrap_errors("read", work.original),
        work.storage.open(work.original) as file,
        path.open("wb") as target,
    ):
        check_size(file.size, conf.video_max_bytes)
        for chunk in file.chunks(_CHUNK):
            target.write(chunk)
    with path.open("rb") as file:
        facts = read_facts(file)
    arguments = commands.probe_arguments(str(path), facts.format)
    report = run(arguments, folder, Limits(seconds=_PROBE_SECONDS, file_size=10_000_000))
    return commands.source_from_probe(str(path), facts, json.loads(report))


def _make_one(work: Work, source: Source, folder: Path, key: str, made: Made) -> None:
    """Make and store one rendition or poster; report what becomes of it."""
    work.report.working(made)
    target = folder / "made"
    target.mkdir()
    try:
        files = _make_files(source, made, folder, target, key, partial(work.report.working, made))
        size = sum(path.stat().st_size for path in files.values())
        for name, path in files.items():
            with path.open("rb") as file:
                work.storage.put_file(name, file)
        require_original(work.storage, work.original, list(files))
        work.report.stored(key, made, size)
    except Exception as error:
        work.report.failed(made, error)
        if not isinstance(error, UnacceptableFile):
            raise
    finally:
        shutil.rmtree(target, ignore_errors=True)


def _make_files(
    source: Source,
    made: Made,
    folder: Path,
    target: Path,
    key: str,
    report: Callable[[int], None],
) -> dict[str, Path]:
    """Make the files of a rendition or poster; return them by key, in the order of storing."""
    if isinstance(made, Ladder):
        _make_ladder(source, made, folder, target, report)
        base = key.removesuffix(made.MASTER)
        return {base + name: target / name for name in write_master(source, made, target)}
    path = target / f"made.{made.extension}"
    if isinstance(made, Poster):
        _make_poster(source, made, folder, path)
    else:
        _make_rendition(source, made, folder, path, report)
    return {key: path}


def _limits(source: Source, encoders: int = 1) -> Limits:
    width, height = source.facts.size
    pixels = max(1.0, width * height / _USUAL_PIXELS)
    seconds = (
        _BASE_SECONDS + _SECONDS_PER_SECOND * (source.duration or conf.video_max_seconds) * pixels
    )
    return Limits(seconds=int(seconds) * encoders, file_size=conf.video_max_bytes)


def _make_poster(source: Source, poster: Poster, folder: Path, target: Path) -> None:
    for seek in (True, False):  # there may be no frame where the header says that there are
        run(commands.poster_arguments(source, poster, str(target), seek), folder, _limits(source))
        if target.exists() and target.stat().st_size:
            return
    raise UnreadableVideo(DAMAGED, detail="it has no picture")


def _make_rendition(
    source: Source,
    rendition: Rendition,
    folder: Path,
    target: Path,
    report: Callable[[int], None],
) -> None:
    arguments = commands.rendition_arguments(source, rendition, str(target))
    run(arguments, folder, _limits(source), _on_progress(source, report))
    with target.open("rb") as file:
        read_facts(file)  # raises if nothing could be decoded


def _make_ladder(
    source: Source, ladder: Ladder, folder: Path, target: Path, report: Callable[[int], None]
) -> None:
    rungs = rungs_for(ladder, source.facts.size)
    sound = SOUND if has_sound(source, ladder) else None
    arguments = commands.ladder_arguments(source, ladder, rungs, sound, str(target))
    run(arguments, folder, _limits(source, len(rungs)), _on_progress(source, report))


def _on_progress(source: Source, report: Callable[[int], None]) -> Callable[[str], None]:
    def on_line(line: str) -> None:
        name, _, value = line.partition("=")
        if name == "out_time_us" and value.lstrip("-").isdigit() and source.duration:
            report(int(int(value) / 10_000 / source.duration))

    return on_line
