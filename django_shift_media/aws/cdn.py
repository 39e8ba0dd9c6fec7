"""CloudFront before a media bucket, as the parts of a plan."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

from django_shift_media.aws import access
from django_shift_media.aws.bucket import Wanted, bucket_parts, set_option
from django_shift_media.aws.cloudfront import Certificate, Distribution, Progress, Resource
from django_shift_media.aws.common import Conflict, Document, NotYet, is_aws, our_id
from django_shift_media.aws.distribution import (
    cache_policy,
    deep_merge,
    failover_origins,
    merge_distribution,
    origin_access_control,
    resource_name,
    website_origins,
)
from django_shift_media.aws.plan import Part
from django_shift_media.aws.subresources import POLICY
from django_shift_media.aws.website import parse_app_url
from django_shift_media.storages.base import Mode
from django_shift_media.storages.s3 import S3MediaStorage

_UNKNOWN = "(known once it is there)"
# CloudFront takes certificates from this region only.
_CERTIFICATES = "us-east-1"
_COMMENT_LENGTH = 128  # characters, at most
_DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class CdnOptions:
    """
    What shall stand before the bucket; None leaves a thing as it is.

    ``app_url`` and ``mount`` say where the app is; only "failover" needs them. What takes AWS
    minutes is waited for if there is a ``waiting``, which is told how it goes.
    """

    mode: Mode
    mount: str
    app_url: str | None = None
    domain: str | None = None
    private_originals: bool | None = None
    remove: bool = False
    waiting: Progress | None = None


class Cdn:
    """
    A distribution before a storage's bucket, and what belongs to it.

    Raise ``Conflict`` or ``ValueError`` for what cannot be wanted of this storage.
    """

    def __init__(self, storage: S3MediaStorage, wanted: CdnOptions) -> None:
        _refuse(storage, wanted)
        self.storage = storage
        self.wanted = wanted
        client = storage.aws_client("cloudfront")
        self.name = name = resource_name(storage.bucket_name, our_id(storage.prefix))
        comment = f"django_shift_media: {storage.bucket_name}/{storage.prefix}"
        self.comment = comment[:_COMMENT_LENGTH]
        self.certificate: Certificate | None = None
        if wanted.domain:
            acm = storage.aws_client("acm", region=_CERTIFICATES)
            self.certificate = Certificate(acm, wanted.domain, wanted.waiting)
        self.policy = Resource(
            client,
            "CachePolicy",
            lambda summary: bool(summary["CachePolicyConfig"]["Name"] == name),
        )
        self.access_control = Resource(
            client,
            "OriginAccessControl",
            lambda summary: bool(summary["Name"] == name),
        )
        self.distribution = Distribution(client, self.comment, wanted.domain, wanted.waiting)

    def parts(self) -> list[Part]:
        """Return the parts, in the order to plan and to write them."""
        return list(self.removed_parts() if self.wanted.remove else self.wanted_parts())

    def wanted_parts(self) -> Iterator[Part]:
        if self.certificate:
            yield Part(
                name="certificate",
                read=self.certificate.read,
                merge=self.certificate.merge,
                write=self.certificate.write,
            )
        yield _part("cache policy", self.policy, cache_policy(self.name))
        if self.wanted.mode == "failover":
            document = origin_access_control(self.name)
            yield _part("origin access control", self.access_control, document)
        yield Part(
            name="distribution",
            read=self.distribution.read,
            merge=self.merge_distribution,
            write=self.distribution.write,
        )
        if self.wanted.mode == "failover":
            for part in bucket_parts(self.storage, self.bucket):
                yield replace(
                    part,
                    merge=partial(self.merge_bucket, part),
                    write=partial(self.write_bucket, part),
                )

    def removed_parts(self) -> Iterator[Part]:
        yield Part(
            name="distribution",
            read=self.distribution.read,
            merge=lambda _: None,
            write=self.distribution.write,
        )
        for name, resource in {
            "cache policy": self.policy,
            "origin access control": self.access_control,
        }.items():
            yield Part(name=name, read=resource.read, merge=self.merge_unused, write=resource.write)
        client, bucket = self.storage.client, self.storage.bucket_name
        yield Part(
            name="bucket's policy",
            read=partial(POLICY.read, client, bucket),
            merge=self.without_distribution,
            write=partial(POLICY.write, client, bucket),
        )

    # -- what parts become --------------------------------------------------------------------

    def merge_distribution(self, current: Document | None) -> Document:
        certificate = self.certificate
        if certificate and certificate.arn and not (certificate.is_issued or certificate.waiting):
            self.distribution.is_blocked = True
            raise NotYet("it waits for the certificate")
        return merge_distribution(
            current,
            self.origins(),
            comment=self.comment,
            policy=self.policy.id or _UNKNOWN,
            domain=self.wanted.domain,
            certificate=(certificate and certificate.arn) or _UNKNOWN,
        )

    def origins(self) -> Document:
        storage, wanted = self.storage, self.wanted
        if wanted.mode == "website":
            return website_origins(storage.website_host)
        return failover_origins(
            storage.rest_host,
            f"/{storage.prefix}".rstrip("/"),
            self.access_control.id or _UNKNOWN,
            parse_app_url(wanted.app_url or "", wanted.mount),
        )

    @property
    def bucket(self) -> Wanted:
        return Wanted(
            mode="failover",
            mount=self.wanted.mount,
            private_originals=self.wanted.private_originals,
            distribution_arn=self.distribution_arn,
        )

    def distribution_arn(self) -> str:
        return self.distribution.found["ARN"] if self.distribution.id else _UNKNOWN

    def merge_bucket(self, part: Part, current: Document | None) -> Document | None:
        """A bucket is made private once a distribution reads it all over the world."""
        if self.distribution.id is None and self.distribution.is_blocked:
            raise NotYet("it waits for the distribution")
        is_waited_for = self.distribution.waiting is not None
        if self.distribution.is_deploying and not is_waited_for:
            raise NotYet("it waits for the distribution, run this again later, or with --wait")
        return part.merge(current)

    def write_bucket(self, part: Part, wanted: Document | None) -> None:
        self.distribution.deploy()
        part.write(wanted)

    def merge_unused(self, current: Document | None) -> None:
        if current and self.distribution.id:
            raise NotYet("the distribution uses it")

    def without_distribution(self, current: Document | None) -> Document | None:
        id = our_id(self.storage.prefix)
        if access.distribution_of(access.own_statement(current, id)):
            return access.merge_policy(current, id, [])
        return current

    # -- what the user has to do --------------------------------------------------------------

    def advice(self) -> Iterator[str]:
        if self.wanted.remove or not self.distribution.id:
            return
        storage, wanted = self.storage, self.wanted
        host: str = self.distribution.found["DomainName"]
        if wanted.domain:
            yield f"DNS record to create: {wanted.domain} CNAME {host}"
            host = wanted.domain
        option, value, base = "custom_domain", host, f"https://{host}/"
        if wanted.mode == "website":
            base += storage.prefix
        elif storage.prefix:  # which the distribution adds
            option, value = "public_url", base
        if storage.media_url != base:
            yield set_option(option, value)
        if storage.mode != wanted.mode:
            yield set_option("mode", wanted.mode)

    def invalidate(self, paths: list[str]) -> str:
        """Make CloudFront forget what it keeps; return a line that says so."""
        if wrong := [path for path in paths if not path.startswith("/")]:
            raise ValueError(f"The path is {wrong[0]!r}, must begin with a slash, as in '/*'.")
        if not self.distribution.id:
            raise Conflict("There is no distribution whose copies could be invalidated.")
        id = self.distribution.invalidate(paths)
        return f"Invalidation {id} of {' '.join(paths)}"


def _part(name: str, resource: Resource, document: Document) -> Part:
    return Part(
        name=name,
        read=resource.read,
        merge=lambda current: deep_merge(current or {}, document),
        write=resource.write,
    )


def _refuse(storage: S3MediaStorage, wanted: CdnOptions) -> None:
    if storage.endpoint_url and not is_aws(storage.endpoint_url):
        raise Conflict(f"CloudFront cannot stand before {storage.endpoint_url!r}, only before S3.")
    if wanted.mode == "app":
        raise Conflict("In mode app the app answers: --mode must be website or failover.")
    if wanted.domain and not _DOMAIN.fullmatch(wanted.domain):
        raise ValueError(f"The domain is {wanted.domain!r}, must be as in 'media.example.com'.")
    if wanted.mode == "failover" and not (wanted.app_url or wanted.remove):
        raise Conflict("Failover needs --app-url, as in https://www.example.com.")
