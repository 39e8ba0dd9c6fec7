"""Erase uploads for good: from keys, URLs or rows to a result for each part of them."""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import IntegrityError

from django_shift_media.exceptions import InvalidKey, StorageUnavailable
from django_shift_media.fields import MediaField
from django_shift_media.maintenance.listing import in_threads
from django_shift_media.maintenance.results import Result
from django_shift_media.media.metadata import FileMetadata
from django_shift_media.media.references import Column, columns_of, default_names, fields_on
from django_shift_media.naming import keys
from django_shift_media.storages.base import MediaStorage
from django_shift_media.storages.bulk_storage import ObjectSummary
from django_shift_media.storages.erasure import (
    TOMBSTONE,
    StoredItem,
    erase_upload,
    is_tombstone,
)

# What becomes of that which is stored of an upload.
OUTCOMES = frozenset({"erased", "would be erased", "not erased", "incomplete"})


def original_of(text: str) -> str:
    """Return the original of a key or a URL, of itself or of a resize; raise ``ValueError``."""
    match = re.search(r"[0-9a-f]{8}/[0-9a-f]{4}/[^?#]*", text)
    key = match[0] if match else text
    try:
        return keys.original_of(key)
    except InvalidKey as error:
        raise ValueError(
            f"{text!r} is not the key or the URL of an original or of a resize."
        ) from error


def originals_of_rows(fields: Sequence[MediaField], pks: Sequence[str]) -> list[str]:
    """Return the names in these fields of rows, in all databases; raise ``ValueError``."""
    names, missing = [], set(pks)
    for column in columns_of(fields):
        try:
            rows = list(column.rows.filter(pk__in=pks).order_by("pk"))
        except (TypeError, ValidationError, ValueError) as error:
            raise ValueError(f"Invalid --pk: {error}") from error
        missing -= {str(row.pk) for row in rows}
        names += [str(getattr(row, column.field.attname) or "") for row in rows]
    if missing:
        label = fields[0].model._meta.label
        raise ValueError(f"No row of {label} has the primary key {', '.join(sorted(missing))}.")
    return [original_of(name) for name in dict.fromkeys(names) if name]


def originals_with_tombstones(
    storage: MediaStorage, pages: Iterable[list[ObjectSummary]]
) -> Iterator[str]:
    """Yield the originals of files beside a tombstone, such as those of a restored backup."""
    for page in pages:
        for tombstone in page:
            if is_tombstone(tombstone.key):
                files = storage.list_pages(tombstone.key.removesuffix(TOMBSTONE))
                yield from _originals_of(summary.key for found in files for summary in found)


def _originals_of(keys: Iterable[str]) -> list[str]:
    """Return the originals that keys belong to, and pass over other keys."""
    found: dict[str, None] = {}
    for key in keys:
        with suppress(ValueError):
            found[original_of(key)] = None
    return list(found)


# -- rows -----------------------------------------------------------------------------------------


def report_rows(
    storages: Iterable[MediaStorage], originals: Sequence[str], *, clear: bool
) -> Iterator[Result]:
    """Yield the rows that name an original in a storage; with ``clear``, empty their fields."""
    fields = [field for storage in storages for field in fields_on(storage.alias, apps)]
    columns = columns_of(fields)
    defaults = default_names(fields)
    for original in originals:
        if original in defaults:
            note = "a default of a field, so new rows will name it"
            yield Result("named", original, note=note, severity="notice")
        for column in columns:
            for pk in column.rows_with(original).order_by("pk").values_list("pk", flat=True):
                yield _clear(column, original, pk) if clear else _named(column, original, pk)


def _named(column: Column, original: str, pk: object) -> Result:
    return Result("named", original, note=f"by {column} of row {pk}", severity="notice")


def _clear(column: Column, original: str, pk: object) -> Result:
    """Empty the field of a row, and the fields that describe its file."""
    field = column.field
    assert isinstance(field, MediaField)
    empty = FileMetadata()
    values = {name: getattr(empty, item) for item, name in field.metadata.names.items()}
    values[field.attname] = None if field.null else ""
    try:
        column.rows_with(original).filter(pk=pk).update(**values)
    except IntegrityError as error:
        note = f"{column} of row {pk}: {error}"
        return Result("not cleared", original, note=note, severity="error")
    return Result("cleared", original, note=f"{column} of row {pk}", severity="notice")


# -- files ----------------------------------------------------------------------------------------


def preview(storage: MediaStorage, originals: Iterable[str]) -> Iterator[Result]:
    """Yield what the storage has of these uploads."""
    for original in originals:
        inventory = storage.find_items(original)
        for item in inventory.items:
            yield _result("would be erased", item)
        yield from _incomplete(original, inventory.refused, inventory.unsupported)


def erase(storage: MediaStorage, originals: Sequence[str], workers: int) -> Iterator[list[Result]]:
    """Erase uploads in the storage; yield the results of each."""
    return in_threads(partial(_erase, storage), originals, workers)


def _erase(storage: MediaStorage, original: str) -> list[Result]:
    try:
        erasure = erase_upload(storage, original)
    except StorageUnavailable as error:
        return [Result("not erased", original, note=str(error), severity="error")]
    results = [_result("erased", item) for item in erasure.erased]
    for item, why in erasure.remaining.items():
        results.append(_result("not erased", item, why)._replace(severity="error"))
    return results + list(_incomplete(original, erasure.refused, erasure.unsupported))


def report_unknown(originals: Iterable[str], found: Iterable[str]) -> Iterator[Result]:
    """Yield the originals of which no key was found, such as one with a mistyped UUID."""
    uploads = {key[: keys.UUID_LENGTH] for key in found}
    for original in originals:
        if original[: keys.UUID_LENGTH] not in uploads:
            note = "nothing was stored of this upload"
            yield Result("not found", original, note=note, severity="notice")


def _result(outcome: str, item: StoredItem, why: str = "") -> Result:
    what = item.kind if not item.id else f"{item.kind} {item.id}"
    place = f"in {item.place}" if item.place else ""
    note = ", ".join(filter(None, (what, place)))
    return Result(outcome, item.key, item.size, f"{note}: {why}" if why else note)


def _incomplete(
    original: str, refused: dict[str, str], unsupported: Iterable[str]
) -> Iterator[Result]:
    for what, why in refused.items():
        yield Result("incomplete", original, note=f"{what} failed: {why}", severity="error")
    for what in unsupported:
        note = f"{what} is not supported by this server"
        yield Result("incomplete", original, note=note, severity="notice")
