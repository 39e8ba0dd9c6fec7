"""Give each test media of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import TestCase

from django.conf import settings
from django.test import override_settings
from django.utils.module_loading import import_string

from django_shift_media.conf import conf
from django_shift_media.storages.base import MediaStorage


@contextmanager
def isolated_media(folder: str | Path | None = None) -> Iterator[None]:
    """
    Keep all media in memory or, if it is given, in a folder, until the block ends.

    The media storages of ``STORAGES`` are replaced, so that no test touches a bucket, and what was
    stored is forgotten. A folder is not deleted.
    """
    aliases = {alias for alias, storage in settings.STORAGES.items() if _is_media(storage)}
    alias = conf.storage or "media"
    replaced = {each: _isolated(each, folder) for each in {alias, *aliases}}
    storages = {**settings.STORAGES, **replaced}
    with override_settings(STORAGES=storages, SHIFT_MEDIA_STORAGE=alias):
        yield


def _is_media(storage: dict[str, Any]) -> bool:
    return issubclass(import_string(storage["BACKEND"]), MediaStorage)


def _isolated(alias: str, folder: str | Path | None) -> dict[str, Any]:
    if folder is None:
        return {"BACKEND": "django_shift_media.testing.InMemoryMediaStorage"}
    return {
        "BACKEND": "django_shift_media.storages.local.LocalMediaStorage",
        "OPTIONS": {"location": str(Path(folder) / alias)},
    }


class IsolatedMediaMixin(TestCase):
    """Keep the media of each test of a ``TestCase`` in memory; see ``isolated_media()``."""

    def setUp(self) -> None:
        super().setUp()
        self.enterContext(isolated_media())
