"""
Each examined file becomes the file of one row.

Its key comes from a browser, which may send a form twice. Deletion relies on what no committed row
names being named by nobody later, see ``media.orphans``.
"""

from django.db import models, router, transaction

from django_shift_media.conf import conf
from django_shift_media.generation.cache_lock import cache_key, cache_store
from django_shift_media.media import references
from django_shift_media.media.base_field import BaseMediaField
from django_shift_media.naming import keys
from django_shift_media.storages.base import MediaStorage

# Seconds for which a row that is being saved keeps others from naming its file.
_SAVING_SECONDS = 60


def claim(storage: MediaStorage, key: str, using: str) -> bool:
    """Return whether the file may become that of a row, which is about to be saved."""
    used = _cache_key("used", storage, key)
    if cache_store.get(used):
        return False
    if not cache_store.add(_cache_key("saving", storage, key), True, _SAVING_SECONDS):
        return False

    def note_used() -> None:
        cache_store.set(used, True, conf.upload_seconds)

    transaction.on_commit(note_used, using=using, robust=True)
    return True


def is_claimed(storage: MediaStorage, key: str, field: BaseMediaField | None) -> bool:
    """Return whether a file has become that of a row, which may have been deleted since."""
    if cache_store.get(_cache_key("used", storage, key)):
        return True
    if field is None:
        return False
    model: type[models.Model] = field.model
    return references.is_referenced(field, key, router.db_for_write(model))


def _cache_key(purpose: str, storage: MediaStorage, key: str) -> str:
    return cache_key(f"upload-{purpose}", storage, key[: keys.UUID_LENGTH])
