from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.apps import apps
from django.core.management.base import CommandError, CommandParser
from django.db import models
from django.db.migrations.writer import MigrationWriter

from django_shift_media.fields import MediaField
from django_shift_media.maintenance.field_migration import FieldMigration
from django_shift_media.maintenance.results import Result
from django_shift_media.maintenance.takeover import (
    Takeover,
    declaration,
    kept_names,
    mirrors_of,
    operation_lines,
)
from django_shift_media.management.maintenance_command import (
    MaintenanceCommand,
    get_file_field,
    positive_int,
)


class Command(MaintenanceCommand):
    help = (
        "Copy the files of an ImageField or FileField to a MediaField of the same model, for all"
        " rows where the MediaField is empty. Each copy is verified; the old files are kept."
        " Then print the migrations that give the MediaField the name of the old field."
    )
    unit = "rows"
    into_media = True

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "source", metavar="FROM", help="the field to copy from, as app.Model.field"
        )
        parser.add_argument("target", metavar="TO", help="the field to copy to, as app.Model.field")
        parser.add_argument(
            "--limit", type=positive_int, metavar="N", help="maximum number of rows to copy"
        )
        if self.into_media:
            self.add_migration_arguments(parser)

    def add_migration_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--write-migrations",
            action="store_true",
            help="do not copy, but write the migrations that add the MediaField, copy the files,"
            " and give the MediaField the name of the old field; with --dry-run, print them",
        )
        parser.add_argument(
            "--keep-names",
            metavar="FIELD",
            help="in these migrations, keep the names of the old files in a CharField with this"
            " name (default: remove them)",
        )
        parser.add_argument(
            "--mirror",
            action="append",
            default=[],
            metavar="MODEL",
            help="in these migrations, another model that repeats both fields without having the"
            " files, as app.Model; those of django-simple-history and django-pghistory are found",
        )

    def handle(self, **options: Any) -> None:
        if options.get("write_migrations"):
            try:
                self.write_migrations(self.takeover(options), options)
            except ValueError as error:
                raise CommandError(str(error)) from error
            return
        super().handle(**options)
        is_partial = options["dry_run"] or options["limit"]
        if self.into_media and not (is_partial or options["json"] or options["quiet"]):
            self.print_next_steps(options)

    def process(self, options: dict[str, Any]) -> Iterator[Result]:
        source, target = self.fields(options)
        migration = FieldMigration(source, target)
        results = migration.run(
            workers=options["workers"], limit=options["limit"], dry_run=options["dry_run"]
        )
        yield from self.with_progress(results, migration.count(options["limit"]))

    def fields(self, options: dict[str, Any]) -> tuple[models.FileField, models.FileField]:
        source, target = (
            get_file_field(options[name], models.FileField) for name in ("source", "target")
        )
        media, other = (target, source) if self.into_media else (source, target)
        if not isinstance(media, MediaField) or isinstance(other, MediaField):
            raise ValueError(
                f"{media} must be a MediaField, and {other} must be a FileField other than a"
                " MediaField."
            )
        return source, target

    # -- migrations -------------------------------------------------------------------------------

    def takeover(self, options: dict[str, Any]) -> Takeover:
        source, target = self.fields(options)
        FieldMigration(source, target)  # which raises for fields of two models
        assert isinstance(target, MediaField)  # checked by fields()
        mirrors = mirrors_of(source, target)
        for label in options["mirror"]:
            try:
                mirrors.append(apps.get_model(label))
            except (LookupError, ValueError) as error:
                raise ValueError(f"Unknown model {label!r}. Use the form 'app.Model'.") from error
        return Takeover(source, target, tuple(dict.fromkeys(mirrors)), options["keep_names"])

    def write_migrations(self, takeover: Takeover, options: dict[str, Any]) -> None:
        for migration in takeover.migrations():
            writer = MigrationWriter(migration)
            if options["dry_run"]:
                self.stdout.write(f"# {writer.path}\n{writer.as_string()}")
            else:
                Path(writer.path).write_text(writer.as_string(), encoding="utf-8")
                self.stdout.write(f"wrote {writer.path}")
        self.print_declarations(takeover)
        self.stdout.write("Then run: python manage.py migrate")

    def print_declarations(self, takeover: Takeover) -> None:
        source, target = takeover.source, takeover.target
        self.stdout.write(
            f"Now replace {source.name} and {target.name} in {source.model._meta.label} by:\n"
        )
        if takeover.keep:
            self.stdout.write(f"    {declaration(takeover.keep, kept_names(source))}")
        field = takeover.field_of(source.model)
        self.stdout.write(f"    {declaration(source.name, field)}\n")

    def print_next_steps(self, options: dict[str, Any]) -> None:
        """Print the migrations that are missing, unless they exist."""
        try:
            takeover = self.takeover(options)
            migrations = takeover.migrations()
        except ValueError:  # --write-migrations says why
            return
        source, target = takeover.source, takeover.target
        self.stdout.write(
            f"\nTo give {target.name} the name {source.name!r}, write these migrations with"
            " --write-migrations. Do not change the class of the old field: its names are not keys."
        )
        for migration in migrations:
            name = f"{migration.app_label}/migrations/{migration.name}.py"
            self.stdout.write(f"\n# {name}\n{operation_lines(migration)}")
        self.print_declarations(takeover)
