from collections.abc import Iterator
from functools import partial
from typing import Any

from django.core.management.base import CommandParser

from django_shift_media.conf import conf
from django_shift_media.fields import MediaField
from django_shift_media.maintenance import prewarming
from django_shift_media.maintenance.listing import in_threads
from django_shift_media.maintenance.references import NameTable
from django_shift_media.maintenance.results import Result
from django_shift_media.management.maintenance_command import (
    MaintenanceCommand,
    get_file_field,
    parse_time,
)
from django_shift_media.management.terminal_command import add_storage_argument
from django_shift_media.naming.presets import preset_resizes
from django_shift_media.storages.selection import media_storage


class Command(MaintenanceCommand):
    help = "Make the missing resizes of presets for all rows of a field, before their first view."
    unit = "originals"
    default_workers = "the setting SHIFT_MEDIA_CONCURRENCY"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        add_storage_argument(parser, default="that of the field")
        parser.set_defaults(workers=conf.concurrency)
        parser.add_argument("field", metavar="FIELD", help="the MediaField, as app.Model.field")
        parser.add_argument(
            "--preset", required=True, metavar="NAMES", help="names of presets, separated by commas"
        )
        since = "only originals that are newer than an age, such as 2d, or a date"
        parser.add_argument("--since", type=parse_time, metavar="AGE", help=since)
        parser.add_argument(
            "--enqueue", action="store_true", help="send the work to the task queue"
        )

    def process(self, options: dict[str, Any]) -> Iterator[Result]:
        field = get_file_field(options["field"], MediaField)
        presets = options["preset"].split(",")
        for preset in presets:
            preset_resizes(preset, "jpg")  # raises InvalidResize for an unknown preset
        self.alias = options["storage"] or field.storage_alias
        self.storage = storage = media_storage(self.alias)
        with NameTable() as originals:
            prewarming.read_originals(originals, field, self.record)
            found = self.with_progress(
                prewarming.find_missing_resizes(storage, originals, presets, options["workers"]),
                total=len(originals),
            )
            missing = prewarming.select_missing(found, options["since"], self.record)
            for results in self.make(missing, options):
                yield from results

    def make(
        self, missing: Iterator[prewarming.MissingResizes], options: dict[str, Any]
    ) -> Iterator[list[Result]]:
        if options["dry_run"]:
            return map(prewarming.preview, missing)
        if options["enqueue"]:  # in this thread only, because queues may use the database
            return map(partial(prewarming.enqueue, self.alias), missing)
        return in_threads(partial(prewarming.make, self.storage), missing, options["workers"])
