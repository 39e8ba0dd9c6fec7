from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core.management.base import CommandParser

from django_shift_media.fields import MediaField
from django_shift_media.generation import prewarm
from django_shift_media.maintenance import videos
from django_shift_media.maintenance.results import Result
from django_shift_media.management.maintenance_command import MaintenanceCommand, get_file_field
from django_shift_media.media.references import media_fields


class Command(MaintenanceCommand):
    help = (
        "Enqueue the posters and renditions of videos that are missing: those that failed, that"
        " were lost with a worker, or that belong to a new preset."
    )
    unit = "videos"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help=self.dry_run_help)
        field = 'only this MediaField, as app.Model.field (default: all with kind="video")'
        parser.add_argument("field", metavar="FIELD", nargs="?", help=field)
        self.add_output_arguments(parser)

    def process(self, options: dict[str, Any]) -> Iterator[Result]:
        enqueue = None if options["dry_run"] else _enqueue
        for field in _fields(options["field"]):
            yield from videos.retry(field, enqueue)


def _enqueue(alias: str | None, keys: list[str]) -> None:
    prewarm.enqueue(keys, alias)


def _fields(label: str | None) -> list[MediaField]:
    if label is None:
        fields: list[Any] = media_fields(apps)
        return [field for field in fields if field.kind == "video"]
    field = get_file_field(label, MediaField)
    if field.kind != "video":
        raise ValueError(f'{label!r} has kind="{field.kind}". Use a MediaField with kind="video".')
    return [field]
