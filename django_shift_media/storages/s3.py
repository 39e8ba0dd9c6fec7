"""The media storage on S3, through django-storages and boto3."""

import os
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, BinaryIO, get_args
from urllib.parse import urlencode, urlsplit

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import File
from storages.backends.s3 import S3Storage
from urllib3.exceptions import HTTPError

from django_shift_media.naming import access_tokens, keys
from django_shift_media.naming.formats import served_content_type
from django_shift_media.naming.original_names import content_disposition
from django_shift_media.naming.urlconf import app_url, mount_url
from django_shift_media.storages import s3_cdn
from django_shift_media.storages.access import pop_access
from django_shift_media.storages.aws_partitions import is_aws_host
from django_shift_media.storages.base import MediaStorage, Mode, cache_control, check_size
from django_shift_media.storages.bulk_storage import require_deleted
from django_shift_media.storages.erasure import (
    TOMBSTONE_CONTENT,
    Invalidation,
    is_tombstone,
    tombstone_of,
)
from django_shift_media.storages.s3_connection import http_status as http_status
from django_shift_media.storages.s3_multipart import S3Multipart
from django_shift_media.storages.s3_options import check_options
from django_shift_media.storages.s3_versions import S3VersionedStorage
from django_shift_media.storages.upload_memory import request_body, upload_memory

# Marks resizes for lifecycle rules, which cannot match keys by a pattern.
RESIZE_TAG = ("shift-media", "resize")
# The responses to If-None-Match if the key exists, or is being written by another request.
_KEY_EXISTS_STATUSES = frozenset({409, 412})
# Seconds for which S3 gives a private file to whoever has its presigned URL.
_PRESIGNED_SECONDS = 300
# Bytes; larger files are uploaded in several requests, for which If-None-Match is not used.
_RANGE_NOT_SATISFIABLE = 416
_MAX_SINGLE_PUT = 64 * 1024 * 1024


