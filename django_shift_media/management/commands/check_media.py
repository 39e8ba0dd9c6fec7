import json
from collections.abc import Iterable, Iterator
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError, CommandParser

from django_shift_media.diagnostics import report
from django_shift_media.diagnostics.models import Trace
from django_shift_media.diagnostics.probe import Diagnosis
from django_shift_media.maintenance.exit_signals import exit_gracefully
from django_shift_media.management.terminal_command import (
    DEFAULT_STORAGE,
    TerminalCommand,
    add_storage_argument,
)
from django_shift_media.media.storage_users import storage_users
from django_shift_media.storages.selection import media_storage


class Command(TerminalCommand):
    help = (
        "Check the live configuration: store a probe, request a resize of it as a browser does, and"
        " report each problem with its remedy. The probe is deleted at the end."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        add_storage_argument(parser, default=DEFAULT_STORAGE)
        parser.add_argument(
            "--site",
            default="",
            metavar="URL",
            help="public URL of the app, such as https://www.example.com; required if the URLs of"
            " media have no host, as on local disk (default: unknown)",
        )
        parser.add_argument(
            "--json", action="store_true", help="print one JSON document instead of a report"
        )

    def handle(self, **options: Any) -> None:
        self.json_output = options["json"]
        try:
            self.diagnosis = Diagnosis(
                media_storage(options["storage"]), site=options["site"], on_trace=self.write_trace
            )
        except (ImproperlyConfigured, ValueError) as error:
            raise CommandError(str(error)) from error
        self.write(report.introduction(self.diagnosis.expected))
        try:
            with exit_gracefully():
                self.diagnosis.run()
        finally:
            self.report_results()
            if options["storage"] is None:
                self.write(_others())
        if errors := self.diagnosis.errors:
            raise CommandError(f"Problems found: {', '.join(problem.id for problem in errors)}.")

    def write_trace(self, trace: Trace) -> None:
        self.write(report.trace_lines(self.diagnosis.expected, trace))

    def report_results(self) -> None:
        if self.json_output:
            self.stdout.write(json.dumps(report.as_document(self.diagnosis), indent=2))
        self.write(report.result_lines(self.diagnosis))

    def write(self, lines: Iterable[report.Line]) -> None:
        if not self.json_output:
            for text, style in lines:
                self.stdout.write(getattr(self.style, style)(text) if style else text)
            self.stdout.flush()


def _others() -> Iterator[report.Line]:
    """Yield lines for each storage that was not checked, as no storage was given."""
    for alias in filter(None, storage_users()):
        yield from report.not_checked(alias)
