"""The methods that a media storage has to implement itself."""

from django.core.files.storage import Storage

from django_shift_media.storages.base import MediaStorage

# Of Django's interface. ``Storage.open()`` and ``Storage.save()`` call the first two.
_OF_FILES = ("_open", "_save", "size")
_OF_MEDIA = ("place", "media_url", "exists", "get", "put", "list_pages", "delete_many")
# What an ``AdaptedMediaStorage`` calls.
_TO_ADAPT = ("delete", "exists", "get_modified_time", "listdir")


def missing_methods(storage: Storage) -> list[str]:
    """Return what the class of a media storage, or of a storage to be adapted, has to define."""
    of_kind = _OF_MEDIA if isinstance(storage, MediaStorage) else _TO_ADAPT
    return [name for name in (*_OF_FILES, *of_kind) if not _defines(type(storage), name)]


def _defines(storage_class: type, name: str) -> bool:
    # A class may also override ``open()`` instead of ``_open()``.
    names = {name, name.removeprefix("_")}
    own = [each for each in storage_class.__mro__ if each not in MediaStorage.__mro__]
    definers = [each for each in storage_class.__mro__ if not names.isdisjoint(vars(each))]
    return bool(definers) and (definers[0] in own)
