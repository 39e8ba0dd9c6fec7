"""The options of a distribution, and whether a storage allows them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from django_shift_media.aws.cloudfront import Progress
from django_shift_media.aws.common import Conflict, is_aws, partition
from django_shift_media.aws.distribution_settings import DistributionSettings, check_settings
from django_shift_media.storages.aws_partitions import partition_has
from django_shift_media.storages.base import Mode
from django_shift_media.storages.s3 import S3MediaStorage

_DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]+")
_ACCESS_CONTROL_ID = re.compile("[A-Za-z0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class CdnOptions:
    """
    The desired distribution; None leaves a setting unchanged.

    ``app_url`` and ``mount`` locate the app; only mode "failover" needs them.
    ``app_access_control`` is the id of the origin access control with which CloudFront signs its
    requests to an app that is a Lambda function URL. With ``progress``,
    changes that take AWS minutes are waited for, and ``progress`` is called with status messages.
    ``route53`` also writes the DNS records. ``trusted_key`` is the public key that verifies the
    signed cookies of private media, in PEM format. ``tags`` are added to a new certificate and to
    the distribution.
    """

    mode: Mode
    mount: str
    app_url: str | None = None
    app_access_control: str | None = None
    domain: str | None = None
    private_originals: bool | None = None
    remove: bool = False
    route53: bool = False
    trusted_key: str | None = None
    progress: Progress | None = None
    settings: DistributionSettings = field(default_factory=DistributionSettings)
    tags: Mapping[str, str] = field(default_factory=dict)


def check_options(storage: S3MediaStorage, options: CdnOptions) -> None:
    """Raise ``Conflict`` or ``ValueError`` if a storage does not allow the options."""
    if storage.endpoint_url and not is_aws(storage.endpoint_url):
        raise Conflict(f"CloudFront requires a bucket on AWS, not on {storage.endpoint_url!r}.")
    name = partition(storage.region)
    if not partition_has(name, "cloudfront"):
        raise Conflict(
            f"There is no CloudFront in the partition {name} of the region {storage.region!r}."
        )
    if options.mode == "app":
        raise Conflict("Mode app does not use CloudFront. Use --mode website or --mode failover.")
    if options.domain and not _DOMAIN.fullmatch(options.domain):
        raise ValueError(
            f"Invalid domain {options.domain!r}. Use a host name, such as 'media.example.com'."
        )
    control = options.app_access_control
    if control and not _ACCESS_CONTROL_ID.fullmatch(control):
        raise ValueError(
            f"Invalid id of an origin access control {control!r}. Use one such as 'E1A2B3C4D5E6F7'."
        )
    if storage.access and options.mode != "failover":
        raise Conflict("The storage is private. Use --mode failover, and --trusted-key-group.")
    if options.trusted_key and not storage.access:
        raise Conflict(
            '--trusted-key-group requires "access": "private" in the OPTIONS of the storage.'
        )
    if options.trusted_key and "BEGIN PUBLIC KEY" not in options.trusted_key:
        raise ValueError("The file of --trusted-key-group is not a public key in PEM format.")
    if options.route53 and not options.domain:
        raise Conflict("--route53 requires --domain.")
    check_settings(options.settings)
    if options.mode == "failover" and not (options.app_url or options.remove):
        raise Conflict("Mode failover requires --app-url, such as https://www.example.com.")


def check_app_host(options: CdnOptions, hosts: Sequence[str] = ()) -> None:
    """Raise ``Conflict`` if CloudFront, which has these hosts, would ask itself for the app."""
    host = urlsplit(options.app_url or "").hostname
    if host and host in {options.domain, *hosts}:
        raise Conflict(
            f"--app-url has the host {host!r} of the distribution itself, which would request"
            " missing files from itself. Use the public URL of the app."
        )
