"""
The documents of a new bucket and of a new distribution, without any request to AWS.

They are the ones that the commands apply, by the names of their resources. What AWS assigns is a
text in parentheses, which a format replaces by its own kind of reference.
"""

import json
from collections.abc import Mapping
from dataclasses import replace

from django_shift_media.aws.bucket import new_bucket_documents
from django_shift_media.aws.bucket_options import BucketOptions
from django_shift_media.aws.cdn import DISTRIBUTION_TAGS
from django_shift_media.aws.cdn_documents import (
    Ids,
    desired_distribution,
    distribution_name,
    distribution_secrets,
    failover_bucket,
    has_acm,
)
from django_shift_media.aws.cdn_options import CdnOptions, check_app_host, check_options
from django_shift_media.aws.certificates import certificate_request
from django_shift_media.aws.cloudfront import TAG
from django_shift_media.aws.common import Conflict, Document, partition
from django_shift_media.aws.distribution import (
    CACHE_POLICY_NAME,
    cache_policy,
    origin_access_control,
)
from django_shift_media.aws.dns import alias_records
from django_shift_media.aws.key_groups import key_group_document, public_key_document
from django_shift_media.aws.subresources import LOGGING, POLICY
from django_shift_media.aws.tags import tag_list
from django_shift_media.storages.s3 import S3MediaStorage

BUCKET = "bucket"
CERTIFICATE = "certificate"
CACHE_POLICY = "cache policy"
ACCESS_CONTROL = "origin access control"
PUBLIC_KEY = "public key"
KEY_GROUP = "key group"
DISTRIBUTION = "distribution"
DNS_RECORDS = "DNS records"

CERTIFICATE_ARN = "(ARN of the certificate)"
CACHE_POLICY_ID = "(id of the cache policy)"
ACCESS_CONTROL_ID = "(id of the origin access control)"
PUBLIC_KEY_ID = "(id of the public key)"
KEY_GROUP_ID = "(id of the key group)"
SECRET = "(secret of the distribution)"  # noqa: S105
DISTRIBUTION_ARN = "(ARN of the distribution)"
DISTRIBUTION_HOST = "(domain name of the distribution)"

Documents = Mapping[str, Document]


def bucket_documents(storage: S3MediaStorage, options: BucketOptions) -> Documents:
    """Raise ``Conflict`` or ``ValueError`` if this storage does not allow the options."""
    _check_not_removed(options.remove)
    documents = new_bucket_documents(storage, options)
    if options.access_logs and not options.access_logs.bucket:
        del documents[LOGGING.name]  # a new bucket has none
    return documents


def readable_by_a_distribution(options: BucketOptions) -> BucketOptions:
    """Let a private bucket be read by a distribution, whose ARN may be unknown yet."""
    if options.mode != "failover":
        return options
    return replace(options, distribution_arn=options.distribution_arn or DISTRIBUTION_ARN)


def cdn_documents(storage: S3MediaStorage, options: CdnOptions) -> Documents:
    """
    Return the documents of a distribution, and the policy of a private bucket that it may read.

    Raise ``Conflict`` or ``ValueError`` if this storage does not allow the options.
    """
    _check_not_removed(options.remove)
    check_options(storage, options)
    check_app_host(options)
    documents = _parts(storage, options)
    ids = Ids(
        cache_policy=CACHE_POLICY_ID,
        access_control=ACCESS_CONTROL_ID,
        certificate=CERTIFICATE_ARN if options.domain else None,
        key_group=KEY_GROUP_ID if options.trusted_key else None,
    )
    documents[DISTRIBUTION] = _without_secrets(storage, desired_distribution(storage, options, ids))
    tags = {TAG: distribution_name(storage), **options.tags}
    documents[DISTRIBUTION_TAGS] = {"TagSet": tag_list(tags)}
    if options.domain and options.route53:
        zone = partition(storage.region)
        documents[DNS_RECORDS] = alias_records(options.domain, DISTRIBUTION_HOST, zone)
    if options.mode == "failover":
        bucket = new_bucket_documents(storage, failover_bucket(options, DISTRIBUTION_ARN))
        documents[POLICY.name] = bucket[POLICY.name]
    return documents


def _parts(storage: S3MediaStorage, options: CdnOptions) -> dict[str, Document]:
    """Return the documents that a distribution refers to."""
    name = distribution_name(storage)
    parts = {}
    if options.domain:
        parts[CERTIFICATE] = _certificate(storage, options.domain, options.tags)
    parts[CACHE_POLICY] = cache_policy(CACHE_POLICY_NAME)
    if options.mode == "failover":
        parts[ACCESS_CONTROL] = origin_access_control(name)
    if options.trusted_key:
        parts[PUBLIC_KEY] = public_key_document(name, options.trusted_key)
        parts[KEY_GROUP] = key_group_document(name, [PUBLIC_KEY_ID])
    return parts


def _certificate(storage: S3MediaStorage, domain: str, tags: Mapping[str, str]) -> Document:
    if not has_acm(storage):
        raise Conflict(
            "In China, CloudFront does not support certificates of ACM. Use --print without"
            " --domain, and add alias and certificate (uploaded to IAM) to the result."
        )
    return certificate_request([domain], tags)


def _without_secrets(storage: S3MediaStorage, document: Document) -> Document:
    """Return a document that can be stored with the source code of a project."""
    text = json.dumps(document)
    for secret in distribution_secrets(storage):
        text = text.replace(secret, SECRET)
    found: Document = json.loads(text)
    return found


def _check_not_removed(remove: bool) -> None:
    if remove:
        raise Conflict("--print shows what the command adds. Use it without --remove.")
