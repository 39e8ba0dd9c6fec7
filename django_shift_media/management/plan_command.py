"""What the commands that configure AWS have in common: show a plan, ask, apply, say what holds."""

import json
import sys
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser, OutputWrapper

from django_shift_media.aws.common import Conflict
from django_shift_media.aws.plan import FAILURES, Part, State, Step, apply, plan
from django_shift_media.storages.s3 import S3MediaStorage
from django_shift_media.storages.selection import media_storage


class PlanCommand(BaseCommand):
    """
    A command that turns its options into the parts of a plan, and sees the plan through.

    ``parts`` may raise ``Conflict`` or ``ValueError`` for options that make no sense.
    """

    def add_arguments(self, parser: CommandParser) -> None:
        for option, text in {
            "--dry-run": "show what would change, and change nothing",
            "--check": "show what would change, and exit with 1 if anything would",
            "--json": "print the parts, as they are and as they are wanted, as JSON",
        }.items():
            parser.add_argument(option, action="store_true", help=text)
        parser.add_argument(
            "--no-input",
            "--noinput",
            action="store_false",
            dest="interactive",
            help="change it without asking",
        )

    @property
    def storage(self) -> S3MediaStorage:
        """The media storage; raise ``ImproperlyConfigured`` if it is not on S3."""
        storage = media_storage()
        if not isinstance(storage, S3MediaStorage):
            kind = type(storage).__name__
            raise ImproperlyConfigured(f"SHIFT_MEDIA_STORAGE is no S3MediaStorage, but {kind}.")
        return storage

    def headline(self, options: dict[str, Any]) -> str:
        raise NotImplementedError

    def parts(self, options: dict[str, Any]) -> Sequence[Part]:
        raise NotImplementedError

    def conclude(self, options: dict[str, Any]) -> list[str]:
        """Do what comes after the plan; return what the user should know or do, line by line."""
        return []

    def handle(self, **options: Any) -> None:
        try:
            self.carry_out(options)
        except (*FAILURES, Conflict, ImproperlyConfigured, ValueError) as error:
            raise CommandError(str(error)) from error

    def carry_out(self, options: dict[str, Any]) -> None:
        steps = plan(self.parts(options))
        changes = _named(steps, "to do")
        keep = options["dry_run"] or options["check"]
        if not options["json"]:
            self.stdout.write(self.headline(options))
            self.show(steps, self.stdout)
        if changes and not keep:
            if not self.confirm(steps, options):
                raise CommandError("Nothing was changed.")
            steps = self.apply(steps, options)
        failed = _named(steps, "failed")
        notes = [] if keep or failed else self.conclude(options)
        if options["json"]:
            document = {"parts": [step.as_document() for step in steps], "notes": notes}
            self.stdout.write(json.dumps(document, indent=2, default=str))
        else:
            if unknown := _named(steps, "not supported"):
                notes = [f"This server does not know of: {unknown}.", *notes]
            for note in notes:
                self.stdout.write(note)
        if failed:
            raise CommandError(f"Failed: {failed}.")
        if options["check"] and (differing := _named(steps, "to do", "waiting")):
            raise CommandError(f"Not as wanted: {differing}.")

    def apply(self, steps: Sequence[Step], options: dict[str, Any]) -> list[Step]:
        applied = []
        if not options["json"]:
            self.stdout.write("")
        for before, step in zip(steps, apply(steps), strict=True):
            applied.append(step)
            if not options["json"] and step.state != before.state:
                self.show([step], self.stdout)
        return applied

    def confirm(self, steps: Sequence[Step], options: dict[str, Any]) -> bool:
        if not (options["interactive"] and sys.stdin.isatty()):
            return True
        if options["json"]:
            self.show(steps, self.stderr)
        self.stderr.write("Make these changes? [y/N] ", self.style.WARNING, ending="")
        self.stderr.flush()
        try:
            return input().strip().lower() in {"y", "yes"}
        except (EOFError, KeyboardInterrupt):
            self.stderr.write("")
            return False

    def show(self, steps: Sequence[Step], out: OutputWrapper) -> None:
        styles = {"+": self.style.SUCCESS, "-": self.style.ERROR}
        for step in steps:
            reason = f": {step.reason}" if step.reason else ""
            style = self.style.ERROR if step.state == "failed" else str
            out.write(f"  {step.state:<14} {step.part.name}{reason}", style)
            for line in step.diff() if step.state == "to do" else ():
                out.write(f"      {line}", styles.get(line[0], str))


def _named(steps: Sequence[Step], *states: State) -> str:
    return ", ".join(step.part.name for step in steps if step.state in states)
