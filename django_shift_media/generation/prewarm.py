"""Resizes that are generated ahead of their first view, from one decode of the original."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from inspect import signature

from django.utils.module_loading import import_string

from django_shift_media.conf import conf
from django_shift_media.engines.selection import engine_options, get_engine
from django_shift_media.engines.stopwatch import Stopwatch
from django_shift_media.generation.events import report_failure, report_success
from django_shift_media.generation.generate import fetch
from django_shift_media.generation.storing import require_original
from django_shift_media.naming import keys as naming_keys
from django_shift_media.naming import signing
from django_shift_media.naming.geometry import Size
from django_shift_media.naming.presets import picture_layouts
from django_shift_media.naming.resize_options import default_format
from django_shift_media.naming.resizes import FocalPoint
from django_shift_media.naming.steps import are_current
from django_shift_media.storages.base import MediaStorage
from django_shift_media.storages.erasure import tombstone_of
from django_shift_media.storages.selection import media_storage


def keys_of(
    original: str, presets: Iterable[str], focal_point: FocalPoint | None, size: Size | None
) -> list[str]:
    """
    Return the keys of all resizes that pages request for these presets of an original.

    ``size`` is the upright size of the original in pixels, None if it is unknown.
    """
    resizes = (
        candidate.resize
        for preset in presets
        for layout in picture_layouts(preset, default_format(original), focal_point, size)
        for candidate in layout.candidates
    )
    return list(dict.fromkeys(signing.sign(original, resize) for resize in resizes))


def make(storage: MediaStorage, original: str, keys: Collection[str]) -> Iterator[tuple[str, int]]:
    """
    Generate and store resizes of one original; yield the key and the size in bytes of each.

    The original is fetched once and decoded once. Raise ``FileNotFoundError``,
    ``UnacceptableFile`` or ``StorageUnavailable``.
    """
    stopwatch = Stopwatch()
    resizes = [signing.unsign(key)[1] for key in keys]
    with report_failure(storage, original, stopwatch):
        data = fetch(storage, original)
        stopwatch.lap("fetch")
        made = get_engine().render_many(data, resizes, engine_options(), stopwatch)
    try:
        for key, resized in zip(keys, made, strict=True):
            with report_failure(storage, key, stopwatch):
                storage.put(key, resized)
                stopwatch.lap("put")
            report_success(storage, key, len(resized), stopwatch)
            yield key, len(resized)
            stopwatch = Stopwatch()  # the first one has had the time of what they share
    finally:  # also after a failure, and if the caller stops
        require_original(storage, original, keys)


def make_missing(keys: Sequence[str], alias: str | None = None) -> None:
    """
    Generate the resizes of one original that are missing: the task of a queue's worker.

    ``alias`` is that of the storage in ``STORAGES``; None means the default media storage.
    The task is idempotent, and can be interrupted at any time. Keys of renditions and posters are
    those of one video, and none of resizes is among them. Raise ``BadSignature`` or
    ``InvalidResize`` for a key that this site has not signed, or no longer allows.
    """
    storage = media_storage(alias)
    if any(map(naming_keys.is_made, keys)):
        from django_shift_media.video.jobs import make_of_video

        make_of_video(storage, keys)
        return
    [original] = {signing.unsign(key)[0] for key in keys}
    [(_, entries)] = storage.list_uploads([original])
    stored = {entry.key for entry in entries}
    # An original that was deleted or erased meanwhile gets no resizes.
    if tombstone_of(original) in stored:
        return
    # A step with a new version since the keys were enqueued: no page asks for these any more.
    current = (key for key in keys if are_current(signing.unsign(key)[1].steps))
    if original in stored and (missing := [key for key in current if key not in stored]):
        for _ in make(storage, original, missing):
            pass


def enqueue(keys: Sequence[str], alias: str | None) -> None:
    """Call ``SHIFT_MEDIA_ENQUEUE`` with keys, and an alias if given, for ``make_missing()``."""
    # Most projects have one storage, and functions that take no other argument.
    import_string(conf.enqueue)(keys, **({"storage": alias} if alias else {}))


def enqueue_later(keys: Sequence[str], alias: str | None, seconds: int) -> bool:
    """
    As ``enqueue()``, for a task that begins after some seconds; return whether the queue can.

    The function of ``SHIFT_MEDIA_ENQUEUE`` gets the seconds as ``delay``, if it has such a
    parameter, and raises ``NotImplementedError`` if its queue cannot wait.
    """
    function = import_string(conf.enqueue)
    if "delay" not in signature(function).parameters:
        return False
    try:
        function(keys, delay=seconds, **({"storage": alias} if alias else {}))
    except NotImplementedError:
        return False
    return True
