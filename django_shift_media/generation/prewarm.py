"""Resizes made ahead of their first viewer: which, and all of an original from one decode."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from django.db import router, transaction
from django.utils.module_loading import import_string

from django_shift_media.conf import conf
from django_shift_media.engines.selection import get_engine
from django_shift_media.engines.stopwatch import Stopwatch
from django_shift_media.generation.events import report_made, reporting_failure
from django_shift_media.naming import signing
from django_shift_media.naming.geometry import Size
from django_shift_media.naming.presets import picture_layouts
from django_shift_media.naming.resize_options import default_format
from django_shift_media.naming.resizes import FocalPoint
from django_shift_media.storages.base import MediaStorage
from django_shift_media.storages.selection import media_storage

if TYPE_CHECKING:
    from django_shift_media.media.files import MediaFile


def keys_of(
    original: str, presets: Iterable[str], focal_point: FocalPoint | None, size: Size | None
) -> list[str]:
    """Return the keys of all that pages name for these presets of an original."""
    resizes = (
        candidate.resize
        for preset in presets
        for row in picture_layouts(preset, default_format(original), focal_point, size)
        for candidate in row.candidates
    )
    return list(dict.fromkeys(signing.sign(original, resize) for resize in resizes))


def make(storage: MediaStorage, original: str, keys: Collection[str]) -> Iterator[tuple[str, int]]:
    """
    Make resizes of one original, from one fetch and one decode; give key and size in bytes.

    Raise ``FileNotFoundError``, ``UnacceptableFile`` or ``StorageUnavailable``.
    """
    stopwatch = Stopwatch()
    resizes = [signing.unsign(key)[1] for key in keys]
    with reporting_failure(storage, original, stopwatch):
        data = storage.get(original, max_bytes=conf.max_bytes)
        stopwatch.lap("fetch")
        made = get_engine().render_many(
            data, resizes, max_pixels=conf.max_pixels, stopwatch=stopwatch
        )
    for key, resized in zip(keys, made, strict=True):
        with reporting_failure(storage, key, stopwatch):
            storage.put(key, resized)
            stopwatch.lap("put")
        report_made(storage, key, len(resized), stopwatch)
        yield key, len(resized)


def make_missing(keys: Sequence[str]) -> None:
    """
    Make those of the resizes of one original that are missing: the work of a queue's worker.

    It may be done twice, and be cut short anywhere. What is no longer signed or made by this
    site raises ``BadSignature`` or ``InvalidResize``.
    """
    storage = media_storage()
    [original] = {signing.unsign(key)[0] for key in keys}
    [(_, beside)] = storage.list_uploads([original])
    there = {entry.key for entry in beside}
    # An original that has gone meanwhile wants no resizes.
    if original in there and (missing := [key for key in keys if key not in there]):
        for _ in make(storage, original, missing):
            pass


def enqueue(keys: Sequence[str]) -> None:
    """Hand ``make_missing(keys)`` to the queue of the settings."""
    import_string(conf.enqueue)(keys)


def enqueue_on_commit(file: "MediaFile", presets: Iterable[str]) -> None:
    """Have a fresh upload's presets made once its row is committed; a failure is logged."""
    assert file.name
    keys = keys_of(file.name, presets, file.focal_point, file.dimensions)
    using = router.db_for_write(type(file.instance), instance=file.instance)
    # No partial(): Django 5.2 logs a failure by the name that only functions have.
    transaction.on_commit(lambda: enqueue(keys), using=using, robust=True)
