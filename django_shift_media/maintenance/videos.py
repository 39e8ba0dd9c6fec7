"""Enqueue what workers should have made of videos: what failed, was lost, or has a new preset."""

from collections.abc import Callable, Iterator
from functools import partial

from django_shift_media.fields import MediaField, MediaFile
from django_shift_media.generation.cache_lock import cache_key, cache_store
from django_shift_media.maintenance.bad_rows import bad_row
from django_shift_media.maintenance.listing import batched
from django_shift_media.maintenance.results import Result
from django_shift_media.media.references import columns_of, row_pages
from django_shift_media.naming.renditions import sign
from django_shift_media.storages.base import MediaStorage
from django_shift_media.storages.selection import media_storage

# Originals per call of list_uploads(), which shares requests between neighbors.
_BATCH_SIZE = 100


def retry(
    field: MediaField, enqueue: Callable[[str | None, list[str]], None] | None
) -> Iterator[Result]:
    """
    Enqueue what is missing of the videos of a field, unless a worker makes it now.

    That is what is not stored and, with a ``video_field``, what is not ready in the state of the
    row. Without ``enqueue``, only say what would be enqueued.
    """
    storage = media_storage(field.storage_alias)
    for batch in batched(_files(field), _BATCH_SIZE):
        valid = {str(file.name): file for file in batch if not bad_row(file)}
        yield from (result for file in batch if (result := bad_row(file)))
        for name, objects in storage.list_uploads(sorted(valid)):
            stored = {summary.key for summary in objects}
            if name not in stored:
                yield Result("missing", name, note="original not found", severity="error")
            else:
                yield from _retry(storage, valid[name], stored, enqueue)


def _files(field: MediaField) -> Iterator[MediaFile]:
    for column in columns_of([field]):
        for page in row_pages(column.rows):
            yield from filter(None, (getattr(row, field.attname) for row in page))


def _retry(
    storage: MediaStorage,
    file: MediaFile,
    stored: set[str],
    enqueue: Callable[[str | None, list[str]], None] | None,
) -> Iterator[Result]:
    unfinished = _unfinished(file, stored)
    is_locked = partial(_is_being_made, storage)
    yield from (Result("being made", key) for key in unfinished if is_locked(key))
    keys = [key for key in unfinished if not is_locked(key)]
    if enqueue and keys:
        for key in keys:
            cache_store.delete(cache_key("failed", storage, key))
        enqueue(file.field.storage_alias, keys)
    yield from (Result("enqueued" if enqueue else "would be enqueued", key) for key in keys)


def _unfinished(file: MediaFile, stored: set[str]) -> list[str]:
    from django_shift_media.video.presets import all_made
    from django_shift_media.video.states import is_ready

    state = file.video_state
    keys = {sign(str(file.name), made): made for made in all_made()}
    return [
        key
        for key, made in keys.items()
        if key not in stored or not (state is None or is_ready(state, made))
    ]


def _is_being_made(storage: MediaStorage, key: str) -> bool:
    return cache_store.get(cache_key("lock", storage, key)) is not None
