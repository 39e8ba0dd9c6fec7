"""Media storages for tests whose rows name files that nobody has uploaded."""

import uuid

from django_shift_media.naming import keys
from django_shift_media.storages.base import MediaStorage
from django_shift_media.storages.local import LocalMediaStorage
from django_shift_media.testing.memory_storage import InMemoryMediaStorage


class AnyNameMixin(MediaStorage):
    """Give each name that is not a key the URLs of a key: always the same for the same name."""

    def stand_in(self, name: str) -> str:
        identifier = uuid.uuid5(uuid.NAMESPACE_URL, name)
        return keys.build_original(identifier, keys.normalize_name(name))


class InMemoryAnyNameStorage(AnyNameMixin, InMemoryMediaStorage):
    """An ``InMemoryMediaStorage`` with URLs for any name."""


class LocalAnyNameStorage(AnyNameMixin, LocalMediaStorage):
    """A ``LocalMediaStorage`` with URLs for any name."""
