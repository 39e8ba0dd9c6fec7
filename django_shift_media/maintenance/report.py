"""What a storage has, counted in one pass over its listing, in constant memory."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django_shift_media.exceptions import InvalidKey
from django_shift_media.maintenance.clearing import resize_of_any_focal_point
from django_shift_media.maintenance.orphans import missing_names
from django_shift_media.maintenance.references import NameTable
from django_shift_media.media.references import Column
from django_shift_media.naming import keys
from django_shift_media.naming.formats import extension_of
from django_shift_media.naming.presets import preset_names
from django_shift_media.naming.resize_options import default_format
from django_shift_media.storages.base import MediaStorage
from django_shift_media.storages.bulk_storage import ObjectSummary
from django_shift_media.storages.erasure import is_tombstone

# Resizes are grouped by the first of these numbers of days that is not exceeded.
AGES = (7, 30, 90, 365)
_GIGABYTE = 1_000_000_000

Document = dict[str, Any]


@dataclass(slots=True)
class Tally:
    """How many objects, and how many bytes."""

    count: int = 0
    bytes: int = 0

    def add(self, size: int) -> None:
        self.count += 1
        self.bytes += size

    def document(self, price: float | None) -> Document:
        """Return the numbers, and the dollars per month at a price per gigabyte."""
        return {"count": self.count, "bytes": self.bytes, "dollars": _dollars(self.bytes, price)}


def _dollars(size: int, price: float | None) -> float | None:
    return None if price is None else round(size / _GIGABYTE * price, 6)


@dataclass(slots=True)
class Uploads:
    """
    Uploads that belong together: their originals, and what was made of these.

    ``renditions`` includes the posters of videos. ``missing`` counts originals that rows reference
    and the storage does not have.
    """

    originals: Tally = field(default_factory=Tally)
    resizes: Tally = field(default_factory=Tally)
    renditions: Tally = field(default_factory=Tally)
    missing: int = 0

    @property
    def tallies(self) -> tuple[Tally, ...]:
        return (self.originals, self.resizes, self.renditions)

    def document(self, price: float | None) -> Document:
        return {
            "originals": self.originals.document(price),
            "resizes": self.resizes.document(price),
            "renditions": self.renditions.document(price),
            "missing": self.missing,
            "dollars": _dollars(sum(tally.bytes for tally in self.tallies), price),
        }


class ResizeGroup(NamedTuple):
    """
    Resizes that are counted together.

    ``preset`` is "" if no preset has their options. ``days`` is one of ``AGES``, None for more.
    """

    preset: str
    format: str
    days: int | None


@dataclass(slots=True)
class Report:
    """
    What a storage has.

    ``fields`` are by the name of the field that references an original. Nothing references the
    ``orphans``; ``recent`` ones are newer than the grace period, so their rows may be on the way.
    ``others`` are objects that are not of this package.
    """

    made_at: datetime
    fields: dict[str, Uploads]
    orphans: Uploads = field(default_factory=Uploads)
    recent: Uploads = field(default_factory=Uploads)
    resizes: dict[ResizeGroup, Tally] = field(default_factory=dict)
    others: Tally = field(default_factory=Tally)

    def document(self, price: float | None) -> Document:
        """Return the report as JSON; ``price`` is in dollars per gigabyte and month."""
        return {
            "made_at": self.made_at.isoformat(timespec="seconds"),
            "dollars_per_gigabyte": price,
            "ages": list(AGES),
            "total": _sum([self.others, *self._tallies()]).document(price),
            "fields": [
                {"field": name, **uploads.document(price)} for name, uploads in self.fields.items()
            ],
            "orphans": self.orphans.document(price),
            "recent": self.recent.document(price),
            "others": self.others.document(price),
            "resizes": [
                {**group._asdict(), **tally.document(price)}
                for group, tally in sorted(self.resizes.items(), key=_order)
            ],
            "renditions": _sum([each.renditions for each in self._every()]).document(price),
        }

    def _every(self) -> list[Uploads]:
        return [*self.fields.values(), self.orphans, self.recent]

    def _tallies(self) -> list[Tally]:
        return [tally for each in self._every() for tally in each.tallies]


def _sum(tallies: Sequence[Tally]) -> Tally:
    return Tally(sum(each.count for each in tallies), sum(each.bytes for each in tallies))


def _order(item: tuple[ResizeGroup, Tally]) -> tuple[bool, str, str, int]:
    group = item[0]
    return (not group.preset, group.preset, group.format, group.days or AGES[-1] + 1)


def make_report(
    storage: MediaStorage,
    pages: Iterable[list[ObjectSummary]],
    referenced: NameTable,
    columns: Sequence[Column],
    stored_before: datetime,
) -> Report:
    """
    Count the objects of a listing.

    ``referenced`` has the names in the columns. Originals that nobody references are orphans if
    they were stored before a time. The storage is asked only for names that the listing lacks.
    """
    report = Report(datetime.now(UTC), {str(column): Uploads() for column in columns})
    for page in pages:
        _count_page(report, page, referenced, stored_before)
    for _, column in missing_names(storage, referenced, columns):
        report.fields[column].missing += 1
    return report


def _count_page(
    report: Report, page: list[ObjectSummary], referenced: NameTable, stored_before: datetime
) -> None:
    originals = {summary: original for summary in page if (original := _original(summary.key))}
    referenced.mark_found([key for summary, key in originals.items() if key == summary.key])
    owners = referenced.owners(sorted(set(originals.values())))
    for summary in page:
        if original := originals.get(summary):
            uploads = _uploads(report, owners, original, summary, stored_before)
            _count(report, uploads, summary)
        elif not is_tombstone(summary.key):
            report.others.add(summary.size)


def _original(key: str) -> str | None:
    try:
        return keys.original_of(key)
    except InvalidKey:
        return None


def _count(report: Report, uploads: Uploads, summary: ObjectSummary) -> None:
    if keys.is_original(summary.key):
        uploads.originals.add(summary.size)
    elif keys.is_made(summary.key):
        uploads.renditions.add(summary.size)
    else:
        uploads.resizes.add(summary.size)
        group = _group(keys.parse_resize(summary.key), summary, report.made_at)
        report.resizes.setdefault(group, Tally()).add(summary.size)


def _uploads(
    report: Report,
    owners: Mapping[str, str],
    original: str,
    summary: ObjectSummary,
    stored_before: datetime,
) -> Uploads:
    if owner := owners.get(original):
        return report.fields.setdefault(owner, Uploads())
    return report.orphans if summary.modified < stored_before else report.recent


def _group(key: keys.ResizeKey, summary: ObjectSummary, now: datetime) -> ResizeGroup:
    resize = resize_of_any_focal_point(key)
    presets = preset_names(default_format(key.original))
    age = now - summary.modified
    days = next((days for days in AGES if age <= timedelta(days=days)), None)
    return ResizeGroup(presets.get(resize, "") if resize else "", extension_of(summary.key), days)
