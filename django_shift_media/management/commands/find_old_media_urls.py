from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandParser
from django.db import models

from django_shift_media.fields import MediaField
from django_shift_media.maintenance.old_urls import add_moved_files, find_old_urls, text_fields
from django_shift_media.maintenance.references import NameTable
from django_shift_media.maintenance.results import Result
from django_shift_media.management.maintenance_command import MaintenanceCommand, get_file_field
from django_shift_media.media.references import columns_of


class Command(MaintenanceCommand):
    help = (
        "After import_media, find the URLs of the old files in texts, such as Markdown and HTML,"
        " and print the row and the new name for each. Nothing is changed."
    )
    unit = "fields"

    def add_arguments(self, parser: CommandParser) -> None:
        self.add_output_arguments(parser)
        parser.add_argument(
            "source", metavar="FROM", help="the field with the old names, as app.Model.field"
        )
        parser.add_argument("target", metavar="TO", help="the MediaField, as app.Model.field")
        parser.add_argument(
            "--in",
            action="append",
            dest="fields",
            metavar="FIELD",
            help="a field with texts, as app.Model.field (default: each TextField, URLField and"
            " JSONField)",
        )

    def process(self, options: dict[str, Any]) -> Iterator[Result]:
        source: models.Field[Any, Any] = get_file_field(options["source"], models.Field)
        target = get_file_field(options["target"], MediaField)
        if source.model is not target.model or source is target:
            raise ValueError(f"{source} and {target} must be two fields of the same model.")
        chosen = [get_file_field(label, models.Field) for label in options["fields"] or ()]
        columns = columns_of([field for field in chosen or text_fields() if field is not source])
        with NameTable() as table:
            for column in columns_of([source]):
                add_moved_files(table, column, target)
            for column in self.with_progress(columns, len(columns)):
                yield from find_old_urls(table, column)
