"""Which media storages the project uses, and where it names them."""

from django.apps import apps
from django.conf import settings

from django_shift_media.conf import conf
from django_shift_media.media.references import media_fields
from django_shift_media.naming.urlconf import APP_NAME, namespaces
from django_shift_media.storages.selection import media_storage


def storage_users() -> dict[str | None, list[str]]:
    """
    Return the aliases of the storages in use, each with the fields and URLconfs that name it.

    None is the default media storage.
    """
    users: dict[str | None, list[str]] = {None: []}
    for field in media_fields(apps):
        users.setdefault(field.storage_alias, []).append(str(field))
    for namespace in set(namespaces(settings.ROOT_URLCONF)) - {APP_NAME}:
        users.setdefault(namespace, []).append(f"the namespace in {settings.ROOT_URLCONF}")
    if conf.storage is not None:
        users[None] += users.pop(conf.storage, [])
    return users


def load_storages() -> None:
    """
    Load the storages in use, and the libraries that they need, when a server starts.

    Otherwise, the first page of each process does so, which takes a fifth of a second for boto3.
    No connection is opened and no thread is started, so the process may be forked afterwards.
    """
    for alias in storage_users():
        _ = media_storage(alias).media_url  # which looks up the region
