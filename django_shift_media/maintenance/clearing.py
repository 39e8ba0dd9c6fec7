"""Delete resizes, which are made again on their next view, and nothing else."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from django.core.signing import BadSignature

from django_shift_media.exceptions import InvalidKey, InvalidResize
from django_shift_media.maintenance.listing import batched
from django_shift_media.maintenance.references import NameTable
from django_shift_media.maintenance.results import Result
from django_shift_media.naming import keys, presets, signing
from django_shift_media.naming.resize_options import default_format
from django_shift_media.naming.resizes import Resize
from django_shift_media.naming.steps import are_current
from django_shift_media.storages.base import MediaStorage
from django_shift_media.storages.bulk_storage import BATCH_SIZE, ObjectSummary

Filter = Callable[[ObjectSummary], bool]


def delete_resizes(
    storage: MediaStorage,
    pages: Iterable[list[ObjectSummary]],
    filters: Sequence[Filter],
    *,
    dry_run: bool,
) -> Iterator[Result]:
    """Delete the resizes that match all filters."""
    resizes = (
        summary
        for page in pages
        for summary in page
        if is_resize(summary.key) and all(matches(summary) for matches in filters)
    )
    for batch in batched(resizes, BATCH_SIZE):
        errors = {} if dry_run else storage.delete_many([resize.key for resize in batch])
        for resize in batch:
            if error := errors.get(resize.key):
                yield Result("not deleted", resize.key, note=error, severity="error")
            else:
                outcome = "would be deleted" if dry_run else "deleted"
                yield Result(outcome, resize.key, resize.size)


def is_resize(key: str) -> bool:
    """Return whether ``key`` is the key of a resize, and not of an original or another file."""
    try:
        keys.parse_resize(key)
    except InvalidKey:
        return False
    return not keys.is_original(key)


def stored_before(time: datetime) -> Filter:
    return lambda resize: resize.modified < time


def original_in(originals: NameTable) -> Filter:
    """Match the resizes of originals in the table."""
    return lambda resize: bool(originals.mark_found([keys.parse_resize(resize.key).original]))


def of_preset(preset: str) -> Filter:
    """Match the resizes of a preset, with any focal point."""

    def matches(summary: ObjectSummary) -> bool:
        key = keys.parse_resize(summary.key)
        resizes = presets.preset_resizes(preset, default_format(key.original))
        return resize_of_any_focal_point(key) in resizes

    return matches


def has_outdated_steps(resize: ObjectSummary) -> bool:
    """Match resizes with a step that has another version now, or is no longer defined."""
    try:
        return not are_current(Resize.parse(keys.parse_resize(resize.key).resize).steps)
    except InvalidResize:
        return False


def resize_of_any_focal_point(key: keys.ResizeKey) -> Resize | None:
    """Return the resize that a preset may have; None if its options are no longer supported."""
    try:
        return replace(Resize.parse(key.resize), focal_point=None)
    except InvalidResize:
        return None


def is_unsigned(resize: ObjectSummary) -> bool:
    """Match resizes whose signature no current signing key of this site verifies."""
    try:
        signing.unsign(resize.key)
    except BadSignature:
        return True
    except InvalidResize:  # correctly signed, but with options that are no longer supported
        return False
    return False
