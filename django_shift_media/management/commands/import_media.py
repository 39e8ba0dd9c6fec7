from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandParser

from django_shift_media.fields import MediaField
from django_shift_media.maintenance.field_migration import FieldMigration
from django_shift_media.maintenance.results import Result
from django_shift_media.management.maintenance_command import MaintenanceCommand, field_of, positive


class Command(MaintenanceCommand):
    help = (
        "Copy the files of an ImageField or FileField into a MediaField of the same model, for all"
        " rows where that is empty. Each copy is verified; the old files and names stay."
    )
    unit = "rows"
    into_media = True

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("source", metavar="FROM", help="app.Model.field")
        parser.add_argument("target", metavar="TO", help="app.Model.field")
        parser.add_argument("--limit", type=positive, metavar="N", help="so many rows at most")

    def work(self, options: dict[str, Any]) -> Iterator[Result]:
        source, target = (field_of(options[name]) for name in ("source", "target"))
        media, other = (target, source) if self.into_media else (source, target)
        if not isinstance(media, MediaField) or isinstance(other, MediaField):
            raise ValueError(
                f"{media} must be a MediaField, and {other} must be a FileField that is none."
            )
        move = FieldMigration(source, target)
        results = move.run(
            workers=options["workers"], limit=options["limit"], dry_run=options["dry_run"]
        )
        yield from self.counting(results, move.count(options["limit"]))
