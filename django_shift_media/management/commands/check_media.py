import json
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from django_shift_media.diagnostics import report
from django_shift_media.diagnostics.models import View
from django_shift_media.diagnostics.probe import Diagnosis
from django_shift_media.management.graceful_exit import exit_gracefully
from django_shift_media.storages.selection import media_storage


class Command(BaseCommand):
    help = (
        "Follow a picture through the live chain, as a browser does, and name what is broken and"
        " what helps. Nothing of it stays in the storage."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--site", default="", help="the app, as in https://www.example.com")
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, **options: Any) -> None:
        self.in_json = options["json"]
        try:
            self.diagnosis = Diagnosis(media_storage(), site=options["site"], show=self.show)
        except (ImproperlyConfigured, ValueError) as error:
            raise CommandError(str(error)) from error
        self.write(report.introduction(self.diagnosis.chain))
        try:
            with exit_gracefully():
                self.diagnosis.run()
        finally:
            self.conclude()
        if broken := self.diagnosis.errors:
            raise CommandError(f"Broken: {', '.join(problem.id for problem in broken)}.")

    def show(self, view: View) -> None:
        self.write(report.show(self.diagnosis.chain, view))

    def conclude(self) -> None:
        if self.in_json:
            self.stdout.write(json.dumps(report.as_document(self.diagnosis), indent=2))
        self.write(report.conclude(self.diagnosis))

    def write(self, lines: Iterable[report.Line]) -> None:
        if not self.in_json:
            for text, style in lines:
                self.stdout.write(getattr(self.style, style)(text) if style else text)
            self.stdout.flush()
