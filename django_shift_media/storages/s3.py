"""Media on S3, through django-storages and boto3."""

import os
from functools import cached_property
from typing import TYPE_CHECKING, Any, get_args
from urllib.parse import urlencode

from boto3.exceptions import Boto3Error
from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import File
from storages.backends.s3 import S3Storage
from urllib3.exceptions import HTTPError

from django_shift_media.naming import keys
from django_shift_media.naming.formats import content_disposition, content_type
from django_shift_media.storages.base import CACHE_CONTROL, MediaStorage, Mode, check_size
from django_shift_media.storages.fork_safe_lock import ForkSafeLock
from django_shift_media.storages.s3_bulk import S3BulkStorage

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.service_resource import Bucket, S3ServiceResource

DEFAULT_REGION = "us-east-1"
# AWS spells the host of a website endpoint with a dash in its oldest regions, with a dot in all
# others: https://docs.aws.amazon.com/general/latest/gr/s3.html#s3_website_region_endpoints
_DASHED_REGIONS = frozenset(
    {
        "us-east-1",
        "us-west-1",
        "us-west-2",
        "eu-west-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "ap-northeast-1",
        "sa-east-1",
        "us-gov-west-1",
    }
)
# A viewer waits for these requests, and servers and proxies wait for about 30 seconds. Both
# limits are of silence: a large file may take as long as it keeps moving. With two attempts and
# a pause of up to a second, a storage that is silent is given up after 2 * (3 + 6) + 1 = 19.
_CONNECT_TIMEOUT = 3
_READ_TIMEOUT = 6
_ATTEMPTS = 2
# What tells resizes from originals for lifecycle rules: those know no wildcards.
RESIZE_TAG = ("shift-media", "resize")
# What S3 answers to If-None-Match for a key that is taken, or is being written at this moment.
_TAKEN = frozenset({409, 412})
# Bytes that are sent in one request, which S3 refuses if the key is taken.
_ONE_REQUEST = 64 * 1024 * 1024
_creating = ForkSafeLock()


