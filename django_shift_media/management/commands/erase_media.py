import sys
from collections.abc import Iterator, Sequence
from typing import Any

from django.core.management.base import CommandParser

from django_shift_media.aws.cloudfront import wait_for
from django_shift_media.aws.common import NotYet
from django_shift_media.aws.plan import AWS_ERRORS
from django_shift_media.diagnostics import answers
from django_shift_media.maintenance import erasing
from django_shift_media.maintenance.listing import batched
from django_shift_media.maintenance.results import Result
from django_shift_media.management.maintenance_command import MaintenanceCommand, get_media_fields
from django_shift_media.management.terminal_command import add_storage_argument
from django_shift_media.media.storage_users import storage_users
from django_shift_media.storages.base import MediaStorage
from django_shift_media.storages.erasure import COMPLETED, Invalidation
from django_shift_media.storages.selection import media_storages

# CloudFront accepts 15 paths with wildcards at a time, and a distribution may have two for an
# upload: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
_UPLOADS_AT_A_TIME = 7
_SHOWN = 20  # keys that the question for confirmation shows


class Command(MaintenanceCommand):
    help = (
        "Erase uploads for good: originals, all resizes, all versions, and what CloudFront has"
        " cached. Then request all public URLs that are known, and report what remains and why."
    )
    unit = "uploads"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        add_storage_argument(parser, default="all that the project uses")
        parser.add_argument(
            "keys",
            nargs="*",
            metavar="KEY",
            help="the key or the URL of an original, or of one of its resizes",
        )
        parser.add_argument(
            "--model", metavar="APP.MODEL", help="erase the files of rows of this model; needs --pk"
        )
        parser.add_argument(
            "--pk", nargs="+", default=[], metavar="PK", help="the primary keys of these rows"
        )
        parser.add_argument(
            "--again",
            action="store_true",
            help="erase all uploads that were erased before and have come back, such as from a"
            " backup",
        )
        parser.add_argument(
            "--clear-rows",
            action="store_true",
            help="empty the fields of all rows that name the files (default: rows are reported)",
        )
        parser.add_argument(
            "--site",
            default="",
            metavar="URL",
            help="public URL of the app, such as https://www.example.com, to request the files"
            " there, too",
        )
        parser.add_argument(
            "--no-requests",
            action="store_false",
            dest="requests",
            help="do not request the public URLs",
        )
        parser.add_argument(
            "--no-input",
            "--noinput",
            action="store_false",
            dest="interactive",
            help="erase without asking for confirmation",
        )

    def handle(self, **options: Any) -> None:
        if options["json"]:  # a record of the erasure, so it names every file
            options["verbosity"] = max(2, options["verbosity"])
        super().handle(**options)

    def process(self, options: dict[str, Any]) -> Iterator[Result]:
        # Without an alias, all in use: ``copy_media`` stores an upload in several.
        alias = options["storage"]
        storages = media_storages(storage_users() if alias is None else [alias])
        originals = self.find_originals(storages, options)
        if options["dry_run"]:
            yield from erasing.report_rows(storages, originals, clear=False)
            for storage in storages:
                for result in erasing.preview(storage, originals):
                    yield _located(result, storage, storages)
            return
        if not originals:
            return
        if options["interactive"] and not self.ask(_question(originals), without_terminal=False):
            hint = "" if sys.stdin.isatty() else " Without a terminal, use --no-input."
            raise ValueError(f"Nothing was erased.{hint}")
        yield from erasing.report_rows(storages, originals, clear=options["clear_rows"])
        found: set[str] = set()
        for storage in storages:
            for result in self.process_storage(storage, originals, options):
                if result.outcome in erasing.OUTCOMES:
                    found.add(result.name)
                yield _located(result, storage, storages)
        yield from erasing.report_unknown(originals, found)

    def process_storage(
        self, storage: MediaStorage, originals: Sequence[str], options: dict[str, Any]
    ) -> Iterator[Result]:
        # In the order of the results, and to be looked up.
        erased = dict.fromkeys(self.erase(storage, originals))
        yield from erased
        bases: list[str] = []
        for invalidation in self.invalidate(storage, originals):
            bases += invalidation.bases
            yield self.wait(invalidation)
        if options["requests"]:
            keys = [*originals, *(result.name for result in erased)]
            asked = answers.base_urls(storage, options["site"], bases)
            yield from answers.ask(asked, dict.fromkeys(keys), options["workers"])
        yield from answers.limits(storage, options["site"], bases)
        # What others have stored since, such as a resize that was being generated.
        yield from (result for result in self.erase(storage, originals) if result not in erased)

    def find_originals(
        self, storages: Sequence[MediaStorage], options: dict[str, Any]
    ) -> list[str]:
        """Return the originals that the arguments name; raise ``ValueError``."""
        if bool(options["model"]) != bool(options["pk"]):
            raise ValueError("Use --model and --pk together.")
        if not (options["keys"] or options["model"] or options["again"]):
            raise ValueError("Give a KEY, or --model and --pk, or --again.")
        originals = [erasing.original_of(text) for text in options["keys"]]
        if options["model"]:
            fields = get_media_fields(options["model"])
            originals += erasing.originals_of_rows(fields, options["pk"])
        if options["again"]:
            for storage in storages:
                pages = self.list_with_progress(storage)
                originals += erasing.originals_with_tombstones(storage, pages)
        return list(dict.fromkeys(originals))

    def erase(self, storage: MediaStorage, originals: Sequence[str]) -> Iterator[Result]:
        results = erasing.erase(storage, originals, self.options["workers"])
        for of_upload in self.with_progress(results, len(originals)):
            yield from of_upload

    def invalidate(self, storage: MediaStorage, originals: Sequence[str]) -> Iterator[Invalidation]:
        for batch in batched(originals, _UPLOADS_AT_A_TIME):
            yield from storage.invalidate_cdn(batch)

    def wait(self, invalidation: Invalidation) -> Result:
        """Wait until a CDN has removed the files from its caches."""
        paths, error = " ".join(invalidation.paths), invalidation.error
        if not error:
            try:
                wait_for("invalidation", invalidation.get_status, COMPLETED, self.show_status)
            except (*AWS_ERRORS, NotYet) as problem:
                error = str(problem)
        if error:
            note = f"{paths}: {error}" if paths else error
            return Result("not invalidated", invalidation.cdn, note=note, severity="error")
        note = f"{paths} by {invalidation.id}"
        return Result("invalidated", invalidation.cdn, note=note, severity="notice")

    def show_status(self, status: str) -> None:
        if not self.options["quiet"]:
            self.progress.write(status, self.stderr)


def _located(result: Result, storage: MediaStorage, storages: Sequence[MediaStorage]) -> Result:
    """Say in which of several storages a key is; URLs say it themselves."""
    if len(storages) == 1 or result.outcome not in erasing.OUTCOMES:
        return result
    return result._replace(note=f"in {storage.alias or 'the default storage'}: {result.note}")


def _question(originals: Sequence[str]) -> str:
    names = "".join(f"  {name}\n" for name in originals[:_SHOWN])
    if len(originals) > _SHOWN:
        names += f"  and {len(originals) - _SHOWN:,} more\n"
    count = f"{len(originals)} upload" + "s" * (len(originals) != 1)
    return f"{names}Erase {count} for good? [y/N] "