class S3MediaStorage(S3VersionedStorage):
    """
    Media in an S3 bucket.

    Has the same options as django-storages' S3 backend, and:

    ``public_url``
        The base URL of the media for CDNs and other S3 servers: a scheme and a host, optionally a
        port and a path. A key is appended to it.
    ``upload_url``
        The base URL of another host to which browsers send direct uploads, such as
        "https://uploads.example.com"; unless it stands for the bucket, with the bucket as its path.
    ``mode``
        "website" (the default): the static website hosting of the bucket serves the media, and
        redirects requests for missing resizes to the app. "failover": a CDN serves the media, and
        asks the app for missing resizes. "app": the app serves resizes.
    ``tag_resizes``
        Whether resizes are stored with the tag that lifecycle rules need to expire them; False by
        default.
    ``access``
        "public" (the default): everyone may see the files. "private": only those whom
        ``permission`` allows may. The default of ``mode`` is then "app": the app redirects to
        presigned URLs, which are valid for ``querystring_expire`` seconds (300 by default). With
        "failover", CloudFront serves the media to browsers that have its signed cookies; see
        ``set_media_cookies()``.
    ``permission``
        The dotted path of a function that takes the request and the key of an original, and returns
        whether the user may see it and its resizes. By default, only the staff may.
    ``url_seconds``
        For how many seconds the app's URL of a private file is valid, at least (3600 by default)
        and at most twice as long.
    ``delete_versions``
        Whether a deletion also deletes all versions in a versioned bucket, instead of hiding them
        behind a delete marker; False by default.

    Without ``public_url`` and ``custom_domain``, the URLs are those of the bucket's website
    endpoint. With ``querystring_auth``, and in the mode "app" of a public storage, the URLs of
    originals are presigned; those of resizes never are.
    """

    # botocore does not wrap all exceptions of urllib3, for example if the body of an error
    # response is truncated (seen with botocore 1.44).
    backend_errors = (Boto3Error, BotoCoreError, ClientError, ResponseParserError, HTTPError)

    querystring_auth = False
    signature_version = "s3v4"
    file_overwrite = False

    def __init__(self, **options: Any) -> None:
        self.public_url_option: str | None = options.pop("public_url", None)
        self.upload_url: str = (options.pop("upload_url", None) or "").rstrip("/")
        self.access = pop_access(options)
        self.mode: Mode = options.pop("mode", "app" if self.access else "website")
        self.tag_resizes: bool = options.pop("tag_resizes", False)
        self.delete_versions: bool = options.pop("delete_versions", False)
        if self.mode not in get_args(Mode):
            raise ImproperlyConfigured(
                f"Unknown mode {self.mode!r}. Use one of: {', '.join(get_args(Mode))}."
            )
        if self.access:
            options = {"querystring_expire": _PRESIGNED_SECONDS, **options}
        elif self.mode == "app":  # The bucket is private, and the view does not serve originals.
            options.setdefault("querystring_auth", True)
        super().__init__(**options)
        check_options(self, options)

    @property
    def media_url(self) -> str:
        if self.public_url_option:
            return self.public_url_option.rstrip("/") + "/"
        if self.custom_domain:
            return f"{self.url_protocol}//{self.custom_domain}/{self.prefix}"
        if self.mode == "app":
            return mount_url(self.alias) if self.access else app_url(self.alias)
        # The website endpoints of AWS do not support HTTPS.
        return f"http://{self.website_host}/{self.prefix}"

    @property
    def place(self) -> Hashable:
        # The names of buckets are unique on AWS, whichever of its hosts is asked.
        host = urlsplit(self.endpoint_url or "").netloc
        return ("" if is_aws_host(host) else host, self.bucket_name, self.prefix)

    @property
    def multipart(self) -> S3Multipart:
        return S3Multipart(self)

    def url(
        self,
        name: str | None,
        parameters: dict[str, Any] | None = None,
        expire: int | None = None,
        http_method: str | None = None,
    ) -> str:
        is_presigned = self.querystring_auth and not self.access
        if name is not None and not (is_presigned or parameters or expire or http_method):
            return self.public_url(name)
        url: str = S3Storage.url(self, name, parameters, expire, http_method)
        return url

    @property
    def served_elsewhere(self) -> bool:
        return self.mode == "website" or self._presigns

    @property
    def _presigns(self) -> bool:
        """Whether the app gives private files by presigned URLs, as there is no CDN."""
        return self.access is not None and self.mode == "app"

    def access_query(self, key: str) -> str:
        return super().access_query(key) if self._presigns else ""

    def handover(self, key: str, method: str) -> Mapping[str, str]:
        # A CDN of a private storage asks the app only for originals that it may not read itself.
        if not (self._presigns or keys.is_original(key)):
            return {}
        seconds = self.querystring_expire
        # While a browser keeps the redirect, it finds the file in its cache. The presigned URL must
        # outlive the redirect. That of a HEAD request is good for nothing else.
        kept = f"private, max-age={seconds // 2}" if method == "GET" else "private, no-store"
        return {"Location": self.presigned_url(key, seconds, method), "Cache-Control": kept}

    def is_cdn_secret(self, secret: str) -> bool:
        is_private_cdn = self.access is not None and self.mode == "failover"
        return is_private_cdn and access_tokens.is_cdn_secret(self.bucket_name, secret)

    def presigned_url(self, key: str, seconds: int, method: str = "GET") -> str:
        parameters = self._bucket_and_key(key)
        if self.access and method == "GET":
            # A file that was copied from a public storage says that everyone may cache it.
            parameters["ResponseCacheControl"] = f"private, max-age={seconds}"
        with self.wrap_errors("sign", key):  # without credentials, for example
            return self.client.generate_presigned_url(
                "head_object" if method == "HEAD" else "get_object",
                Params=parameters,
                ExpiresIn=seconds,
            )

    def exists(self, key: str) -> bool:
        with self.wrap_errors("check", key):
            try:
                self.client.head_object(**self._bucket_and_key(key))
            except ClientError as error:
                # S3 responds with 403 for a missing object without permission to list the bucket.
                if http_status(error) in {403, 404}:
                    return False
                raise
            return True

    def get(self, key: str, *, max_bytes: int | None = None) -> bytes:
        with self.wrap_errors("read", key):
            try:
                response = self.client.get_object(**self._bucket_and_key(key))
            except ClientError as error:
                if error.response["Error"]["Code"] == "NoSuchKey":
                    raise FileNotFoundError(key) from error
                raise
            body = response["Body"]
            # ``with body as …`` would return urllib3's response, which does not verify the length
            # and raises other exceptions: https://github.com/boto/botocore/issues/3564
            with body:
                check_size(response["ContentLength"], max_bytes)
                return body.read()

    def read_range(self, key: str, offset: int, length: int) -> bytes:
        if length <= 0:
            return b""
        wanted = f"bytes={offset}-{offset + length - 1}"
        with self.wrap_errors("read", key):
            try:
                response = self.client.get_object(**self._bucket_and_key(key), Range=wanted)
            except ClientError as error:
                if error.response["Error"]["Code"] == "NoSuchKey":
                    raise FileNotFoundError(key) from error
                if http_status(error) == _RANGE_NOT_SATISFIABLE:
                    return b""
                raise
            with response["Body"] as body:
                data: bytes = body.read()
                return data

    def put_file(self, key: str, file: BinaryIO) -> None:
        # Without a tag: what workers make of a video takes too long to be expired by a rule.
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        if size <= _MAX_SINGLE_PUT:
            self._put_once(key, file.read())
            return
        with self.wrap_errors("write", key):
            self.client.upload_fileobj(
                file,
                **self._bucket_and_key(key),
                ExtraArgs=self._get_write_parameters(key),
                Config=self.transfer_config,
            )

    def put(self, key: str, data: bytes) -> None:
        tag = {"Tagging": urlencode([RESIZE_TAG])} if self.tag_resizes else {}
        self._put_once(key, data, **tag)

    def bury(self, original: str) -> None:
        key = tombstone_of(original)
        # In a versioned bucket, Ceph ignores If-None-Match, and adds a version (seen with 16.2).
        if not self.exists(key):
            # Without a tag: a lifecycle rule for resizes must not delete it.
            self._put_once(key, TOMBSTONE_CONTENT)

    def _put_once(self, key: str, data: bytes, **options: Any) -> None:
        with self.wrap_errors("write", key):
            try:
                self._put_new(key, data, **options)
            except ClientError as error:
                # Another process has stored the same content, or is storing it. It is not replaced,
                # because Ceph then responds to some concurrent reads with 500 (seen with 16.2).
                if http_status(error) not in _KEY_EXISTS_STATUSES:
                    raise

    def get_object_parameters(self, name: str) -> dict[str, Any]:
        return {
            "CacheControl": self.access.cache_control() if self.access else cache_control(),
            "ContentDisposition": content_disposition(name),
            "ContentType": served_content_type(name),
            **super().get_object_parameters(name),
        }

    def _get_write_parameters(self, name: str, content: object = None) -> dict[str, Any]:
        parameters: dict[str, Any] = super()._get_write_parameters(name, content)
        if "ContentDisposition" not in self.object_parameters:
            parameters |= self.disposition_of(name, content)
        return parameters

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        if keys.is_original(name):
            return name  # A random UUID; _save() handles the case that it exists.
        return super().get_available_name(name, max_length=max_length)

    def _save(self, name: str, content: "File[bytes]") -> str:
        with self.wrap_errors("write", name):
            if not keys.is_original(name):
                return str(super()._save(name, content))
            if self.copy_at_server(content, name):
                return name
            if content.size > _MAX_SINGLE_PUT:
                config = self.transfer_config
                with upload_memory().reserve(config.multipart_chunksize * config.max_concurrency):
                    return str(super()._save(MediaStorage.get_available_name(self, name), content))
            with request_body(content) as body:
                try:
                    self._put_new(name, body, content)
                except ClientError as error:
                    if http_status(error) not in _KEY_EXISTS_STATUSES:
                        raise
                    # The key exists, possibly from an earlier attempt whose response was lost.
                    name = keys.new_original(name)
                    content.seek(0)
                    self._put_new(name, body, content)
            return name

    def _put_new(self, name: str, body: Any, content: object = None, **options: Any) -> None:
        parameters = {**self._get_write_parameters(name, content), **options}
        self.client.put_object(
            **self._bucket_and_key(name), Body=body, IfNoneMatch="*", **parameters
        )

    def delete(self, name: str) -> None:
        """Delete a file; for an original, also delete all of its resizes."""
        with self.wrap_errors("delete", name):
            # The original first: see ``generation.storing``.
            S3Storage.delete(self, name)
            if not keys.is_original(name):
                if self.delete_versions:
                    require_deleted(self.delete_versions_of([name]))
                return
            prefix = keys.upload_prefix(name)
            for page in self.list_pages(prefix):
                found = [summary.key for summary in page]
                require_deleted(super().delete_many([x for x in found if not is_tombstone(x)]))
            if self.delete_versions:
                require_deleted(self.delete_versions_below(prefix))

    def delete_many(self, keys: Sequence[str]) -> dict[str, str]:
        errors = super().delete_many(keys)
        return {**self.delete_versions_of(keys), **errors} if self.delete_versions else errors

    def invalidate_cdn(self, originals: Sequence[str]) -> list[Invalidation]:
        return s3_cdn.invalidate(self, originals)

    def _bucket_and_key(self, key: str) -> dict[str, Any]:
        return {"Bucket": self.bucket_name, "Key": self.prefix + key}
