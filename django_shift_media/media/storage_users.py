"""Which media storages the project uses, and where it names them."""

from django.apps import apps
from django.conf import settings

from django_shift_media.conf import conf
from django_shift_media.media.references import media_fields
from django_shift_media.naming.urlconf import APP_NAME, namespaces


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
