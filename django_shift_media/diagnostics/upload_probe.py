"""Send parts of an upload as a browser does, and abort it."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from django.apps import apps

from django_shift_media.diagnostics.http_trace import fetch
from django_shift_media.diagnostics.models import Trace
from django_shift_media.media.references import media_fields
from django_shift_media.storages.base import MediaStorage
from django_shift_media.storages.multipart import Part
from django_shift_media.storages.s3 import S3MediaStorage

_BODY = b"check_media"
_SECONDS = 300  # for which the URL of a part is valid


def takes_uploads(storage: MediaStorage) -> bool:
    """Return whether browsers send the files of a field straight to this storage."""
    return any(field.direct and field.storage is storage for field in media_fields(apps))


def send_parts(storage: S3MediaStorage, key: str, site: str) -> Iterator[Trace]:
    """
    Yield the response to each request of an upload that is never completed.

    Without a ``site``, there is no preflight request, which needs the origin of the pages. Raise
    ``StorageUnavailable`` if the upload cannot begin.
    """
    multipart = storage.multipart
    upload = multipart.begin(key, key.rpartition("/")[2])
    try:
        url = multipart.part_url(key, upload, Part(1, len(_BODY)), _SECONDS)
        if site:
            headers = {"Origin": origin_of(site), "Access-Control-Request-Method": "PUT"}
            yield Trace("preflight", [fetch(url, "OPTIONS", headers=headers)])
        yield Trace("part", [fetch(url, "PUT", body=_BODY)])
        yield Trace("longer_part", [fetch(url, "PUT", body=_BODY + b"!")])
    finally:
        multipart.abort(key, upload)


def origin_of(site: str) -> str:
    parts = urlsplit(site)
    return f"{parts.scheme}://{parts.netloc}"
