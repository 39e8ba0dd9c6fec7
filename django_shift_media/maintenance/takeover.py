"""
Build the migrations after which a media field has the name of the field that it replaces.

They add the media field, copy the files, remove the old field, and rename the media field.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from django.db import migrations, models
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.serializer import serializer_factory
from django.db.migrations.writer import OperationWriter
from django.db.models import NOT_PROVIDED

from django_shift_media.fields import MediaField
from django_shift_media.maintenance.operations import ImportMedia
from django_shift_media.media.references import AnyField

Model: TypeAlias = type[models.Model]

# What django-simple-history and django-pghistory set on the models that they make.
_TRACKED_MODEL_ATTRIBUTES = ("instance_type", "pgh_tracked_model")
# What belongs to the name of a field, not to its file.
_DISPLAY_OPTIONS = ("verbose_name", "help_text", "blank", "editable")


@dataclass(frozen=True)
class Takeover:
    """
    The media field ``target`` takes over the name of ``source``, in its model and its mirrors.

    ``mirrors`` are models with both fields that keep names but no files, such as a history. With
    ``keep``, the old names stay in a ``CharField`` of that name, otherwise they are removed.
    """

    source: models.FileField
    target: MediaField
    mirrors: Sequence[Model] = ()
    keep: str | None = None

    def __post_init__(self) -> None:
        for model in self.mirrors:
            names = {field.name for field in model._meta.local_fields}
            for name in (self.source.name, self.target.name):
                if name not in names:
                    raise ValueError(f"{model._meta.label} has no field {name!r}.")
        self._check_indexes()

    def _check_indexes(self) -> None:
        meta = self.source.model._meta
        names = {self.source.name, self.target.name}
        indexed = [index.name for index in meta.indexes if names & set(map(_bare, index.fields))]
        unique = [
            constraint.name
            for constraint in meta.constraints
            if names & set(getattr(constraint, "fields", ()))
        ]
        if names & {name for group in meta.unique_together for name in group}:
            unique.append("unique_together")
        if indexed or unique:
            raise ValueError(
                f"{meta.label} has indexes or constraints with one of these fields:"
                f" {', '.join(indexed + unique)}. Remove them first, and add them afterwards."
            )

    @property
    def models(self) -> list[Model]:
        return [self.source.model, *self.mirrors]

    def field_of(self, model: Model) -> AnyField:
        """Return the field of the model with the old name, as it is after the migrations."""
        return _displayed_as(*self._fields_of(model))

    def _fields_of(self, model: Model) -> tuple[Any, Any]:
        """Return the old and the new field of the model or of one of its mirrors."""
        meta = model._meta
        return meta.get_field(self.source.name), meta.get_field(self.target.name)

    def migrations(self) -> list[migrations.Migration]:
        """Return those that are missing, in their order; raise ``ValueError``."""
        loader = MigrationLoader(None)
        self._check_state(loader)
        series = _Series(loader)
        fields = f"{self.source.model._meta.model_name}_{self.target.name}"
        for app, operations in self._grouped(self._additions(loader)).items():
            series.append(app, fields, operations)
        labels = {model._meta.app_label for model in self.models}
        app = self.source.model._meta.app_label
        imported = series.append(app, f"import_{fields}", [self._import()], after=labels)
        imported.atomic = False
        renaming = f"{fields}_becomes_{self.source.name}"
        for app, operations in self._grouped(self._renamings()).items():
            series.append(app, renaming, operations, after={imported.app_label})
        return series.migrations

    def _check_state(self, loader: MigrationLoader) -> None:
        state = loader.project_state()
        for model in self.models:
            meta = model._meta
            known = state.models.get((meta.app_label, str(meta.model_name)))
            field = known.fields.get(self.source.name) if known else None
            if field is None:
                raise ValueError(f"{meta.label} has no migration yet. Run makemigrations first.")
            if isinstance(field, MediaField):
                raise ValueError(
                    f"The migrations of {meta.app_label!r} make {meta.label}.{self.source.name} a"
                    " MediaField already. Change the model accordingly."
                )

    @staticmethod
    def _grouped(operations: Iterable[tuple[Model, Operation]]) -> dict[str, list[Operation]]:
        groups: dict[str, list[Operation]] = defaultdict(list)
        for model, operation in operations:
            groups[model._meta.app_label].append(operation)
        return groups

    def _additions(self, loader: MigrationLoader) -> Iterator[tuple[Model, Operation]]:
        state = loader.project_state()
        names = [*self.target.metadata.names.values(), self.target.name]
        for model in self.models:
            meta = model._meta
            known = state.models[meta.app_label, str(meta.model_name)].fields
            fields = [field for field in meta.local_fields if field.name in names]
            for field in (field for field in fields if field.name not in known):
                yield model, _add(field)

    def _import(self) -> Operation:
        meta = self.source.model._meta
        mirrors = [model._meta.label for model in self.mirrors]
        return ImportMedia(
            str(meta.model_name), self.source.name, self.target.name, mirrors=mirrors
        )

    def _renamings(self) -> Iterator[tuple[Model, Operation]]:
        for model in self.models:
            name = str(model._meta.model_name)
            old, new = self._fields_of(model)
            if self.keep:
                yield model, migrations.RenameField(name, old.name, self.keep)
                yield model, migrations.AlterField(name, self.keep, kept_names(old))
            else:
                yield model, migrations.RemoveField(name, old.name)
            yield model, migrations.RenameField(name, new.name, old.name)
            field = self.field_of(model)
            if field.deconstruct()[1:] != new.deconstruct()[1:]:
                yield model, migrations.AlterField(name, old.name, field)


def mirrors_of(source: AnyField, target: AnyField) -> list[Model]:
    """Return the models of a history or of events that have both fields of a tracked model."""
    models_of_apps = source.model._meta.apps.get_models(include_auto_created=True)
    return [
        model
        for model in models_of_apps
        if any(
            getattr(model, attribute, None) is source.model
            for attribute in _TRACKED_MODEL_ATTRIBUTES
        )
        and {source.name, target.name} <= {field.name for field in model._meta.local_fields}
    ]


def kept_names(source: AnyField) -> "models.CharField[Any, Any]":
    """Return the field in which the names of old files are kept."""
    return models.CharField(
        max_length=source.max_length,
        blank=True,
        null=source.null,
        default="",
        editable=False,
        db_index=True,
    )


def declaration(name: str, field: AnyField) -> str:
    """Return the line of a model that declares a field."""
    text, _ = serializer_factory(field).serialize()
    path, parenthesis, arguments = text.partition("(")
    module, _, class_name = path.rpartition(".")
    class_name = (
        f"models.{class_name}" if module.startswith(("models", "django.db")) else class_name
    )
    options = [arguments.removesuffix(")")] if arguments != ")" else []
    # Not part of migrations.
    if getattr(field, "delete_orphans", False):
        options.append("delete_orphans=True")
    if warm := getattr(field, "warm", ()):
        options.append(f"warm={list(warm)!r}")
    return f"{name} = {class_name}{parenthesis}{', '.join(options)})"


def operation_lines(migration: migrations.Migration) -> str:
    """Return the operations of a migration as Python code."""
    return "\n".join(
        OperationWriter(each, indentation=0).serialize()[0] for each in migration.operations
    )


class _Series:
    """Migrations that follow those which exist, each after the last of its app."""

    def __init__(self, loader: MigrationLoader) -> None:
        self.migrations: list[migrations.Migration] = []
        self._last = {app: self._leaf(loader, app) for app in loader.migrated_apps}

    @staticmethod
    def _leaf(loader: MigrationLoader, app: str) -> str | None:
        names = [name for _, name in loader.graph.leaf_nodes(app)]
        if len(names) > 1:
            raise ValueError(
                f"The migrations of {app!r} conflict: {', '.join(names)}. Run makemigrations"
                " --merge first."
            )
        return names[0] if names else None

    def append(
        self, app: str, name: str, operations: list[Operation], after: Iterable[str] = ()
    ) -> Any:
        """Add a migration after the last one of its app, and of other apps."""
        number = (MigrationAutodetector.parse_number(self._last[app] or "") or 0) + 1
        migration: Any = migrations.Migration(f"{number:04}_{name}", app)
        migration.operations = operations
        migration.dependencies = [
            (label, last) for label in sorted({app, *after}) if (last := self._last[label])
        ]
        self._last[app] = migration.name
        self.migrations.append(migration)
        return migration


def _bare(name: str) -> str:
    return name.removeprefix("-")


def _add(field: AnyField) -> migrations.AddField:
    added = field.clone()
    has_default = field.null or field.default is not NOT_PROVIDED
    has_default = has_default or (field.blank and field.empty_strings_allowed)
    if not has_default:
        if not field.empty_strings_allowed:
            raise ValueError(f"{field} needs null=True or a default.")
        added.default = ""
    return migrations.AddField(
        str(field.model._meta.model_name), field.name, added, preserve_default=has_default
    )


def _displayed_as(old: AnyField, new: Any) -> AnyField:
    """Return the new field with the label, the help and the validation of the old one."""
    _, _, args, kwargs = new.deconstruct()
    _, _, _, shown = old.deconstruct()
    kept = {name: value for name, value in kwargs.items() if name not in _DISPLAY_OPTIONS}
    options = {name: shown[name] for name in _DISPLAY_OPTIONS if name in shown}
    field: AnyField = type(new)(*args, **kept, **options)
    for option in ("delete_orphans", "warm"):  # which deconstruct() leaves out
        if hasattr(new, option):
            setattr(field, option, getattr(new, option))
    return field
