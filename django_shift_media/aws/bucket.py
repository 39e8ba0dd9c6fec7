"""Read a bucket's configuration, work out what it must become, and write what differs."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import ClientError

from django_shift_media.aws.documents import (
    App,
    Conflict,
    Document,
    merge_policy,
    merge_public_access,
    merge_website,
    read_statement,
    routing_rules,
)
from django_shift_media.s3 import S3MediaStorage, http_status

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

State = Literal["already so", "to do", "done", "not supported", "failed"]

# What S3 servers answer to calls that they do not know. "BucketAlreadyExists" is what some make
# of any PUT on a bucket that they cannot place.
_UNKNOWN_CALLS = frozenset(
    {"NotImplemented", "MethodNotAllowed", "BucketAlreadyExists", "BucketAlreadyOwnedByYou"}
)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a bucket's configuration: how to read it, what it must be, how to write it."""

    name: str
    read: Callable[[], Any]
    merge: Callable[[Document | None], Document]
    write: Callable[[Document], Any]


@dataclass(frozen=True, slots=True)
class Step:
    """What has become, or would become, of a part; ``document`` is what is or would be sent."""

    name: str
    state: State
    document: Document | None = None
    reason: str = ""
    write: Callable[[Document], Any] | None = None


def configure(
    storage: S3MediaStorage, app: App, *, create: bool, private_originals: bool, dry_run: bool
) -> Iterator[Step]:
    """
    Make a bucket a public website that asks ``app`` for what is missing; say so step by step.

    Raise ``Conflict``, before anything is changed, where the bucket is missing and shall not be
    created, is somebody else's, or has a configuration that ours cannot be joined with.
    """
    client, bucket = storage.client, storage.bucket_name
    exists = _bucket_exists(client, bucket)
    if not exists and not create:
        raise Conflict(f"There is no bucket {bucket!r}; --create creates it.")
    parts = _parts(storage, app, private_originals=private_originals)
    steps = [_plan(part, exists) for part in parts]
    if exists:
        yield Step("bucket", "already so")
    elif dry_run:
        yield Step("bucket", "to do", _bucket_document(bucket, storage.region))
    else:
        client.create_bucket(**_bucket_document(bucket, storage.region))
        yield Step("bucket", "done")
        # A new bucket is not an empty one: AWS blocks public access to it, for one.
        steps = [_plan(part, True) for part in parts]
    for step in steps:
        yield _apply(step) if step.state == "to do" and not dry_run else step


def _bucket_exists(client: "S3Client", bucket: str) -> bool:
    try:
        client.head_bucket(Bucket=bucket)
    except ClientError as error:
        if http_status(error) == 404:
            return False
        if http_status(error) == 403:
            raise Conflict(
                f"The bucket {bucket!r} is somebody else's, or these credentials may not use it."
            ) from error
        raise
    return True


def _bucket_document(bucket: str, region: str) -> dict[str, Any]:
    document: dict[str, Any] = {"Bucket": bucket}
    if region != "us-east-1":  # the one region that must not be named
        document["CreateBucketConfiguration"] = {"LocationConstraint": region}
    return document


def _parts(storage: S3MediaStorage, app: App, *, private_originals: bool) -> list[Part]:
    """Return what makes a bucket such a website, in the order to write it."""
    client, bucket = storage.client, storage.bucket_name
    statement = read_statement(
        bucket, storage.prefix, private_originals=private_originals, region=storage.region
    )
    rules = routing_rules(app, storage.prefix)
    return [
        Part(
            "public access block",
            lambda: client.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"],
            merge_public_access,
            lambda document: client.put_public_access_block(
                Bucket=bucket,
                PublicAccessBlockConfiguration=document,  # type: ignore[arg-type]
            ),
        ),
        Part(
            "policy",
            lambda: json.loads(client.get_bucket_policy(Bucket=bucket)["Policy"]),
            lambda current: merge_policy(current, statement),
            lambda document: client.put_bucket_policy(Bucket=bucket, Policy=json.dumps(document)),
        ),
        Part(
            "website and routing rules",
            lambda: _read_website(client, bucket),
            lambda current: merge_website(current, rules),
            lambda document: client.put_bucket_website(
                Bucket=bucket,
                WebsiteConfiguration=document,  # type: ignore[arg-type]
            ),
        ),
    ]


def _plan(part: Part, exists: bool) -> Step:
    try:
        current = _read(part) if exists else None
    except ClientError as error:
        state: State = "not supported" if _is_unknown_call(error) else "failed"
        return Step(part.name, state, reason=str(error))
    except (ValueError, KeyError) as error:
        raise Conflict(f"The bucket's {part.name} cannot be read: {error!r}.") from error
    wanted = part.merge(current)
    # Where there is nothing and nothing is wanted, nothing is written.
    state = "already so" if wanted == (current or {}) else "to do"
    return Step(part.name, state, wanted, write=part.write)


def _apply(step: Step) -> Step:
    assert step.write is not None  # as of every step to do
    assert step.document is not None
    try:
        step.write(step.document)
    except ClientError as error:
        state: State = "not supported" if _is_unknown_call(error) else "failed"
        return Step(step.name, state, step.document, str(error))
    return Step(step.name, "done", step.document)


def _read(part: Part) -> Document | None:
    try:
        document: Document = part.read()
    except ClientError as error:
        if http_status(error) == 404 and error.response["Error"]["Code"] != "NoSuchBucket":
            return None  # NoSuchBucketPolicy and its like: never set
        raise
    return document


def _read_website(client: "S3Client", bucket: str) -> Document:
    answer: Document = dict(client.get_bucket_website(Bucket=bucket))
    del answer["ResponseMetadata"]
    return answer


def _is_unknown_call(error: ClientError) -> bool:
    return http_status(error) in {405, 501} or error.response["Error"]["Code"] in _UNKNOWN_CALLS
