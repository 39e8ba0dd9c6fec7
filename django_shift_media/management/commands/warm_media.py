from collections.abc import Iterator
from functools import partial
from typing import Any

from django.core.management.base import CommandParser

from django_shift_media.conf import conf
from django_shift_media.fields import MediaField
from django_shift_media.maintenance import prewarming
from django_shift_media.maintenance.listing import in_threads
from django_shift_media.maintenance.references import Index
from django_shift_media.maintenance.results import Result
from django_shift_media.management.maintenance_command import MaintenanceCommand, field_of, moment
from django_shift_media.naming.presets import preset_resizes
from django_shift_media.storages.selection import media_storage


class Command(MaintenanceCommand):
    help = (
        "Make the resizes of presets that are missing, for all rows of a field, ahead of viewers."
    )
    unit = "originals"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(workers=conf.concurrency)
        parser.add_argument("field", metavar="FIELD", help="app.Model.field")
        parser.add_argument(
            "--preset", required=True, metavar="NAMES", help="of the settings, with commas between"
        )
        since = "of originals stored since then only"
        parser.add_argument("--since", type=moment, metavar="AGE", help=since)
        parser.add_argument(
            "--enqueue", action="store_true", help="have the queue's workers make them"
        )

    def work(self, options: dict[str, Any]) -> Iterator[Result]:
        field = field_of(options["field"])
        if not isinstance(field, MediaField):
            raise ValueError(f"{field} is a {type(field).__name__}, wanted: a MediaField.")
        presets = options["preset"].split(",")
        for preset in presets:
            preset_resizes(preset, "jpg")  # says what is wrong with it
        storage = media_storage()
        with Index() as index:
            prewarming.read_originals(index, field)
            looked = prewarming.look(storage, index, presets, options["workers"])
            found = self.counting(looked, len(index))
            to_make = prewarming.to_make(found, options["since"], self.count)
            for results in self.carry_out(to_make, options):
                yield from results

    def carry_out(
        self, to_make: Iterator[prewarming.Wanted], options: dict[str, Any]
    ) -> Iterator[list[Result]]:
        if options["dry_run"]:
            return map(prewarming.only_say, to_make)
        if options["enqueue"]:  # which may ask the database: this thread only
            return map(prewarming.enqueue, to_make)
        return in_threads(partial(prewarming.make, media_storage()), to_make, options["workers"])
