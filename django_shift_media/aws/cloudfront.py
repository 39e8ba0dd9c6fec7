"""Find, read, write and delete resources of CloudFront by boto3's client."""

import re
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from botocore import xform_name

from django_shift_media.aws.common import Conflict, Document, NotYet
from django_shift_media.aws.distribution import OUR_IDS, deep_merge
from django_shift_media.aws.plan import Resource
from django_shift_media.storages.s3_cdn import create_invalidation

POLL_INTERVAL = 5  # seconds between two requests for a status
TIMEOUT = 3600  # maximum seconds to wait for a status
TAG = "django-shift-media"  # the key of the tag of our distributions

Progress = Callable[[str], None]


def wait_for(name: str, get_status: Callable[[], str], target: str, progress: Progress) -> None:
    """Poll until the target status is reached; raise ``NotYet`` after ``TIMEOUT`` seconds."""
    started = time.monotonic()
    while (status := get_status()) != target:
        seconds = time.monotonic() - started
        if seconds > TIMEOUT:
            raise NotYet(
                f"the {name} is {status} after {seconds:.0f} seconds; run this command again later"
            )
        progress(f"{name}: {status}, {seconds:.0f} s")
        time.sleep(POLL_INTERVAL)


class CloudFrontResource:
    """
    A cache policy, an origin access control or a distribution: boto3's calls are alike.

    ``kind`` is a name of CloudFront's API, such as "CachePolicy". ``is_ours`` finds the resource
    by its summary in the list of all.
    """

    def __init__(self, client: Any, kind: str, is_ours: Callable[[Document], bool]) -> None:
        self.client = client
        self.kind = kind
        self.operation = xform_name(kind)
        self.is_ours = is_ours
        self.id: str | None = None
        self.details: Document = {}

    def resource(self, name: str, document: Document) -> Resource:
        """Return the resource of a plan that merges a document into the present one."""
        return Resource(
            name=name,
            read=self.read,
            merge=lambda current: deep_merge(current or {}, document),
            write=self.write,
        )

    def read(self) -> Document | None:
        found = next((item for item in self.summaries() if self.is_ours(item)), None)
        self.id = found["Id"] if found else None
        return self.refresh()[f"{self.kind}Config"] if found else None

    def summaries(self) -> Iterator[Document]:
        plural = re.sub("cy$", "cie", self.operation) + "s"
        arguments: dict[str, str] = {}
        while True:
            page = getattr(self.client, f"list_{plural}")(**arguments)[f"{self.kind}List"]
            for item in page.get("Items", []):
                yield item.get(self.kind, item)  # a policy is wrapped in a second dictionary
            if not page.get("NextMarker"):
                return
            arguments["Marker"] = page["NextMarker"]

    def refresh(self) -> Document:
        response = getattr(self.client, f"get_{self.operation}")(Id=self.id)
        self.details = {**response[self.kind], "ETag": response["ETag"]}
        return self.details

    def write(self, config: Document | None) -> None:
        if config is None:
            self.call("delete", Id=self.id, IfMatch=self.details["ETag"])
            self.id = None
        elif self.id is None:
            self.id = self.call("create", **{f"{self.kind}Config": config})[self.kind]["Id"]
        else:
            document = {f"{self.kind}Config": config}
            self.call("update", Id=self.id, IfMatch=self.details["ETag"], **document)

    def call(self, verb: str, **arguments: Any) -> Document:
        response: Document = getattr(self.client, f"{verb}_{self.operation}")(**arguments)
        return response


