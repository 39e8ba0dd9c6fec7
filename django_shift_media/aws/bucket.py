"""A media bucket, as the parts of a plan."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from django_shift_media.aws import access
from django_shift_media.aws.common import Conflict, Document, is_aws, our_id
from django_shift_media.aws.lifecycle import merge_lifecycle
from django_shift_media.aws.plan import Part
from django_shift_media.aws.subresources import (
    CORS,
    LIFECYCLE,
    OWNERSHIP,
    POLICY,
    PUBLIC_ACCESS_BLOCK,
    WEBSITE,
    Subresource,
)
from django_shift_media.aws.website import (
    merge_website,
    parse_app_url,
    remove_from_website,
    routing_rules,
    rules_as_xml,
)
from django_shift_media.storages.s3 import S3MediaStorage

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from django_shift_media.aws.website import RedirectCode
    from django_shift_media.storages.base import Mode

# What S3 calls two of its regions: the oldest has no name, and one had its name before regions did.
_OLD_LOCATIONS = {None: "us-east-1", "": "us-east-1", "EU": "eu-west-1"}
# What AWS gives a new bucket: https://docs.aws.amazon.com/AmazonS3/latest/userguide/create-bucket-faq.html
_NEW: dict[Subresource, Document] = {
    PUBLIC_ACCESS_BLOCK: dict.fromkeys(access.BLOCKS, True),
    OWNERSHIP: {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """
    What a media bucket shall be; None leaves a part as it is.

    A website sends readers of what is missing to ``app_url`` and there to ``mount``, the path of
    this package's urls. ``distribution_arn`` is the CloudFront distribution that may read a
    private bucket, or a function that is asked for it late. ``cors_origins`` and
    ``expire_resizes`` (in days) take their rule away if they are empty, ``remove`` takes
    everything of ours away.
    """

    mode: "Mode"
    mount: str
    app_url: str | None = None
    create: bool = False
    remove: bool = False
    redirect_code: "RedirectCode" = "302"
    private_originals: bool | None = None
    distribution_arn: str | Callable[[], str] | None = None
    cors_origins: Sequence[str] | None = None
    expire_resizes: int | None = None


def bucket_parts(storage: S3MediaStorage, wanted: Wanted) -> list[Part]:
    """
    Return the parts of a bucket's configuration, in the order to plan and to write them.

    Raise ``Conflict`` for what cannot be wanted of this storage.
    """
    bucket = _Bucket(storage, wanted)
    itself = Part(
        name="bucket", read=bucket.read, merge=bucket.merge, write=lambda _: bucket.create()
    )
    documents = [
        bucket.part(PUBLIC_ACCESS_BLOCK, bucket.merge_blocks),
        bucket.part(OWNERSHIP, bucket.merge_ownership),
        bucket.part(POLICY, bucket.merge_policy),
        bucket.part(WEBSITE, bucket.merge_website),
        bucket.part(CORS, bucket.merge_cors),
        bucket.part(LIFECYCLE, bucket.merge_lifecycle),
    ]
    # Doors are opened from the outside, and closed from the inside.
    return [itself, *(documents if bucket.is_public else documents[::-1])]


def bucket_texts(storage: S3MediaStorage, wanted: Wanted) -> dict[str, str]:
    """
    Return what can be pasted into a console, by what it is; nobody is asked.

    Raise ``Conflict`` for what cannot be wanted of this storage.
    """
    bucket = _Bucket(storage, wanted)
    texts = {}
    if policy := bucket.merge_policy(None):
        texts["Bucket policy"] = json.dumps(policy, indent=2)
    if bucket.is_public:
        texts["Routing rules, as JSON"] = json.dumps(bucket.rules, indent=2)
        texts["Routing rules, as XML"] = rules_as_xml(bucket.rules)
    if not texts:
        raise Conflict(f"There is nothing to paste in mode {wanted.mode} without an ARN.")
    return texts


def advice(storage: S3MediaStorage, wanted: Wanted) -> list[str]:
    """Return what is left to do by hand, and where media are then seen."""
    if wanted.remove:
        return []
    lines = [set_option("mode", wanted.mode)] if wanted.mode != storage.mode else []
    if wanted.mode == "failover":
        lines.append("manage.py configure_media_cdn --mode failover lets CloudFront read.")
    return [*lines, f"Media are seen under {storage.media_url}"]


def set_option(option: str, value: str) -> str:
    """Return what tells a user to set an option of the storage."""
    return f'Set "{option}": "{value}" in the OPTIONS of the storage.'


class _Bucket:
    """A bucket as it is, and how to join it with what is wanted."""

    def __init__(self, storage: S3MediaStorage, wanted: Wanted) -> None:
        self.storage = storage
        self.wanted = wanted
        self.client: S3Client = storage.client
        self.name: str = storage.bucket_name
        self.id = our_id(storage.prefix)
        self.is_public = wanted.mode == "website" and not wanted.remove
        self.refuse()
        self.is_new = False
        self.policy: Document | None = None  # as it will be

    def refuse(self) -> None:
        if self.is_public and not self.wanted.app_url:
            raise Conflict("A website needs --app-url, as in https://www.example.com.")
        if (self.wanted.expire_resizes or 0) > 0 and not self.storage.tag_resizes:
            raise Conflict(
                "Resizes can only expire if they have a tag, by which S3 tells them from"
                ' originals: set "tag_resizes": True in the storage\'s OPTIONS first. Those that'
                " are in the bucket already do not get it."
            )

    def part(
        self, subresource: Subresource, merge: Callable[[Document | None], Document | None]
    ) -> Part:
        def read() -> Document | None:
            try:
                return subresource.read(self.client, self.name)
            except self.client.exceptions.NoSuchBucket:
                return _NEW.get(subresource)

        write = partial(subresource.write, self.client, self.name)
        return Part(name=subresource.name, read=read, merge=merge, write=write)

    # -- the bucket itself --------------------------------------------------------------------

    def read(self) -> Document | None:
        try:
            # Unlike those to HEAD, the answers to GET say what is wrong.
            self.client.list_objects_v2(Bucket=self.name, MaxKeys=1)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "NoSuchBucket":
                return None
            if code == "AccessDenied":
                raise Conflict(
                    f"The bucket {self.name!r} is somebody else's, or these credentials may not"
                    " use it."
                ) from error
            raise
        self.refuse_other_region()
        return self.document

    def merge(self, current: Document | None) -> Document:
        if current is None and self.wanted.remove:
            raise Conflict(f"There is no bucket {self.name!r}.")
        if current is None and not self.wanted.create:
            raise Conflict(f"There is no bucket {self.name!r}; --create creates it.")
        return self.document

    def create(self) -> None:
        self.client.create_bucket(**self.document)
        self.is_new = True

    @property
    def document(self) -> Document:
        region = self.storage.region
        if region == "us-east-1":  # the one region that must not be named
            return {"Bucket": self.name}
        return {"Bucket": self.name, "CreateBucketConfiguration": {"LocationConstraint": region}}

    def refuse_other_region(self) -> None:
        """On AWS, the website endpoint's host depends on the region."""
        if not is_aws(self.client.meta.endpoint_url):
            return
        answer: Document = dict(self.client.get_bucket_location(Bucket=self.name))
        location = answer.get("LocationConstraint")
        region = _OLD_LOCATIONS.get(location, location)
        if region != self.storage.region:
            raise Conflict(
                f"The bucket {self.name!r} is in {region!r}, the storage's region_name says"
                f" {self.storage.region!r}."
            )

    # -- its documents ------------------------------------------------------------------------

    def merge_blocks(self, current: Document | None) -> Document | None:
        if self.is_public:
            return access.lift_blocks(current)
        if not self.wanted.remove:
            return access.block_all(current)
        return current if self.policy else access.restore_blocks(current)

    def merge_ownership(self, current: Document | None) -> Document | None:
        # Where others have let ACLs be, they may need them; in a bucket of ours nobody does.
        return current or (_NEW[OWNERSHIP] if self.is_new else None)

    def merge_policy(self, current: Document | None) -> Document | None:
        policy = access.merge_policy(current, self.id, self.statements(current))
        if not self.is_public and not self.wanted.remove:
            access.refuse_public(policy)
        self.policy = policy
        return policy

    def statements(self, policy: Document | None) -> list[Document]:
        """Return what lets media be read; what nobody has decided now is as it was."""
        former = access.own_statement(policy, self.id)
        private, distribution = self.wanted.private_originals, None
        if private is None:
            private = access.keeps_originals_private(former)
        if self.wanted.mode == "failover":
            arn = self.wanted.distribution_arn or access.distribution_of(former)
            distribution = arn() if callable(arn) else arn
        if self.wanted.remove or not (self.is_public or distribution):
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
    def rules(self) -> list[Document]:
        # What is taken out is told by the mount alone, wherever the app was.
        app = parse_app_url(self.wanted.app_url or "https://anywhere", self.wanted.mount)
        return routing_rules(app, self.storage.prefix, redirect_code=self.wanted.redirect_code)

    def merge_website(self, current: Document | None) -> Document | None:
        merge = merge_website if self.is_public else remove_from_website
        return merge(current, self.rules)

    def merge_cors(self, current: Document | None) -> Document | None:
        origins = () if self.wanted.remove else self.wanted.cors_origins
        if origins is None:
            return current
        return access.merge_cors(current, self.id, access.parse_origins(origins))

    def merge_lifecycle(self, current: Document | None) -> Document | None:
        days = 0 if self.wanted.remove else self.wanted.expire_resizes
        if days is None:
            return current
        return merge_lifecycle(current, self.id, days, self.storage.prefix)
