"""Give each test media of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar
from unittest import TestCase

from django.conf import settings
from django.test import override_settings
from django.utils.module_loading import import_string

from django_shift_media.conf import conf
from django_shift_media.storages.base import MediaStorage
from django_shift_media.storages.selection import media_storage

# In memory, and in a folder.
_STORAGES = (
    "django_shift_media.testing.InMemoryMediaStorage",
    "django_shift_media.storages.local.LocalMediaStorage",
)
_ANY_NAME_STORAGES = (
    "django_shift_media.testing.any_names.InMemoryAnyNameStorage",
    "django_shift_media.testing.any_names.LocalAnyNameStorage",
)


@contextmanager
def isolated_media(folder: str | Path | None = None, *, any_names: bool = False) -> Iterator[None]:
    """
    Keep all media in memory or, if it is given, in a folder, until the block ends.

    The media storages of ``STORAGES`` are replaced, so that no test touches a bucket, and what was
    stored is forgotten. A folder is not deleted. With ``any_names``, rows of fixtures and factories
    may name any file, such as "chair.jpg": its resizes have URLs, as those of a key.
    """
    aliases = {alias for alias, options in settings.STORAGES.items() if _is_media(options)}
    alias = conf.storage or "media"
    replaced = {each: _isolated(each, folder, any_names) for each in {alias, *aliases}}
    storages = {**settings.STORAGES, **replaced}
    with override_settings(STORAGES=storages, SHIFT_MEDIA_STORAGE=alias):
        yield


def _is_media(options: dict[str, Any]) -> bool:
    return issubclass(import_string(options["BACKEND"]), MediaStorage)


def _isolated(alias: str, folder: str | Path | None, any_names: bool) -> dict[str, Any]:
    in_memory, local = _ANY_NAME_STORAGES if any_names else _STORAGES
    if folder is None:
        return {"BACKEND": in_memory}
    return {"BACKEND": local, "OPTIONS": {"location": str(Path(folder) / alias)}}


class IsolatedMediaMixin(TestCase):
    """
    Keep the media of each test of a ``TestCase`` in memory; see ``isolated_media()``.

    Each test begins with the files of ``setUpTestData()``, as with its rows. ``any_names`` is that
    of ``isolated_media()``.
    """

    any_names = False
    _media_of_class: ClassVar[dict[str, MediaStorage]] = {}

    @classmethod
    def setUpClass(cls) -> None:
        # Before Django calls setUpTestData().
        cls.enterClassContext(isolated_media(any_names=cls.any_names))
        cls._media_of_class = _media_storages()
        super().setUpClass()

    def setUp(self) -> None:
        super().setUp()
        self.enterContext(isolated_media(any_names=self.any_names))
        for alias, storage in _media_storages().items():
            if alias in self._media_of_class:  # not if the class overrides STORAGES
                _copy(self._media_of_class[alias], storage)


def _media_storages() -> dict[str, MediaStorage]:
    return {
        alias: media_storage(alias)
        for alias, options in settings.STORAGES.items()
        if _is_media(options)
    }


def _copy(source: MediaStorage, target: MediaStorage) -> None:
    for page in source.list_pages(""):
        for item in page:
            target.put(item.key, source.get(item.key))
