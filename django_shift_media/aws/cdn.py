"""A CloudFront distribution in front of a media bucket, as resources of a plan."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from urllib.parse import urlsplit

from django_shift_media.aws import key_groups
from django_shift_media.aws.bucket import bucket_resources, storage_option_hint
from django_shift_media.aws.bucket_existence import check_exists
from django_shift_media.aws.cdn_documents import (
    Ids,
    desired_distribution,
    distribution_name,
    distribution_secrets,
    failover_bucket,
    has_acm,
)
from django_shift_media.aws.cdn_options import CdnOptions, check_app_host, check_options
from django_shift_media.aws.cdn_removal import removed_resources
from django_shift_media.aws.certificates import Certificate
from django_shift_media.aws.clients import aws_client, s3_client
from django_shift_media.aws.cloudfront import CloudFrontResource, Distribution
from django_shift_media.aws.common import Conflict, Document, NotYet, partition
from django_shift_media.aws.distribution import (
    CACHE_POLICY_NAME,
    cache_policy,
    origin_access_control,
)
from django_shift_media.aws.dns import (
    HostedZone,
    alias_records,
    is_same_records,
    records_to_create,
    records_to_delete,
)
from django_shift_media.aws.obstacles import key_policy_hint
from django_shift_media.aws.plan import Resource
from django_shift_media.aws.tags import is_same_tags, merge_tags
from django_shift_media.storages.s3 import S3MediaStorage

DISTRIBUTION_TAGS = "distribution's tags"
_PLACEHOLDER = "(known after it is created)"
# CloudFront only accepts certificates from this region.
CERTIFICATE_REGION = "us-east-1"


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
        self.name = name = distribution_name(storage)
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
        self.key_group: key_groups.KeyGroup | None = None
        if options.trusted_key and not options.remove:
            in_use = storage.cloudfront_key_id
            self.key_group = key_groups.KeyGroup(client, name, options.trusted_key, in_use)
        self.zone: HostedZone | None = None
        self.certificate: Certificate | None = None
        if options.domain:
            self.zone = self.zone_of(options.domain)
        if options.domain and not options.remove:
            self.certificate = self.certificate_of(options.domain)

    def zone_of(self, domain: str) -> HostedZone | None:
        if not self.options.route53:
            return None
        return HostedZone(aws_client(self.storage, "route53"), domain)

    def certificate_of(self, domain: str) -> Certificate | None:
        if not has_acm(self.storage):
            return None
        return Certificate(
            aws_client(self.storage, "acm", region=CERTIFICATE_REGION),
            domain,
            self.options.progress,
            read_distribution=self.distribution.read,
            publish=self.zone.publish if self.zone else None,
            tags=self.options.tags,
        )

    def resources(self) -> list[Resource]:
        """Return the resources, in the order to plan and write them."""
        if not self.options.remove:
            return list(self.desired_resources())
        return list(
            removed_resources(
                self.storage, self.distribution, self.policy, self.access_control, self.zone
            )
        )

    def desired_resources(self) -> Iterator[Resource]:
        if self.options.mode == "website":
            check_exists(s3_client(self.storage), self.storage)
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
        if self.key_group:
            yield from self.key_group.resources()
        yield Resource(
            name="distribution",
            read=self.distribution.read,
            merge=self.merge_distribution,
            write=self.distribution.write,
            needs=frozenset({"certificate", "cache policy", "origin access control", "key group"}),
            hidden=distribution_secrets(self.storage),
        )
        if self.options.tags:
            yield Resource(
                name=DISTRIBUTION_TAGS,
                read=self.distribution.read_tags,
                merge=self.merge_tags,
                write=self.distribution.write_tags,
                is_same=is_same_tags,
                needs=frozenset({"distribution"}),
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
            bucket_options = failover_bucket(self.options, self.distribution_arn)
            for resource in bucket_resources(self.storage, bucket_options):
                yield replace(
                    resource,
                    merge=partial(self.merge_bucket, resource),
                    write=partial(self.write_bucket, resource),
                    needs=resource.needs | {"distribution"},
                )

    # -- desired documents --------------------------------------------------------------------

    def merge_distribution(self, current: Document | None) -> Document:
        certificate = self.certificate
        if certificate and certificate.arn and not (certificate.is_issued or certificate.progress):
            self.distribution.is_pending = True
            raise NotYet("the certificate is not issued yet")
        check_app_host(self.options, self.distribution.host_names())
        if certificate is None:
            self.check_alias()
        ids = Ids(
            cache_policy=self.policy.id or _PLACEHOLDER,
            access_control=self.access_control.id or _PLACEHOLDER,
            certificate=self.certificate_arn(),
            key_group=self.key_group.id if self.key_group else None,
        )
        return desired_distribution(self.storage, self.options, ids, current)

    def certificate_arn(self) -> str | None:
        """Return the ARN of the certificate to use; None to keep the present one."""
        if self.certificate is None:
            return None
        return self.certificate.arn or (None if self.certificate.is_issued else _PLACEHOLDER)

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

    def merge_tags(self, current: Document | None) -> Document:
        if not self.distribution.id:
            raise NotYet("the distribution does not exist yet")
        return merge_tags(current, self.options.tags)

    def merge_records(self, _: Document | None) -> Document:
        if not (self.zone and self.distribution.id):
            raise NotYet("the distribution does not exist yet")
        host = self.distribution.details["DomainName"]
        return alias_records(self.zone.domain, host, partition(self.storage.region))

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

    # -- after the plan -----------------------------------------------------------------------

    def next_steps(self) -> Iterator[str]:
        """Yield what the user has to do next."""
        if self.options.remove:
            yield from self.records_left()
        if self.options.remove or not self.distribution.id:
            return
        storage, options = self.storage, self.options
        host = self.host()
        if options.domain and not self.zone:
            yield from records_to_create(host, self.distribution.details["DomainName"])
        if options.mode == "failover":
            yield from key_policy_hint(s3_client(storage), storage, self.distribution_arn())
        if self.key_group and storage.cloudfront_key_id != self.key_group.key.id:
            yield storage_option_hint("cloudfront_key_id", str(self.key_group.key.id))
        option, value, base = "custom_domain", host, f"https://{host}/"
        if options.mode == "website":
            base += storage.prefix
        elif storage.prefix:  # the distribution adds it, so it must not be in the URL
            option, value = "public_url", base
        if storage.media_url != base:
            yield storage_option_hint(option, value)
        if storage.mode != options.mode:
            yield storage_option_hint("mode", options.mode)

    def records_left(self) -> list[str]:
        """Return the DNS records that a removal leaves, as instructions."""
        if not (details := self.distribution.details):
            return []
        aliases = details["DistributionConfig"].get("Aliases", {}).get("Items", [])
        removed = {self.options.domain} if self.zone else set()
        left = [alias for alias in aliases if alias not in removed]
        return records_to_delete(left, details["DomainName"])

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