class Distribution(CloudFrontResource):
    """A distribution; changes take minutes to reach all of CloudFront's edge locations."""

    def __init__(
        self, client: Any, name: str, domain: str | None, progress: Progress | None
    ) -> None:
        super().__init__(client, "Distribution", self.has_our_tag)
        self.name = name
        self.domain = domain
        self.progress = progress
        self.is_pending = False

    def has_our_tag(self, summary: Document) -> bool:
        """Return whether a distribution has our tag: anybody may edit a comment."""
        has_domain = self.domain in summary.get("Aliases", {}).get("Items", [])
        origins = [origin["Id"] for origin in summary["Origins"]["Items"]]
        # Each look at tags is a request.
        if not (has_domain or any(id.startswith(OUR_IDS) for id in origins)):
            return False
        response = self.client.list_tags_for_resource(Resource=summary["ARN"])
        is_ours = {"Key": TAG, "Value": self.name} in response["Tags"].get("Items", [])
        if has_domain and not is_ours:
            raise Conflict(
                f"{self.domain!r} is an alias of the distribution {summary['Id']}, which this"
                " command did not create. Remove the alias, or, to let this command manage the"
                f" distribution, give it the tag {TAG}={self.name}."
            )
        return is_ours

    def read_tags(self) -> Document | None:
        """Return the tags, as far as the distribution exists, in the form of S3's ``TagSet``."""
        if not self.id:
            return None
        response = self.client.list_tags_for_resource(Resource=self.details["ARN"])
        return {"TagSet": response["Tags"].get("Items", [])}

    def write_tags(self, document: Document | None) -> None:
        """Add tags; none is removed. AWS refuses its own, such as those of CloudFormation."""
        tags = (document or {"TagSet": []})["TagSet"]
        items = [tag for tag in tags if not tag["Key"].startswith("aws:")]
        self.client.tag_resource(Resource=self.details["ARN"], Tags={"Items": items})

    def is_used_elsewhere(self, policy: str | None) -> bool:
        """Return whether another distribution uses a cache policy."""
        return any(
            summary["Id"] != self.id
            and policy in {behavior.get("CachePolicyId") for behavior in _behaviors(summary)}
            for summary in self.summaries()
        )

    def host_names(self) -> list[str]:
        """Return the aliases, then the distribution's own domain; empty if it does not exist."""
        if not self.id:
            return []
        aliases = self.details["DistributionConfig"].get("Aliases", {}).get("Items", [])
        return [*aliases, self.details["DomainName"]]

    def write(self, config: Document | None) -> None:
        self.is_pending = True  # until it exists
        if config is None:
            self.disable()
        if config and self.id is None:
            self.create(config)
        else:
            super().write(config)
        if self.id:
            self.is_pending = False
            self.wait_until_deployed()

    def create(self, config: Document) -> None:
        response = self.client.create_distribution_with_tags(
            DistributionConfigWithTags={
                "DistributionConfig": {**config, "CallerReference": str(uuid.uuid4())},
                "Tags": {"Items": [{"Key": TAG, "Value": self.name}]},
            }
        )
        self.id = response["Distribution"]["Id"]

    def disable(self) -> None:
        """Prepare for deletion; raise ``NotYet`` while AWS disables it, unless it is waited for."""
        config = self.details["DistributionConfig"]
        if config["Enabled"]:
            super().write({**config, "Enabled": False})
        self.wait_until_deployed()
        self.refresh()
        if self.is_deploying:
            raise NotYet(
                "AWS is disabling it; run this command again in a few minutes, or use --wait"
            )

    @property
    def is_deploying(self) -> bool:
        return self.id is not None and self.details["Status"] != "Deployed"

    def wait_until_deployed(self) -> None:
        """Wait until the last change is deployed, if the user asked to wait."""
        if self.progress:
            wait_for(
                "distribution", lambda: str(self.refresh()["Status"]), "Deployed", self.progress
            )

    def invalidate(self, paths: list[str]) -> str:
        """Remove these paths from CloudFront's caches; return the id of the invalidation."""
        assert self.id is not None
        id = create_invalidation(self.client, self.id, paths)
        if self.progress:
            wait_for(
                "invalidation", lambda: self.invalidation_status(id), "Completed", self.progress
            )
        return id

    def invalidation_status(self, id: str) -> str:
        response = self.client.get_invalidation(DistributionId=self.id, Id=id)
        status: str = response["Invalidation"]["Status"]
        return status


def _behaviors(summary: Document) -> list[Document]:
    others = summary.get("CacheBehaviors", {}).get("Items", [])
    return [summary.get("DefaultCacheBehavior", {}), *others]
