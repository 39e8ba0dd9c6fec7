"""A CloudFront distribution in front of a media bucket, as resources of a plan."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from urllib.parse import urlsplit

from django_shift_media.aws import access
from django_shift_media.aws.bucket import BucketOptions, bucket_resources, storage_option_hint
from django_shift_media.aws.cdn_options import CdnOptions, check_options
from django_shift_media.aws.certificates import Certificate
from django_shift_media.aws.clients import aws_client, s3_client
from django_shift_media.aws.cloudfront import CloudFrontResource, Distribution
from django_shift_media.aws.common import Conflict, Document, NotYet, our_id, partition
from django_shift_media.aws.distribution import (
    CACHE_POLICY_NAME,
    cache_policy,
    failover_origins,
    merge_distribution,
    origin_access_control,
    resource_name,
    website_origins,
)
from django_shift_media.aws.dns import HostedZone, is_same_records, records_to_create
from django_shift_media.aws.obstacles import key_policy_hint
from django_shift_media.aws.plan import Resource
from django_shift_media.aws.subresources import POLICY
from django_shift_media.aws.website import parse_app_url
from django_shift_media.storages.s3 import S3MediaStorage

_PLACEHOLDER = "(known after it is created)"
# CloudFront only accepts certificates from this region.
_CERTIFICATE_REGION = "us-east-1"
_ACM_PARTITION = "aws"
_MAX_COMMENT_LENGTH = 128  # characters of a distribution's comment


class Cdn:
    """
    The distribution of a storage's bucket, with its certificate, policies and access control.

    Raise ``Conflict`` or ``ValueError`` if this storage does not allow the options.
    """

    def __init__(self, storage: S3MediaStorage, options: CdnOptions) -> None:
        check_options(storage, options)
        self.storage = storage
        self.options = options
        client = aws_client(storage, "cloudfront")
        self.name = name = resource_name(storage.bucket_name, our_id(storage.prefix))
        self.policy = CloudFrontResource(
            client,
            "CachePolicy",
            lambda summary: bool(summary["CachePolicyConfig"]["Name"] == CACHE_POLICY_NAME),
        )
        self.access_control = CloudFrontResource(
            client,
            "OriginAccessControl",
            lambda summary: bool(summary["Name"] == name),
        )
        self.distribution = Distribution(client, name, options.domain, options.progress)
        self.zone: HostedZone | None = None
        self.certificate: Certificate | None = None
        if options.domain and not options.remove:
            self.zone = self.zone_of(options.domain)
            self.certificate = self.certificate_of(options.domain)

    def zone_of(self, domain: str) -> HostedZone | None:
        if not self.options.route53:
            return None
        client = aws_client(self.storage, "route53")
        return HostedZone(client, domain, partition(self.storage.region))

    def certificate_of(self, domain: str) -> Certificate | None:
        if partition(self.storage.region) != _ACM_PARTITION:
            return None
        return Certificate(
            aws_client(self.storage, "acm", region=_CERTIFICATE_REGION),
            domain,
            self.options.progress,
            read_distribution=self.distribution.read,
            publish=self.zone.publish if self.zone else None,
        )

    @property
    def comment(self) -> str:
        comment = f"django_shift_media: {self.storage.bucket_name}/{self.storage.prefix}"
        return comment[:_MAX_COMMENT_LENGTH]

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
        yield self.policy.resource("cache policy", cache_policy(CACHE_POLICY_NAME))
        if self.options.mode == "failover":
            document = origin_access_control(self.name)
            yield self.access_control.resource("origin access control", document)
        yield Resource(
            name="distribution",
            read=self.distribution.read,
            merge=self.merge_distribution,
            write=self.distribution.write,
            needs=frozenset({"certificate", "cache policy", "origin access control"}),
        )
        if self.zone:
            yield Resource(
                name="DNS records",
                read=self.zone.read,
                merge=self.merge_records,
                write=self.zone.write,
                is_same=is_same_records,
                needs=frozenset({"distribution"}),
            )
        if self.options.mode == "failover":
            for resource in bucket_resources(self.storage, self.bucket_options):
                yield replace(
                    resource,
                    merge=partial(self.merge_bucket, resource),
                    write=partial(self.write_bucket, resource),
                    needs=resource.needs | {"distribution"},
                )

    def removed_resources(self) -> Iterator[Resource]:
        yield Resource(
            name="distribution",
            read=self.distribution.read,
            merge=lambda _: None,
            write=self.distribution.write,
        )
        for name, resource, merge in (
            ("cache policy", self.policy, self.merge_unused_policy),
            ("origin access control", self.access_control, self.merge_unused),
        ):
            yield Resource(
                name=name,
                read=resource.read,
                merge=merge,
                write=resource.write,
                needs=frozenset({"distribution"}),
            )
        client, bucket = s3_client(self.storage), self.storage.bucket_name
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
        self.check_app_host()
        if certificate is None:
            self.check_alias()
        return merge_distribution(
            current,
            self.origins(),
            comment=self.comment,
            policy=self.policy.id or _PLACEHOLDER,
            domain=self.options.domain,
            certificate=self.certificate_arn(),
        )

    def certificate_arn(self) -> str | None:
        """Return the ARN of the certificate to use; None to keep the present one."""
        if self.certificate is None:
            return None
        return self.certificate.arn or (None if self.certificate.is_issued else _PLACEHOLDER)

    def check_app_host(self) -> None:
        """Raise ``Conflict`` if CloudFront would request missing files from itself."""
        host = urlsplit(self.options.app_url or "").hostname
        own = {self.options.domain, *self.distribution.host_names()}
        if host in own - {None}:
            raise Conflict(
                f"--app-url has the host {host!r} of the distribution itself, which would request"
                " missing files from itself. Use the public URL of the app."
            )

    def check_alias(self) -> None:
        """Raise ``Conflict`` for a new alias where CloudFront does not support ACM."""
        if self.options.domain and self.options.domain not in self.distribution.host_names():
            raise Conflict(
                "In China, CloudFront does not support certificates of ACM. Run this command"
                " without --domain first. Then upload a certificate to IAM (aws iam"
                " upload-server-certificate --path /cloudfront/), set the alias"
                f" {self.options.domain!r} and this certificate in the distribution, and run the"
                " command with --domain."
            )

    def merge_records(self, _: Document | None) -> Document:
        if not (self.zone and self.distribution.id):
            raise NotYet("the distribution does not exist yet")
        return self.zone.desired(self.distribution.details["DomainName"])

    def origins(self) -> Document:
        storage, options = self.storage, self.options
        if options.mode == "website":
            return website_origins(storage.website_host)
        return failover_origins(
            storage.rest_host,
            f"/{storage.prefix}".rstrip("/"),
            self.access_control.id or _PLACEHOLDER,
            parse_app_url(options.app_url or "", options.mount),
            options.app_access_control,
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

    def merge_unused_policy(self, current: Document | None) -> Document | None:
        self.merge_unused(current)
        return current if self.distribution.is_used_elsewhere(self.policy.id) else None

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
        host = self.host()
        if options.domain and not self.zone:
            yield from records_to_create(host, self.distribution.details["DomainName"])
        if options.mode == "failover":
            yield from key_policy_hint(s3_client(storage), storage, self.distribution_arn())
        option, value, base = "custom_domain", host, f"https://{host}/"
        if options.mode == "website":
            base += storage.prefix
        elif storage.prefix:  # the distribution adds it, so it must not be in the URL
            option, value = "public_url", base
        if storage.media_url != base:
            yield storage_option_hint(option, value)
        if storage.mode != options.mode:
            yield storage_option_hint("mode", options.mode)

    def host(self) -> str:
        """Return the host for media: the domain, else an alias, else the distribution's own."""
        hosts = self.distribution.host_names()
        present = urlsplit(self.storage.media_url).hostname
        return self.options.domain or (present if present in hosts else hosts[0])

    def invalidate(self, paths: list[str]) -> str:
        """Remove paths from CloudFront's caches; return a message for the user."""
        if invalid := [path for path in paths if not path.startswith("/")]:
            raise ValueError(f"Invalid path {invalid[0]!r}. Begin it with a slash, such as '/*'.")
        if not (self.distribution.id or self.distribution.read()):
            raise Conflict("There is no distribution yet, so there is nothing to invalidate.")
        id = self.distribution.invalidate(paths)
        return f"Invalidation {id} was created for {' '.join(paths)}"
