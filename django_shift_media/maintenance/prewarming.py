"""Make resizes ahead of their first viewer, for all rows of a field."""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import NamedTuple

from django_shift_media.exceptions import StorageUnavailable, UnacceptableFile
from django_shift_media.fields import MediaField, MediaFile
from django_shift_media.generation import prewarm
from django_shift_media.maintenance.listing import batched, in_threads
from django_shift_media.maintenance.references import Index, columns_of, pages_of
from django_shift_media.maintenance.results import Result
from django_shift_media.naming import keys
from django_shift_media.storages.base import MediaStorage
from django_shift_media.storages.bulk_storage import Entry

# Originals that are looked for at a time, side by side.
_TOGETHER = 100


class Wanted(NamedTuple):
    """What an original lacks; ``original`` is None where it is itself missing."""

    name: str
    original: Entry | None
    there: int
    missing: list[str]


def read_originals(index: Index, field: MediaField) -> None:
    """Note the originals of all rows, and what decides about their resizes."""
    for column in columns_of([field]):
        for page in pages_of(column.rows):
            files = (getattr(row, field.attname) for row in page)
            index.add((file.name, _facts(file)) for file in files if file)


def _facts(file: MediaFile) -> str:
    return json.dumps([file.focal_point, file.dimensions])


def look(
    storage: MediaStorage, index: Index, presets: Sequence[str], workers: int
) -> Iterator[Wanted]:
    """Give each original with what it lacks: by listings, each of many originals."""
    names = ((name, word) for name, word in index if keys.is_original(name))
    compare = partial(_compare, storage, presets)
    for found in in_threads(compare, batched(names, _TOGETHER), workers):
        yield from found


def _compare(
    storage: MediaStorage, presets: Sequence[str], batch: Sequence[tuple[str, str]]
) -> list[Wanted]:
    words = dict(batch)
    found = []
    for name, beside in storage.list_uploads(words):
        focal_point, size = (tuple(fact) if fact else None for fact in json.loads(words[name]))
        entries = {entry.key: entry for entry in beside}
        wanted = prewarm.keys_of(name, presets, focal_point, size)
        missing = [key for key in wanted if key not in entries]
        found.append(Wanted(name, entries.get(name), len(wanted) - len(missing), missing))
    return found


def to_make(
    found: Iterator[Wanted], since: datetime | None, tell: Callable[[Result], None]
) -> Iterator[Wanted]:
    """Give what is to be made, and tell of all else."""
    for wanted in found:
        if wanted.original is None:
            tell(Result("missing", wanted.name, weight="trouble"))
        elif since is None or wanted.original.modified >= since:
            for _ in range(wanted.there):
                tell(Result("there already", wanted.name))
            if wanted.missing:
                yield wanted


def make(storage: MediaStorage, wanted: Wanted) -> list[Result]:
    """Make what an original lacks, from one fetch."""
    results = []
    try:
        for key, size in prewarm.make(storage, wanted.name, wanted.missing):
            results.append(Result("made", key, size))
    except FileNotFoundError:
        results.append(Result("gone", wanted.name, note="deleted meanwhile", weight="news"))
    except UnacceptableFile as error:
        results.append(Result("refused", wanted.name, note=str(error), weight="trouble"))
    except StorageUnavailable as error:
        results.append(Result("not made", wanted.name, note=str(error), weight="trouble"))
    return results


def enqueue(wanted: Wanted) -> list[Result]:
    prewarm.enqueue(wanted.missing)
    return [Result("enqueued", key) for key in wanted.missing]


def only_say(wanted: Wanted) -> list[Result]:
    return [Result("would be made", key) for key in wanted.missing]
