"""The configuration of a media bucket, as resources of a plan."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from django_shift_media.aws import access, bucket_existence
from django_shift_media.aws.access_logs import bucket_logging
from django_shift_media.aws.bucket_options import BucketOptions
from django_shift_media.aws.clients import s3_client
from django_shift_media.aws.common import Conflict, Document, our_id
from django_shift_media.aws.lifecycle import merge_lifecycle
from django_shift_media.aws.obstacles import check_policy, check_website, key_policy_hint
from django_shift_media.aws.plan import Resource
from django_shift_media.aws.subresources import (
    CORS,
    LIFECYCLE,
    LOGGING,
    OWNERSHIP,
    POLICY,
    PUBLIC_ACCESS_BLOCK,
    TAGS,
    WEBSITE,
    Subresource,
)
from django_shift_media.aws.tags import merge_tags, remove_tags
from django_shift_media.aws.upload_rules import merge_upload_cors, merge_upload_lifecycle
from django_shift_media.aws.website import (
    AppEndpoint,
    check_not_media,
    merge_website,
    parse_app_url,
    remove_from_website,
    routing_rules,
)
from django_shift_media.storages.s3 import S3MediaStorage

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# The defaults of a new bucket: https://docs.aws.amazon.com/AmazonS3/latest/userguide/create-bucket-faq.html
_NEW_BUCKET_DEFAULTS: dict[Subresource, Document] = {
    PUBLIC_ACCESS_BLOCK: dict.fromkeys(access.BLOCK_SETTINGS, True),
    OWNERSHIP: {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
}


_BUCKET = "bucket"
Merge = Callable[[Document | None], Document | None]


def bucket_resources(storage: S3MediaStorage, options: BucketOptions) -> list[Resource]:
    """
    Return the resources of a bucket's configuration, in the order to plan and write them.

    Raise ``Conflict`` if this storage does not allow the options.
    """
    bucket = _Bucket(storage, options)
    bucket_resource = Resource(
        name=_BUCKET, read=bucket.read, merge=bucket.merge, write=lambda _: bucket.create()
    )
    resources = [bucket.resource(*pair) for pair in bucket.merges()]
    blocks, ownership, policy, *others = resources
    if bucket.is_public:
        # AWS rejects a public policy while the block is on. A lifted block is of no other use.
        blocks = replace(blocks, restore_without=POLICY.name)
        policy = replace(policy, needs=policy.needs | {blocks.name})
        return [bucket_resource, blocks, ownership, policy, *others]
    # To make a bucket private, let CloudFront read it before blocking everyone else.
    blocks = replace(blocks, needs=blocks.needs | {policy.name})
    return [bucket_resource, *others[::-1], policy, ownership, blocks]


def new_bucket_documents(storage: S3MediaStorage, options: BucketOptions) -> dict[str, Document]:
    """
    Return what the command would write to a new bucket, by resource, without any request to AWS.

    Raise ``Conflict`` if this storage does not allow the options.
    """
    bucket = _Bucket(storage, options)
    merged = {
        subresource.name: merge(_NEW_BUCKET_DEFAULTS.get(subresource))
        for subresource, merge in bucket.merges()
    }
    documents = {name: document for name, document in merged.items() if document}
    return {_BUCKET: bucket_existence.bucket_document(storage), **documents}


def next_steps(storage: S3MediaStorage, options: BucketOptions) -> list[str]:
    """Return what the user has to do next, and the base URL of the media."""
    if options.remove:
        return []
    lines = [storage_option_hint("mode", options.mode)] if options.mode != storage.mode else []
    if options.mode == "failover":
        lines.append("To let CloudFront read, run: manage.py configure_media_cdn --mode failover")
        arn = options.distribution_arn
        lines += key_policy_hint(s3_client(storage), storage, arn if isinstance(arn, str) else None)
    return [*lines, f"Media are served at {storage.media_url}"]


def storage_option_hint(option: str, value: str) -> str:
    """Return the instruction to set an option of the storage."""
    return f'Set "{option}": "{value}" in the OPTIONS of the storage.'


def _no_distribution(storage: S3MediaStorage) -> str:
    domain = storage.custom_domain or "media.example.com"
    return (
        "The bucket serves media to everyone, and no CloudFront distribution may read it yet:"
        " making it private now would make all media unavailable. In this order: 1. run manage.py"
        f" configure_media_cdn --mode failover --wait --domain {domain} --app-url"
        " https://www.example.com, which makes the bucket private once the distribution serves it;"
        ' 2. set "mode": "failover" and "custom_domain" in the OPTIONS of the storage, and restart.'
    )


class _Bucket:
    """Merges the current documents of a bucket with the desired options."""

    def __init__(self, storage: S3MediaStorage, options: BucketOptions) -> None:
        self.storage = storage
        self.options = options
        self.name: str = storage.bucket_name
        self.id = our_id(storage.prefix)
        self.is_public = options.mode == "website" and not options.remove
        self.check_options()
        self.is_new = False
        self.policy: Document | None = None  # the desired one, once merged

    @cached_property
    def client(self) -> "S3Client":
        return s3_client(self.storage)

    def check_options(self) -> None:
        if self.storage.access and self.is_public:
            raise Conflict("The storage is private. Use --mode app or --mode failover.")
        if self.is_public and not self.options.app_url:
            raise Conflict("Mode website requires --app-url, such as https://www.example.com.")
        if self.is_public:
            check_not_media(self.app, self.storage.media_url)
        if (self.options.expire_resizes or 0) > 0 and not self.storage.tag_resizes:
            raise Conflict(
                "--expire-resizes requires a tag that distinguishes resizes from originals:"
                ' set "tag_resizes": True in the storage\'s OPTIONS first. Resizes that are in the'
                " bucket already will not get the tag."
            )

    def resource(self, subresource: Subresource, merge: Merge) -> Resource:
        def read() -> Document | None:
            try:
                return subresource.read(self.client, self.name)
            except self.client.exceptions.NoSuchBucket:
                return _NEW_BUCKET_DEFAULTS.get(subresource)

        return Resource(
            name=subresource.name,
            read=read,
            merge=merge,
            write=lambda document: subresource.write(self.client, self.name, document),
            is_same=subresource.is_same,
            can_write=lambda document: subresource.can_write(self.client, document),
            needs=frozenset({_BUCKET}),
        )

    # -- the bucket itself --------------------------------------------------------------------

    def read(self) -> Document | None:
        return bucket_existence.find_bucket(self.client, self.storage)

    def merge(self, current: Document | None) -> Document:
        if current is None and self.options.remove:
            raise Conflict(f"The bucket {self.name!r} does not exist.")
        if current is None and not self.options.create:
            raise bucket_existence.no_bucket(self.name)
        if self.is_public:
            check_website(self.client, self.storage)
        elif self.options.mode == "failover" and not self.options.remove:
            key_policy_hint(self.client, self.storage, None)
        return bucket_existence.bucket_document(self.storage)

    def create(self) -> None:
        bucket_existence.create_bucket(self.client, self.storage)
        self.is_new = True

    # -- desired documents --------------------------------------------------------------------

    def merges(self) -> list[tuple[Subresource, Merge]]:
        """Return the bucket's documents, and how to merge each; optional ones if they are given."""
        merges: list[tuple[Subresource, Merge]] = [
            (PUBLIC_ACCESS_BLOCK, self.merge_blocks),
            (OWNERSHIP, self.merge_ownership),
            (POLICY, self.merge_policy),
            (WEBSITE, self.merge_website),
            (CORS, self.merge_cors),
            (LIFECYCLE, self.merge_lifecycle),
        ]
        if target := self.options.access_logs:
            merges.append((LOGGING, lambda _: bucket_logging(target)))
        if tags := self.options.tags:
            merge = remove_tags if self.options.remove else merge_tags
            merges.append((TAGS, lambda current: merge(current, tags)))
        return merges

    def merge_blocks(self, current: Document | None) -> Document | None:
        if self.is_public:
            return access.lift_blocks(current)
        if not self.options.remove:
            return access.block_all(current)
        return current if self.policy else access.restore_blocks(current)

    def merge_ownership(self, current: Document | None) -> Document | None:
        # Others may rely on the ACLs of an existing bucket; nobody does in one that we created.
        return current or (_NEW_BUCKET_DEFAULTS[OWNERSHIP] if self.is_new else None)

    def merge_policy(self, current: Document | None) -> Document | None:
        policy = access.merge_policy(current, self.id, self.statements(current))
        if self.is_public:
            check_policy(policy, self.storage)
        elif not self.options.remove:
            access.check_not_public(policy)
        self.policy = policy
        return policy

    def statements(self, policy: Document | None) -> list[Document]:
        """Return our policy statements; options that are None stay as in the former one."""
        former = access.our_statement(policy, self.id)
        private, distribution = self.options.private_originals, None
        if private is None:
            private = access.keeps_originals_private(former)
        if self.options.mode == "failover":
            arn = self.options.distribution_arn or access.distribution_of(former)
            distribution = arn() if callable(arn) else arn
            if former and not (distribution or self.options.remove):
                raise Conflict(_no_distribution(self.storage))
        if self.options.remove or not (self.is_public or distribution):
            return []
        return [
            access.read_statement(
                self.name,
                self.storage.prefix,
                private_originals=private,
                region=self.storage.region,
                distribution=distribution,
            )
        ]

    @property
    def app(self) -> AppEndpoint:
        # Without --app-url, our rules are only removed, which the mount identifies.
        return parse_app_url(self.options.app_url or "https://anywhere", self.options.mount)

    @property
    def rules(self) -> list[Document]:
        code = self.options.redirect_code
        return routing_rules(self.app, self.storage.prefix, redirect_code=code)

    def merge_website(self, current: Document | None) -> Document | None:
        merge = merge_website if self.is_public else remove_from_website
        return merge(current, self.rules)

    def merge_cors(self, current: Document | None) -> Document | None:
        if (origins := self.origins(self.options.cors_origins)) is not None:
            current = access.merge_cors(current, self.id, origins)
        if (origins := self.origins(self.options.upload_origins)) is not None:
            current = merge_upload_cors(current, self.id, origins)
        return current

    def origins(self, values: Sequence[str] | None) -> Sequence[str] | None:
        """Return the origins for a rule, none to remove it, or None to leave it unchanged."""
        if self.options.remove:
            return ()
        return None if values is None else access.parse_origins(values)

    def merge_lifecycle(self, current: Document | None) -> Document | None:
        prefix = self.storage.prefix
        days = 0 if self.options.remove else self.options.expire_resizes
        if days is not None:
            current = merge_lifecycle(current, self.id, days, prefix)
        if (origins := self.origins(self.options.upload_origins)) is not None:
            current = merge_upload_lifecycle(current, self.id, origins, prefix)
        return current
