from collections.abc import Iterator
from functools import partial
from typing import Any

from django.core.management.base import CommandParser

from django_shift_media.conf import conf
from django_shift_media.fields import MediaField
from django_shift_media.management.upkeep import UpkeepCommand, field_of, moment
from django_shift_media.presets import resizes_of
from django_shift_media.storages import media_storage
from django_shift_media.upkeep import warming
from django_shift_media.upkeep.outcomes import Outcome
from django_shift_media.upkeep.rows import Index
from django_shift_media.upkeep.walk import in_threads


class Command(UpkeepCommand):
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

    def work(self, options: dict[str, Any]) -> Iterator[Outcome]:
        field = field_of(options["field"])
        if not isinstance(field, MediaField):
            raise ValueError(f"{field} is a {type(field).__name__}, wanted: a MediaField.")
        presets = options["preset"].split(",")
        for preset in presets:
            resizes_of(preset, "jpg")  # says what is wrong with it
        storage = media_storage()
        with Index() as index:
            warming.read_originals(index, field)
            looked = warming.look(storage, index, presets, options["workers"])
            found = self.counting(looked, len(index))
            to_make = warming.to_make(found, options["since"], self.count)
            for outcomes in self.carry_out(to_make, options):
                yield from outcomes

    def carry_out(
        self, to_make: Iterator[warming.Wanted], options: dict[str, Any]
    ) -> Iterator[list[Outcome]]:
        if options["dry_run"]:
            return map(warming.only_say, to_make)
        if options["enqueue"]:  # which may ask the database: this thread only
            return map(warming.enqueue, to_make)
        return in_threads(partial(warming.make, media_storage()), to_make, options["workers"])
