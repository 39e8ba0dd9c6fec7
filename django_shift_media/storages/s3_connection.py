"""The connection to an S3 bucket: boto3 clients, the region and host names."""

import os
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from boto3.session import Session
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from storages.backends.s3 import S3Storage

from django_shift_media.storages.aws_partitions import is_aws_host, partition_of
from django_shift_media.storages.fork_safe_lock import ForkSafeLock

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.service_resource import Bucket, S3ServiceResource

DEFAULT_REGION = "us-east-1"
# The host of a website endpoint has "s3-website-REGION" in these older regions of AWS, and
# "s3-website.REGION" in all others: https://docs.aws.amazon.com/general/latest/gr/s3.html#s3_website_region_endpoints
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
# A visitor waits for these requests, and servers and proxies give up after about 30 seconds. Both
# timeouts are for the time without any data: a large file may take longer. With two attempts and
# up to one second between them, an unresponsive storage fails after 2 * (3 + 6) + 1 = 19 seconds.
_CONNECT_TIMEOUT = 3
_READ_TIMEOUT = 6
_ATTEMPTS = 2
_creation_lock = ForkSafeLock()


def http_status(error: ClientError) -> int:
    """Return the HTTP status of the response behind an error of boto3."""
    return error.response["ResponseMetadata"]["HTTPStatusCode"]


class S3Connection(S3Storage):  # type: ignore[misc]  # S3Storage is not typed
    """django-storages' S3 backend with one boto3 client per process and short timeouts."""

    client_config: Config

    def __init__(self, **options: Any) -> None:
        self._resources: dict[int, S3ServiceResource] = {}
        super().__init__(**options)
        given: Any = self.client_config
        # For botocore, s3.amazonaws.com is the default host of us-east-1.
        hosts: Any = {"us_east_1_regional_endpoint": "regional", **(given.s3 or {})}
        self.client_config = (
            Config(
                connect_timeout=_CONNECT_TIMEOUT,
                read_timeout=_READ_TIMEOUT,
                retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
                max_pool_connections=32,
            )
            .merge(given)
            .merge(Config(s3=hosts))
        )

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()
        return {**state, "_resources": {}}

    @property
    def client(self) -> "S3Client":
        """The boto3 client of this process: clients are thread-safe, but must not be forked."""
        return self._resource.meta.client

    @property
    def connection(self) -> "S3ServiceResource":
        # Resources are not thread-safe. A new one with an existing client takes microseconds
        # and opens no connection.
        return type(self._resource)(client=self.client)

    @property
    def _resource(self) -> "S3ServiceResource":
        pid = os.getpid()
        if pid not in self._resources:
            # Creating a client takes 13 MB and 0.1 s of CPU time, so concurrent threads wait for
            # the first one.
            with _creation_lock.held():
                if pid not in self._resources:
                    self._resources[pid] = self._new_resource()
        return self._resources[pid]

    def _new_resource(self) -> "S3ServiceResource":
        session: Session = self._create_session()
        resource = session.resource(
            "s3",
            region_name=self.region_name,
            use_ssl=self.use_ssl,
            endpoint_url=self.endpoint_url,
            config=self.client_config,
            verify=self.verify,
        )
        _presign_for_region(resource.meta.client)
        return resource

    def unsigned_url(self, key: str) -> str:
        """Return the URL of an object at the bucket's API, without asking for credentials."""
        client = self._create_session().client(
            "s3",
            region_name=self.region_name,
            use_ssl=self.use_ssl,
            endpoint_url=self.endpoint_url,
            config=self.client_config.merge(Config(signature_version=UNSIGNED)),
        )
        _presign_for_region(client)
        # botocore raises a TypeError for None, and what it documents for a text.
        parameters = {"Bucket": self.bucket_name or "", "Key": key}
        url: str = client.generate_presigned_url("get_object", Params=parameters)
        return url

    def aws_client(self, service: str, *, region: str | None = None) -> Any:
        """Return a boto3 client of another AWS service with the credentials of this storage."""
        # The signature version "s3v4" is for S3 and S3 Control only.
        signature = "s3v4" if service.startswith("s3") else "v4"
        config = self.client_config.merge(Config(signature_version=signature, read_timeout=60))
        session = self._create_session()
        return session.client(service, region_name=region or self.region, config=config)

    def is_foreign(self, client: Any) -> bool:
        """Return whether a client would send to AWS the keys of another S3 server."""
        own, other = self.endpoint_url, client.meta.endpoint_url
        return bool(own) and not _is_aws(own) and _is_aws(other)

    @property
    def bucket(self) -> "Bucket":
        return self.connection.Bucket(self.bucket_name)

    @property
    def prefix(self) -> str:
        """The option ``location`` as a prefix of keys: empty, or with a final slash."""
        location: str = self.location.strip("/")
        return f"{location}/" if location else ""

    @cached_property
    def region(self) -> str:
        region: str | None = self.region_name or self._create_session().region_name
        return region or DEFAULT_REGION

    @cached_property
    def website_host(self) -> str:
        """The host name of the bucket's website endpoint on AWS."""
        separator = "-" if self.region in _DASHED_REGIONS else "."
        return f"{self.bucket_name}.s3-website{separator}{self.region}.{self._aws_domain}"

    @cached_property
    def rest_host(self) -> str:
        """The host name of the bucket's REST endpoint on AWS."""
        return f"{self.bucket_name}.s3.{self.region}.{self._aws_domain}"

    @property
    def _aws_domain(self) -> str:
        return partition_of(self.region).domain


def _is_aws(url: str) -> bool:
    return is_aws_host(urlsplit(url).hostname or "")


def _presign_for_region(client: "S3Client") -> None:
    """
    Have a client of AWS presign URLs of the region's host.

    Otherwise, botocore presigns URLs of the global host. Newer regions refuse these, and others
    redirect them, which no preflight request may follow. Its condition is the configured style;
    endpoints have been derived from it already, so this changes no other requests.
    """
    config: Any = client.meta.config
    options = config.s3 or {}
    is_aws = is_aws_host(urlsplit(client.meta.endpoint_url).hostname or "")
    if is_aws and options.get("addressing_style") in {None, "auto"}:
        config.s3 = {**options, "addressing_style": "virtual"}
