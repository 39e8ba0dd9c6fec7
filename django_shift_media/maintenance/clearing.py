"""Delete resizes, which the next view makes again; never anything else."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from django.core.signing import BadSignature

from django_shift_media.exceptions import InvalidKey, InvalidResize
from django_shift_media.maintenance.listing import batched
from django_shift_media.maintenance.references import Index
from django_shift_media.maintenance.results import Result
from django_shift_media.naming import keys, presets, signing
from django_shift_media.naming.resize_options import default_format
from django_shift_media.naming.resizes import Resize
from django_shift_media.storages.base import MediaStorage
from django_shift_media.storages.bulk_storage import BATCH, Entry

Condition = Callable[[Entry], bool]


def clear(
    storage: MediaStorage,
    pages: Iterable[list[Entry]],
    conditions: Sequence[Condition],
    *,
    dry_run: bool,
) -> Iterator[Result]:
    """Delete the resizes that meet all conditions."""
    wanted = (
        entry
        for page in pages
        for entry in page
        if is_resize(entry.key) and all(condition(entry) for condition in conditions)
    )
    for batch in batched(wanted, BATCH):
        failed = {} if dry_run else storage.delete_many([entry.key for entry in batch])
        for entry in batch:
            if reason := failed.get(entry.key):
                yield Result("not deleted", entry.key, note=reason, weight="trouble")
            else:
                what = "would be deleted" if dry_run else "deleted"
                yield Result(what, entry.key, entry.size)


def is_resize(key: str) -> bool:
    """Say whether a key is a resize's. No original's is, nor is a name that others have given."""
    try:
        keys.parse_resize(key)
    except InvalidKey:
        return False
    return not keys.is_original(key)


def stored_before(moment: datetime) -> Condition:
    return lambda entry: entry.modified < moment


def named_in(index: Index) -> Condition:
    """Be true for resizes of the originals of an index."""
    return lambda entry: bool(index.see([keys.parse_resize(entry.key).original]))


def of_preset(preset: str) -> Condition:
    """Be true for the resizes of a preset, around whichever focal point."""

    def condition(entry: Entry) -> bool:
        key = keys.parse_resize(entry.key)
        try:
            resize = replace(Resize.parse(key.resize), focal_point=None)
        except InvalidResize:
            return False
        return resize in presets.preset_resizes(preset, default_format(key.original))

    return condition


def not_signed(entry: Entry) -> bool:
    """Be true for resizes that no current key of this site has signed."""
    try:
        signing.unsign(entry.key)
    except BadSignature:
        return True
    except InvalidResize:  # signed, in terms that are not known any more
        return False
    return False