class S3MediaStorage(S3BulkStorage, S3Storage):  # type: ignore[misc]  # S3Storage is not typed
    """
    Media in an S3 bucket.

    Takes the options of django-storages' S3 backend, and:

    ``public_url``
        The base URL under which the bucket's media are seen, for CDNs and other S3 servers: a
        scheme and a host, possibly a port and a path. A key follows it directly.
    ``mode``
        "website" (the default): the bucket's website answers, and redirects to the app for what
        is missing. "failover": a CDN asks the app for what is missing. "app": the app answers.

    Without ``public_url`` and ``custom_domain``, media are seen at the bucket's website
    endpoint. With ``querystring_auth``, and in mode "app", the URLs of originals are presigned;
    those of resizes never are.
    """

    # botocore lets some of urllib3 through: for one, where the body of a refusal is cut short.
    failures = (Boto3Error, BotoCoreError, ClientError, ResponseParserError, HTTPError)
    client_config: Config

    querystring_auth = False
    signature_version = "s3v4"
    file_overwrite = False

    def __init__(self, **options: Any) -> None:
        self.public_url_option: str | None = options.pop("public_url", None)
        self.mode: Mode = options.pop("mode", "website")
        self.tag_resizes: bool = options.pop("tag_resizes", False)
        if self.mode not in get_args(Mode):
            raise ImproperlyConfigured(
                f"mode is {self.mode!r}, must be one of: {', '.join(get_args(Mode))}."
            )
        if self.mode == "app":  # nobody else may read, and the view gives no originals
            options.setdefault("querystring_auth", True)
        if options.get("default_acl"):
            raise ImproperlyConfigured(
                f"default_acl is {options['default_acl']!r}: ACLs are disabled in new buckets,"
                " readers are let in by the bucket's policy (manage.py configure_media_bucket)."
            )
        self._resources: dict[int, S3ServiceResource] = {}
        super().__init__(**options)
        self.client_config = Config(
            connect_timeout=_CONNECT_TIMEOUT,
            read_timeout=_READ_TIMEOUT,
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
            max_pool_connections=32,
        ).merge(self.client_config)

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()
        return {**state, "_resources": {}}

    # -- connections --------------------------------------------------------------------------

    @property
    def client(self) -> "S3Client":
        """The one boto3 client of this process. Clients may be shared by threads, not by forks."""
        return self._resource.meta.client

    @property
    def connection(self) -> "S3ServiceResource":
        # Resources must not even be shared by threads. One on a client that exists costs
        # microseconds and opens nothing.
        return type(self._resource)(client=self.client)

    @property
    def _resource(self) -> "S3ServiceResource":
        process = os.getpid()
        if process not in self._resources:
            # One takes 13 MB, and 0.1 s of a processor: fifty threads that need it wait for one.
            with _creating.held():
                if process not in self._resources:
                    self._resources[process] = self._new_resource()
        return self._resources[process]

    def _new_resource(self) -> "S3ServiceResource":
        session: Session = self._create_session()
        return session.resource(
            "s3",
            region_name=self.region_name,
            use_ssl=self.use_ssl,
            endpoint_url=self.endpoint_url,
            config=self.client_config,
            verify=self.verify,
        )

    def aws_client(self, service: str, *, region: str | None = None) -> Any:
        """Return a client of another service, with this storage's credentials."""
        # The storage's own signature is for S3, and what has S3 in its name.
        signature = "s3v4" if service.startswith("s3") else "v4"
        config = self.client_config.merge(Config(signature_version=signature, read_timeout=60))
        session = self._create_session()
        return session.client(service, region_name=region or self.region, config=config)

    @property
    def bucket(self) -> "Bucket":
        return self.connection.Bucket(self.bucket_name)

    # -- URLs ---------------------------------------------------------------------------------

    @property
    def base(self) -> str:
        if self.public_url_option:
            return self.public_url_option.rstrip("/") + "/"
        if self.custom_domain:
            return f"{self.url_protocol}//{self.custom_domain}/{self.prefix}"
        if self.mode == "app":
            return str(settings.MEDIA_URL)
        # AWS's website endpoints have no HTTPS.
        return f"http://{self.website_host}/{self.prefix}"

    @property
    def prefix(self) -> str:
        """``location`` as the beginning of keys: "" or with a final slash."""
        location: str = self.location.strip("/")
        return f"{location}/" if location else ""

    @cached_property
    def region(self) -> str:
        region: str | None = self.region_name or self._create_session().region_name
        return region or DEFAULT_REGION

    @cached_property
    def website_host(self) -> str:
        """The host of the bucket's website endpoint on AWS."""
        separator = "-" if self.region in _DASHED_REGIONS else "."
        return f"{self.bucket_name}.s3-website{separator}{self.region}.{self._aws_domain}"

    @cached_property
    def rest_host(self) -> str:
        """The host of the bucket's REST endpoint on AWS."""
        return f"{self.bucket_name}.s3.{self.region}.{self._aws_domain}"

    @property
    def _aws_domain(self) -> str:
        return "amazonaws.com.cn" if self.region.startswith("cn-") else "amazonaws.com"

    def url(
        self,
        name: str | None,
        parameters: dict[str, Any] | None = None,
        expire: int | None = None,
        http_method: str | None = None,
    ) -> str:
        if name is not None and not (self.querystring_auth or parameters or expire or http_method):
            return self.public_url(name)
        url: str = S3Storage.url(self, name, parameters, expire, http_method)
        return url

    # -- objects ------------------------------------------------------------------------------

    def exists(self, key: str) -> bool:
        with self.wrap_errors("look for", key):
            try:
                self.client.head_object(**self._address(key))
            except ClientError as error:
                # 403 is what S3 says of a missing object to those who may not list the bucket.
                if http_status(error) in {403, 404}:
                    return False
                raise
            return True

    def get(self, key: str, *, max_bytes: int | None = None) -> bytes:
        with self.wrap_errors("read", key):
            try:
                answer = self.client.get_object(**self._address(key))
            except ClientError as error:
                if error.response["Error"]["Code"] == "NoSuchKey":
                    raise FileNotFoundError(key) from error
                raise
            body = answer["Body"]
            with body:  # which gives what is below it: without its checks, with other errors
                check_size(answer["ContentLength"], max_bytes)
                return body.read()

    def put(self, key: str, data: bytes) -> None:
        tag = {"Tagging": urlencode([RESIZE_TAG])} if self.tag_resizes else {}
        with self.wrap_errors("write", key):
            try:
                self._put_new(key, data, **tag)
            except ClientError as error:
                # Another process has stored the same, or is about to. Readers never meet an
                # object that is being replaced: Ceph answers some of them with 500.
                if http_status(error) not in _TAKEN:
                    raise

    def get_object_parameters(self, name: str) -> dict[str, Any]:
        return {
            "CacheControl": CACHE_CONTROL,
            "ContentDisposition": content_disposition(name),
            "ContentType": content_type(name),
            **super().get_object_parameters(name),
        }

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        if keys.is_original(name):
            return name  # a fresh one by chance of 1 in 2 ** 122; _save() makes sure
        return super().get_available_name(name, max_length=max_length)

    def _save(self, name: str, content: "File[bytes]") -> str:
        with self.wrap_errors("write", name):
            if not keys.is_original(name):
                return str(super()._save(name, content))
            if self.copy_at_server(content, name):
                return name
            if content.size > _ONE_REQUEST:
                return str(super()._save(MediaStorage.get_available_name(self, name), content))
            content.seek(0)
            data = content.read()
            try:
                self._put_new(name, data)
            except ClientError as error:
                if http_status(error) not in _TAKEN:
                    raise
                # Taken, be it by an earlier attempt of ours whose answer was lost.
                name = keys.new_original(name)
                self._put_new(name, data)
            return name

    def _put_new(self, name: str, data: bytes, **options: Any) -> None:
        parameters = {**self._get_write_parameters(name), **options}
        self.client.put_object(**self._address(name), Body=data, IfNoneMatch="*", **parameters)

    def delete(self, name: str) -> None:
        """Delete a file; an original takes all of its resizes along."""
        with self.wrap_errors("delete", name):
            if not keys.is_original(name):
                super().delete(name)
                return
            upload = self.prefix + keys.upload_prefix(name)
            self.bucket.objects.filter(Prefix=upload).delete()

    def _address(self, key: str) -> dict[str, Any]:
        return {"Bucket": self.bucket_name, "Key": self.prefix + key}


def http_status(error: ClientError) -> int:
    """Return the HTTP status of the answer that boto3 made an error of."""
    return error.response["ResponseMetadata"]["HTTPStatusCode"]
