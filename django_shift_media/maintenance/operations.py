"""``ImportMedia``: the operation of a migration that copies files to a media field."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.apps.registry import Apps
from django.core.management.base import CommandError
from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import Q

from django_shift_media.maintenance.field_migration import FieldMigration
from django_shift_media.maintenance.results import Result
from django_shift_media.media.references import row_pages

_WORKERS = 8
# A row that is changed during a run is skipped; the next run takes it.
_MOST_RUNS = 10
_MOST_SHOWN = 20


class ImportMedia(Operation):
    """
    Copy the files of ``source`` to ``target`` in a migration, as ``import_media`` does.

    ``allow`` has the outcomes that may leave rows empty: "missing" (default), and "rejected". Any
    other stops the migration, so no later operation can remove a field whose files are not copied.
    ``mirrors`` are models with both fields whose rows name files without having them, such as
    "shop.HistoricalProduct": they get the names of the copies.

    Backward, it does nothing: the old field still has its files. Set ``atomic = False`` in the
    migration.
    """

    def __init__(
        self,
        model_name: str,
        source: str,
        target: str,
        *,
        mirrors: Sequence[str] = (),
        allow: Sequence[str] = ("missing",),
    ) -> None:
        self.model_name = model_name
        self.source = source
        self.target = target
        self.mirrors = list(mirrors)
        self.allow = list(allow)

    def deconstruct(self) -> Any:
        kwargs: dict[str, Any] = {
            "model_name": self.model_name,
            "source": self.source,
            "target": self.target,
        }
        if self.mirrors:
            kwargs["mirrors"] = self.mirrors
        if self.allow != ["missing"]:
            kwargs["allow"] = self.allow
        return type(self).__qualname__, [], kwargs

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        pass

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        apps: Apps = from_state.apps
        model = apps.get_model(app_label, self.model_name)
        using = schema_editor.connection.alias
        if schema_editor.collect_sql or not self.allow_migrate_model(using, model):
            return
        self._copy(model, using)
        for label in self.mirrors:
            self._mirror(model, apps.get_model(label), using)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        pass

    def describe(self) -> str:
        return f"Copy the files of {self.model_name}.{self.source} to {self.target}"

    @property
    def migration_name_fragment(self) -> str:
        return f"import_{self.model_name.lower()}_{self.target.lower()}"

    def _copy(self, model: type[models.Model], using: str) -> None:
        source, target = (model._meta.get_field(name) for name in (self.source, self.target))
        migration = FieldMigration(source, target, using)  # type: ignore[arg-type]
        for _ in range(_MOST_RUNS):
            results = [
                result for result in migration.run(workers=_WORKERS) if result.severity != "info"
            ]
            if not any(result.outcome == "skipped" for result in results):
                break
        if problems := [result for result in results if result.outcome not in self.allow]:
            raise CommandError("\n".join(self._explain(problems)))

    def _explain(self, problems: list[Result]) -> Iterator[str]:
        yield (
            f"Not copied: {len(problems):,} file(s) of {self.model_name}.{self.source} to"
            f" {self.target}:"
        )
        for result in problems[:_MOST_SHOWN]:
            yield f"  {result.outcome:<10} {result.name}: {result.note}"
        if len(problems) > _MOST_SHOWN:
            yield f"  and {len(problems) - _MOST_SHOWN:,} more"
        yield (
            "Correct these rows, and run the migration again: it continues. To leave rejected files"
            ' behind, set allow=["missing", "rejected"] in the migration.'
        )

    def _mirror(self, model: type[models.Model], mirror: Any, using: str) -> None:
        """Give the rows of a mirror the names, and the metadata, of the copies."""
        has_no_target = Q(**{self.target: ""}) | Q(**{self.target: None})
        rows = mirror._base_manager.using(using).filter(has_no_target)
        rows = rows.exclude(Q(**{self.source: ""}) | Q(**{self.source: None}))
        fields = [self.target, *self._metadata_fields(model, mirror)]
        for page in row_pages(rows.only("pk", self.source)):
            names = {str(getattr(row, self.source)) for row in page}
            copies = model._base_manager.using(using).filter(**{f"{self.source}__in": names})
            for name, *values in copies.exclude(has_no_target).values_list(self.source, *fields):
                same = rows.filter(**{self.source: name})
                same.update(**dict(zip(fields, values, strict=True)))

    def _metadata_fields(self, model: type[models.Model], mirror: type[models.Model]) -> list[str]:
        target: Any = model._meta.get_field(self.target)
        mirrored = {field.name for field in mirror._meta.fields}
        return [name for name in target.metadata.names.values() if name in mirrored]
