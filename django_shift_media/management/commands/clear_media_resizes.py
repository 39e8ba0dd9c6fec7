from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandParser

from django_shift_media.maintenance import clearing
from django_shift_media.maintenance.orphans import read_names
from django_shift_media.maintenance.references import Index, columns_of
from django_shift_media.maintenance.results import Result
from django_shift_media.management.maintenance_command import (
    MaintenanceCommand,
    media_fields,
    moment,
)
from django_shift_media.naming.presets import preset_resizes
from django_shift_media.storages.selection import media_storage


class Command(MaintenanceCommand):
    help = (
        "Delete resizes, all or those that meet every condition given. Originals are never"
        " touched, and the next view makes again what it needs."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--model", metavar="APP.MODEL", help="of this model's originals")
        parser.add_argument(
            "--older-than",
            type=moment,
            metavar="AGE",
            help="made so long ago (as in 30d), or before a date",
        )
        parser.add_argument("--preset", help="of this preset, as the settings have it now")
        parser.add_argument(
            "--unsigned", action="store_true", help="that no current signing key has signed"
        )

    def work(self, options: dict[str, Any]) -> Iterator[Result]:
        storage = media_storage()
        with Index() as index:
            conditions = list(self.conditions(index, options))
            yield from clearing.clear(
                storage, self.walking(storage), conditions, dry_run=options["dry_run"]
            )

    def conditions(self, index: Index, options: dict[str, Any]) -> Iterator[clearing.Condition]:
        if options["older_than"]:
            yield clearing.stored_before(options["older_than"])
        if options["preset"]:
            preset_resizes(options["preset"], "jpg")  # says what is wrong with it
            yield clearing.of_preset(options["preset"])
        if options["unsigned"]:
            yield clearing.not_signed
        if options["model"]:
            read_names(index, columns_of(media_fields(options["model"])))
            yield clearing.named_in(index)
