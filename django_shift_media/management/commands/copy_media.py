from collections.abc import Iterator
from typing import Any

from django.core.files.storage import InvalidStorageError, storages
from django.core.management.base import CommandParser

from django_shift_media.maintenance.copying import copy_originals
from django_shift_media.maintenance.results import Result
from django_shift_media.management.maintenance_command import MaintenanceCommand
from django_shift_media.storages.base import MediaStorage
from django_shift_media.storages.selection import media_storage


class Command(MaintenanceCommand):
    help = (
        "Copy all originals to another media storage, under the same keys, and verify the copies."
        " Nothing is deleted or overwritten. Resizes are not copied: they are made again on their"
        " next view."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--to", required=True, metavar="ALIAS", help="alias of the target in STORAGES"
        )
        parser.add_argument(
            "--from",
            dest="source",
            metavar="ALIAS",
            help="alias of the source in STORAGES (default: the current media storage)",
        )
        parser.add_argument(
            "--checksum",
            action="store_true",
            help="compare the content of existing files, not only their sizes",
        )

    def process(self, options: dict[str, Any]) -> Iterator[Result]:
        source = get_media_storage(options["source"]) if options["source"] else media_storage()
        target = get_media_storage(options["to"])
        if source is target:
            raise ValueError(
                f"{options['to']!r} is both the source and the target. Use two storages."
            )
        yield from copy_originals(
            self.list_with_progress(source),
            source,
            target,
            workers=options["workers"],
            checksum=options["checksum"],
            dry_run=options["dry_run"],
        )


def get_media_storage(alias: str) -> MediaStorage:
    """Return the media storage with this alias; raise ``ValueError``."""
    try:
        storage = storages[alias]
    except InvalidStorageError as error:
        if alias in storages.backends:
            raise ValueError(f"STORAGES[{alias!r}] cannot be used: {error}") from error
        aliases = ", ".join(storages.backends)
        raise ValueError(f"Unknown storage {alias!r}. STORAGES has: {aliases}.") from error
    if not isinstance(storage, MediaStorage):
        raise ValueError(
            f"STORAGES[{alias!r}] is a {type(storage).__name__}, not a media storage. Use"
            " django_shift_media.storages.s3.S3MediaStorage or"
            " django_shift_media.storages.local.LocalMediaStorage."
        )
    return storage
