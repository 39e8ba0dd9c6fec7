"""Make missing resizes of presets before their first view, for all rows of a field."""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import NamedTuple

from django_shift_media.exceptions import (
    NotReady,
    StepFailed,
    StorageUnavailable,
    UnacceptableFile,
)
from django_shift_media.fields import MediaField, MediaFile
from django_shift_media.generation import prewarm
from django_shift_media.maintenance.bad_rows import bad_row
from django_shift_media.maintenance.listing import batched, in_threads
from django_shift_media.maintenance.references import NameTable
from django_shift_media.maintenance.results import Result
from django_shift_media.media.references import columns_of, row_pages
from django_shift_media.naming import keys
from django_shift_media.storages.base import MediaStorage
from django_shift_media.storages.bulk_storage import ObjectSummary

# Originals per call of list_uploads(), which shares requests between neighbors.
_BATCH_SIZE = 100


class MissingResizes(NamedTuple):
    """
    The keys of the missing resizes of an original, and the number of existing ones.

    ``original`` is None if the original itself is missing.
    """

    name: str
    original: ObjectSummary | None
    existing_count: int
    keys: list[str]


def read_originals(table: NameTable, field: MediaField, report: Callable[[Result], None]) -> None:
    """
    Add the names of the originals of all rows, with the values that affect their resizes.

    Report rows that have invalid values instead.
    """
    for column in columns_of([field]):
        for page in row_pages(column.rows):
            valid = []
            for file in (getattr(row, field.attname) for row in page):
                if result := bad_row(file):
                    report(result)
                elif file:
                    valid.append((file.name, _serialize(file)))
            table.add(valid)


def _serialize(file: MediaFile) -> str:
    return json.dumps([file.focal_point, file.dimensions])


def find_missing_resizes(
    storage: MediaStorage, originals: NameTable, presets: Sequence[str], workers: int
) -> Iterator[MissingResizes]:
    """Compare the resizes of the presets with listings of the storage, for each original."""
    items = ((name, value) for name, value in originals if keys.is_original(name))
    compare = partial(_compare, storage, presets)
    for batch in in_threads(compare, batched(items, _BATCH_SIZE), workers):
        yield from batch


def _compare(
    storage: MediaStorage, presets: Sequence[str], batch: Sequence[tuple[str, str]]
) -> list[MissingResizes]:
    values = dict(batch)
    results = []
    for name, objects in storage.list_uploads(values):
        focal_point, size = (tuple(value) if value else None for value in json.loads(values[name]))
        stored = {summary.key: summary for summary in objects}
        expected = prewarm.keys_of(name, presets, focal_point, size)
        missing = [key for key in expected if key not in stored]
        existing_count = len(expected) - len(missing)
        results.append(MissingResizes(name, stored.get(name), existing_count, missing))
    return results


def select_missing(
    found: Iterator[MissingResizes], since: datetime | None, report: Callable[[Result], None]
) -> Iterator[MissingResizes]:
    """
    Yield the originals that have missing resizes and were stored since then; report the others.

    ``since`` None means any time.
    """
    for missing in found:
        if missing.original is None:
            report(Result("missing", missing.name, note="original not found", severity="error"))
        elif since is None or missing.original.modified >= since:
            for _ in range(missing.existing_count):
                report(Result("already stored", missing.name))
            if missing.keys:
                yield missing


def make(storage: MediaStorage, missing: MissingResizes) -> list[Result]:
    """Make the missing resizes of an original, which is fetched once."""
    results = []
    try:
        for key, size in prewarm.make(storage, missing.name, missing.keys):
            results.append(Result("made", key, size))
    except FileNotFoundError:
        note = "deleted during the run"
        results.append(Result("not found", missing.name, note=note, severity="notice"))
    except NotReady:
        note = "the video has no poster yet: run retry_media_video"
        results.append(Result("not made", missing.name, note=note, severity="error"))
    except UnacceptableFile as error:
        results.append(Result("rejected", missing.name, note=str(error), severity="error"))
    except (StepFailed, StorageUnavailable) as error:
        results.append(Result("not made", missing.name, note=str(error), severity="error"))
    return results


def enqueue(alias: str | None, missing: MissingResizes) -> list[Result]:
    """Send the missing resizes to the task queue, with the alias of their storage."""
    prewarm.enqueue(missing.keys, alias)
    return [Result("enqueued", key) for key in missing.keys]


def preview(missing: MissingResizes) -> list[Result]:
    """Return what ``make()`` would do."""
    return [Result("would be made", key) for key in missing.keys]
