"""Make resizes ahead of their first viewer, for all rows of a field."""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import NamedTuple

from django_shift_media import keys, warm
from django_shift_media.bulk import Entry
from django_shift_media.exceptions import StorageUnavailable, UnacceptableFile
from django_shift_media.fields import MediaField, MediaFile
from django_shift_media.storages import MediaStorage
from django_shift_media.upkeep.outcomes import Outcome
from django_shift_media.upkeep.rows import Index, columns_of, pages_of
from django_shift_media.upkeep.walk import batched, in_threads

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
    for name, beside in storage.beside(words):
        focal_point, size = (tuple(fact) if fact else None for fact in json.loads(words[name]))
        entries = {entry.key: entry for entry in beside}
        wanted = warm.keys_of(name, presets, focal_point, size)
        missing = [key for key in wanted if key not in entries]
        found.append(Wanted(name, entries.get(name), len(wanted) - len(missing), missing))
    return found


def to_make(
    found: Iterator[Wanted], since: datetime | None, tell: Callable[[Outcome], None]
) -> Iterator[Wanted]:
    """Give what is to be made, and tell of all else."""
    for wanted in found:
        if wanted.original is None:
            tell(Outcome("missing", wanted.name, weight="trouble"))
        elif since is None or wanted.original.modified >= since:
            for _ in range(wanted.there):
                tell(Outcome("there already", wanted.name))
            if wanted.missing:
                yield wanted


def make(storage: MediaStorage, wanted: Wanted) -> list[Outcome]:
    """Make what an original lacks, from one fetch."""
    outcomes = []
    try:
        for key, size in warm.make(storage, wanted.name, wanted.missing):
            outcomes.append(Outcome("made", key, size))
    except FileNotFoundError:
        outcomes.append(Outcome("gone", wanted.name, note="deleted meanwhile", weight="news"))
    except UnacceptableFile as error:
        outcomes.append(Outcome("refused", wanted.name, note=str(error), weight="trouble"))
    except StorageUnavailable as error:
        outcomes.append(Outcome("not made", wanted.name, note=str(error), weight="trouble"))
    return outcomes


def enqueue(wanted: Wanted) -> list[Outcome]:
    warm.enqueue(wanted.missing)
    return [Outcome("enqueued", key) for key in wanted.missing]


def only_say(wanted: Wanted) -> list[Outcome]:
    return [Outcome("would be made", key) for key in wanted.missing]
