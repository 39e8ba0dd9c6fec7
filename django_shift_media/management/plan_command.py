"""The base of the commands that configure AWS: show a plan, confirm, apply, report."""

import json
import sys
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError, CommandParser, OutputWrapper

from django_shift_media.aws.common import Conflict, name_storage
from django_shift_media.aws.plan import AWS_ERRORS, Change, Resource, State, apply, plan
from django_shift_media.management.terminal_command import (
    DEFAULT_STORAGE,
    TerminalCommand,
    add_storage_argument,
)
from django_shift_media.storages.s3 import S3MediaStorage
from django_shift_media.storages.selection import media_storage


class PlanCommand(TerminalCommand):
    """
    A command that turns its options into resources, and carries out the plan for them.

    ``resources`` may raise ``Conflict`` or ``ValueError`` for invalid options.
    """

    storage_alias: str | None = None

    def add_arguments(self, parser: CommandParser) -> None:
        add_storage_argument(parser, default=DEFAULT_STORAGE)
        for option, text in {
            "--dry-run": "show the changes without making them",
            "--check": "show the changes without making them, and exit with 1 if there are any, or"
            " with 2 if they could not be determined",
            "--json": "print one JSON document with the current and the desired configuration",
        }.items():
            parser.add_argument(option, action="store_true", help=text)
        parser.add_argument(
            "--no-input",
            "--noinput",
            action="store_false",
            dest="interactive",
            help="make the changes without asking for confirmation",
        )

    @property
    def storage(self) -> S3MediaStorage:
        """The media storage; raise ``ImproperlyConfigured`` if it is not on S3."""
        storage = media_storage(self.storage_alias)
        if not isinstance(storage, S3MediaStorage):
            kind = type(storage).__name__
            raise ImproperlyConfigured(
                f"The media storage is a {kind}. Set SHIFT_MEDIA_STORAGE to the alias of an"
                " S3MediaStorage in STORAGES, or give one with --storage."
            )
        return storage

    def headline(self, options: dict[str, Any]) -> str:
        raise NotImplementedError

    def resources(self, options: dict[str, Any]) -> Sequence[Resource]:
        raise NotImplementedError

    def finish(self, options: dict[str, Any]) -> list[str]:
        """Do what follows the plan; return messages for the user."""
        return []

    def handle(self, **options: Any) -> None:
        self.storage_alias = options["storage"]
        try:
            self.run_plan(options)
        except (*AWS_ERRORS, Conflict, ImproperlyConfigured, ValueError) as error:
            message = name_storage(str(error), self.storage_alias)
            raise CommandError(message, returncode=_error_status(options)) from error

    def run_plan(self, options: dict[str, Any]) -> None:
        changes = plan(self.resources(options))
        read_only = options["dry_run"] or options["check"]
        if not options["json"]:
            self.stdout.write(self.headline(options))
            self.show(changes, self.stdout)
        if _names(changes, "to change") and not read_only:
            if not self.confirm(changes, options):
                raise CommandError("Nothing was changed.")
            changes = self.make(changes, options)
        failed, skipped = _names(changes, "failed"), _names(changes, "skipped")
        notes = [] if read_only or failed else self.finish(options)
        notes = [name_storage(note, self.storage_alias) for note in notes]
        if options["json"]:
            document = {"resources": [change.as_document() for change in changes], "notes": notes}
            self.stdout.write(json.dumps(document, indent=2, default=str))
        else:
            if unsupported := _names(changes, "not supported"):
                notes = [f"This server does not support: {unsupported}.", *notes]
            for note in notes:
                self.stdout.write(note)
        if failed:
            message = f"Failed: {failed}." + f" Skipped: {skipped}." * bool(skipped)
            raise CommandError(message, returncode=_error_status(options))
        if options["check"] and (differing := _names(changes, "to change", "waiting")):
            raise CommandError(f"Changes needed: {differing}.")

    def make(self, changes: Sequence[Change], options: dict[str, Any]) -> list[Change]:
        """Apply the changes, and show each result."""
        planned = {change.resource.name: change.state for change in changes}
        results: dict[str, Change] = {}
        if not options["json"]:
            self.stdout.write("")
        for result in apply(changes):
            name = result.resource.name
            if not options["json"] and result.state != planned[name]:
                self.show([result], self.stdout)
            results[name] = result
        return list(results.values())

    def confirm(self, changes: Sequence[Change], options: dict[str, Any]) -> bool:
        if not options["interactive"]:
            return True
        if options["json"] and sys.stdin.isatty():
            self.show(changes, self.stderr)
        return self.ask("Make these changes? [y/N] ")

    def show(self, changes: Sequence[Change], out: OutputWrapper) -> None:
        styles = {"+": self.style.SUCCESS, "-": self.style.ERROR}
        for change in changes:
            reason = name_storage(f": {change.reason}", self.storage_alias) * bool(change.reason)
            style = self.style.ERROR if change.state == "failed" else str
            out.write(f"  {change.state:<14} {change.resource.name}{reason}", style)
            for line in change.diff() if change.state == "to change" else ():
                out.write(f"      {line}", styles.get(line[0], str))


def _error_status(options: dict[str, Any]) -> int:
    """Return the exit status of an error; with ``--check``, 1 is for changes."""
    return 2 if options["check"] else 1


def add_options_for_operators(parser: CommandParser) -> None:
    """Add the options for tags and access logs, which have no effect on the site."""
    parser.add_argument(
        "--access-logs",
        metavar="BUCKET/PREFIX",
        help="bucket for access logs, and the prefix of their names; none disables logging"
        " (default: unchanged)",
    )
    add_tag_option(parser)


def add_tag_option(parser: CommandParser) -> None:
    parser.add_argument(
        "--tag",
        action="append",
        dest="tags",
        default=[],
        metavar="KEY=VALUE",
        help="tag for what this command makes; repeat it for several tags (default: tags are"
        " unchanged)",
    )


def _names(changes: Sequence[Change], *states: State) -> str:
    return ", ".join(change.resource.name for change in changes if change.state in states)
