"""
The signed cookies with which CloudFront gives private media to a browser.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-setting-signed-cookie-custom-policy.html
"""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.http.response import HttpResponseBase

from django_shift_media.storages.s3 import S3MediaStorage
from django_shift_media.storages.selection import media_storage

_HOUR = 3600  # seconds
# Base64 with other characters than those that are special in cookies and URLs.
_SAFE = str.maketrans("+=/", "-_~")


def set_media_cookies(
    response: HttpResponseBase,
    *,
    storage: str | None = None,
    prefix: str = "",
    seconds: int = _HOUR,
    domain: str | None = None,
) -> None:
    """
    Let the browser that gets this response see private media on CloudFront, for ``seconds``.

    ``storage`` is its alias in ``STORAGES``, by default that of ``SHIFT_MEDIA_STORAGE``.
    ``prefix`` is the beginning of the keys that it may see, by default all of the storage: a view
    calls this after it has verified that the user may see them. CloudFront asks nobody, so the
    cookies are valid until they expire, wherever they are copied to. ``domain`` is the domain of
    the cookies, which those of the site and of the media must have in common; by default, it is the
    media's without the first label. One signature is computed, without any I/O.
    """
    private = _private_storage(storage)
    signer = private.cloudfront_signer
    url = private.media_url + prefix
    policy = signer.build_policy(f"{url}*", datetime.now(UTC) + timedelta(seconds=seconds))
    values = {
        "CloudFront-Policy": _encode(policy.encode()),
        "CloudFront-Signature": _encode(signer.rsa_signer(policy.encode())),
        "CloudFront-Key-Pair-Id": signer.key_id,
    }
    for name, value in values.items():
        place = _place(private, prefix, domain)
        response.set_cookie(
            name, value, max_age=seconds, secure=True, httponly=True, samesite="Lax", **place
        )


def delete_media_cookies(
    response: HttpResponseBase,
    *,
    storage: str | None = None,
    prefix: str = "",
    domain: str | None = None,
) -> None:
    """Delete the cookies of ``set_media_cookies()`` from the browser, as at logout."""
    place = _place(_private_storage(storage), prefix, domain)
    for name in ("CloudFront-Policy", "CloudFront-Signature", "CloudFront-Key-Pair-Id"):
        response.delete_cookie(name, samesite="Lax", **place)


def _private_storage(alias: str | None) -> S3MediaStorage:
    storage = media_storage(alias)
    if not (isinstance(storage, S3MediaStorage) and storage.access and storage.mode == "failover"):
        raise ImproperlyConfigured(
            'Signed cookies require an S3MediaStorage with "access": "private" and "mode":'
            ' "failover".'
        )
    if storage.cloudfront_signer is None:
        raise ImproperlyConfigured(
            'Signed cookies require "cloudfront_key_id" and "cloudfront_key" in the OPTIONS of the'
            " media storage: the id of a public key, and the private key in PEM format."
        )
    return storage


def _place(storage: S3MediaStorage, prefix: str, domain: str | None) -> dict[str, Any]:
    media = urlsplit(storage.media_url)
    path = (media.path + prefix).rpartition("/")[0] + "/"
    return {"domain": domain or str(media.hostname).partition(".")[2], "path": path}


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode().translate(_SAFE)
