"""Find, read, write and delete resources of CloudFront and ACM by boto3's clients."""

import hashlib
import re
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from botocore import xform_name

from django_shift_media.aws.common import Conflict, Document, NotYet
from django_shift_media.aws.distribution import covers

POLL_INTERVAL = 5  # seconds between two requests for a status
TIMEOUT = 3600  # maximum seconds to wait for a status
_RECORD_TIMEOUT = 30  # maximum seconds until a new certificate has its DNS record
_KEY_TYPES = ["RSA_2048", "RSA_3072", "RSA_4096", "EC_prime256v1", "EC_secp384r1"]

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

    def read(self) -> Document | None:
        found = next((item for item in self.summaries() if self.is_ours(item)), None)
        self.id = found["Id"] if found else None
        return self.refresh()[f"{self.kind}Config"] if found else None

    def summaries(self) -> Iterator[Document]:
        plural = re.sub("y$", "ie", self.operation) + "s"
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


class Certificate:
    """The certificate of a domain, an existing one of the account or a new one from ACM."""

    def __init__(self, client: Any, domain: str, progress: Progress | None) -> None:
        self.client = client
        self.domain = domain
        self.progress = progress
        self.arn: str | None = None
        self.is_issued = False

    def read(self) -> Document | None:
        issued, pending = self.matching_arns("ISSUED"), self.matching_arns("PENDING_VALIDATION")
        self.arn = next(issued, None) or next(pending, None)
        return {"DomainName": self.domain, "Status": self.status()} if self.arn else None

    def matching_arns(self, status: str) -> Iterator[str]:
        pages = self.client.get_paginator("list_certificates").paginate(
            CertificateStatuses=[status], Includes={"keyTypes": _KEY_TYPES}
        )
        for page in pages:
            for found in page["CertificateSummaryList"]:
                names = [found["DomainName"], *found.get("SubjectAlternativeNameSummaries", [])]
                if covers(names, self.domain):
                    yield found["CertificateArn"]

    def merge(self, current: Document | None) -> Document:
        if current and current["Status"] != "ISSUED" and not self.progress:
            raise NotYet(
                f"create the DNS record {self.validation_record()}, then run this command again"
            )
        return {"DomainName": self.domain, "Status": "ISSUED"}

    def write(self, _: Document | None) -> None:
        if self.arn is None:
            response = self.client.request_certificate(
                DomainName=self.domain,
                ValidationMethod="DNS",
                # A second request within an hour returns the same certificate.
                IdempotencyToken=hashlib.sha256(self.domain.encode()).hexdigest()[:32],
            )
            self.arn = response["CertificateArn"]
        if self.progress:
            self.progress(f"DNS record to create: {self.validation_record()}")
            wait_for("certificate", self.status, "ISSUED", self.progress)

    def status(self) -> str:
        status: str = self.describe()["Status"]
        if status not in {"ISSUED", "PENDING_VALIDATION"}:
            raise Conflict(
                f"The certificate {self.arn} of {self.domain!r} has the status {status}, must be"
                " ISSUED or PENDING_VALIDATION."
            )
        self.is_issued = status == "ISSUED"
        return status

    def validation_record(self) -> str:
        """Return the DNS record that proves to ACM who owns the domain."""
        started = time.monotonic()
        while time.monotonic() - started < _RECORD_TIMEOUT:
            for option in self.describe().get("DomainValidationOptions", []):
                if record := option.get("ResourceRecord"):
                    return f"{record['Name']} {record['Type']} {record['Value']}"
            time.sleep(1)
        return f"that ACM shows for {self.arn}"

    def describe(self) -> Document:
        response: Document = self.client.describe_certificate(CertificateArn=self.arn)
        found: Document = response["Certificate"]
        return found


class Distribution(CloudFrontResource):
    """A distribution; changes take minutes to reach all of CloudFront's edge locations."""

    def __init__(
        self, client: Any, comment: str, domain: str | None, progress: Progress | None
    ) -> None:
        super().__init__(client, "Distribution", self.has_our_comment)
        self.comment = comment
        self.domain = domain
        self.progress = progress
        self.is_pending = False

    def has_our_comment(self, summary: Document) -> bool:
        is_ours: bool = summary["Comment"] == self.comment
        if not is_ours and self.domain in summary.get("Aliases", {}).get("Items", []):
            raise Conflict(
                f"{self.domain!r} is an alias of the distribution {summary['Id']}, which this"
                " command did not create. Remove the alias, or, to let this command manage the"
                f" distribution, set its comment to {self.comment!r}."
            )
        return is_ours

    def write(self, config: Document | None) -> None:
        self.is_pending = True  # until it exists
        if config is None:
            self.disable()
        elif self.id is None:
            config = {**config, "CallerReference": str(uuid.uuid4())}
        super().write(config)
        if self.id:
            self.is_pending = False
            self.wait_until_deployed()

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
        response = self.client.create_invalidation(
            DistributionId=self.id,
            InvalidationBatch={
                "CallerReference": str(uuid.uuid4()),
                "Paths": {"Quantity": len(paths), "Items": paths},
            },
        )
        id: str = response["Invalidation"]["Id"]
        if self.progress:
            wait_for(
                "invalidation", lambda: self.invalidation_status(id), "Completed", self.progress
            )
        return id

    def invalidation_status(self, id: str) -> str:
        response = self.client.get_invalidation(DistributionId=self.id, Id=id)
        status: str = response["Invalidation"]["Status"]
        return status
