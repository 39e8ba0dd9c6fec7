"""A CloudFront distribution in front of a media bucket, as resources of a plan."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

from django_shift_media.aws import access
from django_shift_media.aws.bucket import BucketOptions, bucket_resources, storage_option_hint
from django_shift_media.aws.cloudfront import (
    Certificate,
    CloudFrontResource,
    Distribution,
    Progress,
)
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
from django_shift_media.aws.plan import Resource
from django_shift_media.aws.subresources import POLICY
from django_shift_media.aws.website import parse_app_url
from django_shift_media.storages.base import Mode
from django_shift_media.storages.s3 import S3MediaStorage

_PLACEHOLDER = "(known after it is created)"
# CloudFront only accepts certificates from this region.
_CERTIFICATE_REGION = "us-east-1"
_MAX_COMMENT_LENGTH = 128  # characters of a distribution's comment
_DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class CdnOptions:
    """
    The desired distribution; None leaves a setting unchanged.

    ``app_url`` and ``mount`` locate the app; only mode "failover" needs them. With ``progress``,
    changes that take AWS minutes are waited for, and ``progress`` is called with status messages.
    """

    mode: Mode
    mount: str
    app_url: str | None = None
    domain: str | None = None
    private_originals: bool | None = None
    remove: bool = False
    progress: Progress | None = None


class Cdn:
    """
    The distribution of a storage's bucket, with its certificate, policies and access control.

    Raise ``Conflict`` or ``ValueError`` if this storage does not allow the options.
    """

    def __init__(self, storage: S3MediaStorage, options: CdnOptions) -> None:
        _check_options(storage, options)
        self.storage = storage
        self.options = options
        client = storage.aws_client("cloudfront")
        self.name = name = resource_name(storage.bucket_name, our_id(storage.prefix))
        comment = f"django_shift_media: {storage.bucket_name}/{storage.prefix}"
        self.comment = comment[:_MAX_COMMENT_LENGTH]
        self.certificate: Certificate | None = None
        if options.domain:
            acm = storage.aws_client("acm", region=_CERTIFICATE_REGION)
            self.certificate = Certificate(acm, options.domain, options.progress)
        self.policy = CloudFrontResource(
            client,
            "CachePolicy",
            lambda summary: bool(summary["CachePolicyConfig"]["Name"] == name),
        )
        self.access_control = CloudFrontResource(
            client,
            "OriginAccessControl",
            lambda summary: bool(summary["Name"] == name),
        )
        self.distribution = Distribution(client, self.comment, options.domain, options.progress)

    def resources(self) -> list[Resource]:
        """Return the resources, in the order to plan and write them."""
        return list(self.removed_resources() if self.options.remove else self.desired_resources())

    def desired_resources(self) -> Iterator[Resource]:
        if self.certificate:
            yield Resource(
                name="certificate",
                read=self.certificate.read,
                merge=self.certificate.merge,
                write=self.certificate.write,
            )
        yield _resource("cache policy", self.policy, cache_policy(self.name))
        if self.options.mode == "failover":
            document = origin_access_control(self.name)
            yield _resource("origin access control", self.access_control, document)
        yield Resource(
            name="distribution",
            read=self.distribution.read,
            merge=self.merge_distribution,
            write=self.distribution.write,
        )
        if self.options.mode == "failover":
            for resource in bucket_resources(self.storage, self.bucket_options):
                yield replace(
                    resource,
                    merge=partial(self.merge_bucket, resource),
                    write=partial(self.write_bucket, resource),
                )

    def removed_resources(self) -> Iterator[Resource]:
        yield Resource(
            name="distribution",
            read=self.distribution.read,
            merge=lambda _: None,
            write=self.distribution.write,
        )
        for name, resource in {
            "cache policy": self.policy,
            "origin access control": self.access_control,
        }.items():
            yield Resource(
                name=name, read=resource.read, merge=self.merge_unused, write=resource.write
            )
        client, bucket = self.storage.client, self.storage.bucket_name
        yield Resource(
            name="bucket's policy",
            read=partial(POLICY.read, client, bucket),
            merge=self.merge_policy_without_distribution,
            write=partial(POLICY.write, client, bucket),
        )

    # -- desired documents --------------------------------------------------------------------

    def merge_distribution(self, current: Document | None) -> Document:
        certificate = self.certificate
        if certificate and certificate.arn and not (certificate.is_issued or certificate.progress):
            self.distribution.is_pending = True
            raise NotYet("the certificate is not issued yet")
        return merge_distribution(
            current,
            self.origins(),
            comment=self.comment,
            policy=self.policy.id or _PLACEHOLDER,
            domain=self.options.domain,
            certificate=(certificate and certificate.arn) or _PLACEHOLDER,
        )

    def origins(self) -> Document:
        storage, options = self.storage, self.options
        if options.mode == "website":
            return website_origins(storage.website_host)
        return failover_origins(
            storage.rest_host,
            f"/{storage.prefix}".rstrip("/"),
            self.access_control.id or _PLACEHOLDER,
            parse_app_url(options.app_url or "", options.mount),
        )

    @property
    def bucket_options(self) -> BucketOptions:
        return BucketOptions(
            mode="failover",
            mount=self.options.mount,
            private_originals=self.options.private_originals,
            distribution_arn=self.distribution_arn,
        )

    def distribution_arn(self) -> str:
        return self.distribution.details["ARN"] if self.distribution.id else _PLACEHOLDER

    def merge_bucket(self, resource: Resource, current: Document | None) -> Document | None:
        """Make the bucket private once the distribution is deployed, not earlier."""
        if self.distribution.id is None and self.distribution.is_pending:
            raise NotYet("the distribution does not exist yet")
        if self.distribution.is_deploying and self.distribution.progress is None:
            raise NotYet(
                "the distribution is not deployed yet; run this command again later, or use --wait"
            )
        return resource.merge(current)

    def write_bucket(self, resource: Resource, document: Document | None) -> None:
        self.distribution.wait_until_deployed()
        resource.write(document)

    def merge_unused(self, current: Document | None) -> None:
        if current and self.distribution.id:
            raise NotYet("the distribution still uses it")

    def merge_policy_without_distribution(self, current: Document | None) -> Document | None:
        id = our_id(self.storage.prefix)
        if access.distribution_of(access.our_statement(current, id)):
            return access.merge_policy(current, id, [])
        return current

    # -- after the plan -----------------------------------------------------------------------

    def next_steps(self) -> Iterator[str]:
        """Yield what the user has to do next."""
        if self.options.remove or not self.distribution.id:
            return
        storage, options = self.storage, self.options
        host: str = self.distribution.details["DomainName"]
        if options.domain:
            yield f"DNS record to create: {options.domain} CNAME {host}"
            host = options.domain
        option, value, base = "custom_domain", host, f"https://{host}/"
        if options.mode == "website":
            base += storage.prefix
        elif storage.prefix:  # the distribution adds it, so it must not be in the URL
            option, value = "public_url", base
        if storage.media_url != base:
            yield storage_option_hint(option, value)
        if storage.mode != options.mode:
            yield storage_option_hint("mode", options.mode)

    def invalidate(self, paths: list[str]) -> str:
        """Remove paths from CloudFront's caches; return a message for the user."""
        if invalid := [path for path in paths if not path.startswith("/")]:
            raise ValueError(f"Invalid path {invalid[0]!r}. Begin it with a slash, such as '/*'.")
        if not self.distribution.id:
            raise Conflict("There is no distribution yet, so there is nothing to invalidate.")
        id = self.distribution.invalidate(paths)
        return f"Invalidation {id} was created for {' '.join(paths)}"


def _resource(name: str, resource: CloudFrontResource, document: Document) -> Resource:
    return Resource(
        name=name,
        read=resource.read,
        merge=lambda current: deep_merge(current or {}, document),
        write=resource.write,
    )


def _check_options(storage: S3MediaStorage, options: CdnOptions) -> None:
    if storage.endpoint_url and not is_aws(storage.endpoint_url):
        raise Conflict(f"CloudFront requires a bucket on AWS, not on {storage.endpoint_url!r}.")
    if options.mode == "app":
        raise Conflict("Mode app does not use CloudFront. Use --mode website or --mode failover.")
    if options.domain and not _DOMAIN.fullmatch(options.domain):
        raise ValueError(
            f"Invalid domain {options.domain!r}. Use a host name, such as 'media.example.com'."
        )
    if options.mode == "failover" and not (options.app_url or options.remove):
        raise Conflict("Mode failover requires --app-url, such as https://www.example.com.")
