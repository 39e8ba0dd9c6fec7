"""Refuse options of the storage on S3 that cannot work, and find those that are inherited."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

_POLICY = "manage.py configure_media_bucket grants read access with a bucket policy."


def check_options(storage: Any, options: Mapping[str, Any]) -> None:
    """
    Raise ``ImproperlyConfigured`` for options that would give broken URLs, or send an ACL.

    ``options`` are those in ``STORAGES``; all others are inherited from the settings ``AWS_*``.
    """
    _check_acl(storage, options)
    _check_domain(
        storage.custom_domain,
        "custom_domain" if "custom_domain" in options else "AWS_S3_CUSTOM_DOMAIN",
    )
    _check_public_url(storage.public_url_option)
    if storage.upload_url:
        _check_url("upload_url", storage.upload_url, "https://uploads.example.com")
    _check_access(storage)
    _check_credentials(storage)


def _check_access(storage: Any) -> None:
    """Refuse a private storage whose URLs would not lead to the app, or to CloudFront."""
    if storage.access and storage.mode == "website":
        raise ImproperlyConfigured(
            'The mode "website" serves files to everyone. With "access": "private", use "app" or'
            ' "failover".'
        )
    if storage.access and storage.mode == "app" and storage.custom_domain:
        raise ImproperlyConfigured(
            f'With "access": "private" and "mode": "app", the app serves the URLs, but'
            f' custom_domain is {storage.custom_domain!r}. Set "custom_domain": None, or'
            ' "mode": "failover" for CloudFront with signed cookies.'
        )


def _check_credentials(storage: Any) -> None:
    if bool(storage.access_key) == bool(storage.secret_key):
        return
    given, missing = "access_key", "secret_key"
    if storage.secret_key:
        given, missing = missing, given
    raise ImproperlyConfigured(
        f"The media storage has {given!r}, but not {missing!r}. Set both in its OPTIONS, or"
        " neither, so that boto3 finds credentials by itself."
    )


def _check_acl(storage: Any, options: Mapping[str, Any]) -> None:
    if storage.default_acl:
        source = "default_acl" if "default_acl" in options else "AWS_DEFAULT_ACL"
        raise ImproperlyConfigured(
            f"Unsupported {source} {storage.default_acl!r}: new buckets have ACLs disabled."
            + (
                f" Remove default_acl; {_POLICY}"
                if source == "default_acl"
                else ' Set "default_acl": None in the OPTIONS of the media storage; ' + _POLICY
            )
        )
    if "object_parameters" in options:  # with some other servers, an ACL is necessary
        return
    for name, value in storage.object_parameters.items():
        if name == "ACL" or name.startswith("Grant"):
            raise ImproperlyConfigured(
                f"Unsupported {name} {value!r} in AWS_S3_OBJECT_PARAMETERS, which the media storage"
                ' inherits: new buckets have ACLs disabled. Set "object_parameters": {} in the'
                f" OPTIONS of the media storage; {_POLICY}"
            )


def _check_domain(domain: str | None, source: str) -> None:
    if domain and ("//" in domain or domain.endswith("/")):
        host = domain.rpartition("//")[2].strip("/") or "media.example.com"
        raise ImproperlyConfigured(
            f"Invalid {source} {domain!r}. Use a domain without a scheme and without a final"
            f" slash, such as {host!r}."
        )


def _check_public_url(url: str | None) -> None:
    if not url or re.match("/(?!/)", url):  # a path is on the host of the page
        return
    _check_url("public_url", url, "https://media.example.com")


def _check_url(option: str, url: str, example: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.query or parts.fragment:
        raise ImproperlyConfigured(
            f"Invalid {option} {url!r}. Use a URL with a scheme and a host, such as {example!r}."
        )


def rest_endpoint(storage: Any) -> tuple[str, str] | None:
    """
    Return the option and the host if media URLs are those of S3's REST API.

    It knows no routing rules, so missing resizes would not be redirected to the app.
    """
    # System checks import this module on local disk, too, and that one imports botocore.
    from django_shift_media.storages.aws_partitions import is_rest_host

    for option, value in (
        ("public_url", urlsplit(storage.public_url_option or "").hostname),
        ("custom_domain", (storage.custom_domain or "").partition("/")[0]),
    ):
        if value:
            return (option, value) if is_rest_host(value) else None
    return None


def inherited_options(options: Mapping[str, Any]) -> Iterator[tuple[str, Any, str]]:
    """
    Yield settings ``AWS_*`` that change keys or caching of media, and are not in ``options``.

    Each is the name of the setting, its value, and what it should be in the options.
    """
    location = getattr(settings, "AWS_LOCATION", "")
    if location and "location" not in options:
        yield "AWS_LOCATION", location, '"location": ""'
    parameters = getattr(settings, "AWS_S3_OBJECT_PARAMETERS", None) or {}
    if "CacheControl" in parameters and "object_parameters" not in options:
        value = {"CacheControl": parameters["CacheControl"]}
        yield "AWS_S3_OBJECT_PARAMETERS", value, '"object_parameters": {}'
    domain = getattr(settings, "AWS_S3_CUSTOM_DOMAIN", None)
    if domain and not {"custom_domain", "public_url"} & options.keys():
        yield "AWS_S3_CUSTOM_DOMAIN", domain, '"custom_domain": None'
