from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandParser

from django_shift_media.maintenance import clearing
from django_shift_media.maintenance.references import NameTable
from django_shift_media.maintenance.results import Result
from django_shift_media.management.maintenance_command import (
    MaintenanceCommand,
    get_media_fields,
    parse_time,
)
from django_shift_media.management.terminal_command import DEFAULT_STORAGE, add_storage_argument
from django_shift_media.media.references import columns_of
from django_shift_media.naming.presets import preset_resizes
from django_shift_media.storages.selection import media_storages


class Command(MaintenanceCommand):
    help = (
        "Delete all resizes, or those that match all of the given options. Originals are never"
        " deleted, and a deleted resize is made again on its next view."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        add_storage_argument(parser, default=f"that of the model's files, or {DEFAULT_STORAGE}")
        parser.add_argument(
            "--model", metavar="APP.MODEL", help="only resizes of the originals of this model"
        )
        parser.add_argument(
            "--older-than",
            type=parse_time,
            metavar="AGE",
            help="only resizes that are older than an age, such as 30d, or a date",
        )
        parser.add_argument("--preset", help="only resizes of this preset, as currently defined")
        parser.add_argument(
            "--unsigned",
            action="store_true",
            help="only resizes whose signature matches no current signing key",
        )

        parser.add_argument(
            "--outdated-steps",
            action="store_true",
            help="only resizes with steps whose version is not that of SHIFT_MEDIA_STEPS",
        )

    def process(self, options: dict[str, Any]) -> Iterator[Result]:
        with NameTable() as originals:
            filters = list(self.filters(originals, options))
            for storage in media_storages(_aliases(options)):
                yield from clearing.delete_resizes(
                    storage,
                    self.list_with_progress(storage),
                    filters,
                    dry_run=options["dry_run"],
                )

    def filters(self, originals: NameTable, options: dict[str, Any]) -> Iterator[clearing.Filter]:
        if options["older_than"]:
            yield clearing.stored_before(options["older_than"])
        if options["preset"]:
            preset_resizes(options["preset"], "jpg")  # raises InvalidResize for an unknown preset
            yield clearing.of_preset(options["preset"])
        if options["unsigned"]:
            yield clearing.is_unsigned
        if options["outdated_steps"]:
            yield clearing.has_outdated_steps
        if options["model"]:
            originals.add_columns(columns_of(get_media_fields(options["model"])))
            yield clearing.original_in(originals)


def _aliases(options: dict[str, Any]) -> set[str | None]:
    if options["model"] and not options["storage"]:
        return {field.storage_alias for field in get_media_fields(options["model"])}
    return {options["storage"]}
