from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandParser
from django.db import models

from django_shift_media.fields import MediaField
from django_shift_media.maintenance.field_migration import FieldMigration
from django_shift_media.maintenance.results import Result
from django_shift_media.management.maintenance_command import (
    MaintenanceCommand,
    get_file_field,
    positive_int,
)


class Command(MaintenanceCommand):
    help = (
        "Copy the files of an ImageField or FileField to a MediaField of the same model, for all"
        " rows where the MediaField is empty. Each copy is verified; the old files are kept."
    )
    unit = "rows"
    into_media = True

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "source", metavar="FROM", help="the field to copy from, as app.Model.field"
        )
        parser.add_argument("target", metavar="TO", help="the field to copy to, as app.Model.field")
        parser.add_argument(
            "--limit", type=positive_int, metavar="N", help="maximum number of rows to copy"
        )

    def process(self, options: dict[str, Any]) -> Iterator[Result]:
        source, target = (
            get_file_field(options[name], models.FileField) for name in ("source", "target")
        )
        media, other = (target, source) if self.into_media else (source, target)
        if not isinstance(media, MediaField) or isinstance(other, MediaField):
            raise ValueError(
                f"{media} must be a MediaField, and {other} must be a FileField other than a"
                " MediaField."
            )
        migration = FieldMigration(source, target)
        results = migration.run(
            workers=options["workers"], limit=options["limit"], dry_run=options["dry_run"]
        )
        yield from self.with_progress(results, migration.count(options["limit"]))
