"""Resources of CloudFront and ACM: found, read, written and deleted through boto3's clients."""

import hashlib
import re
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from botocore import xform_name

from django_shift_media.aws.common import Conflict, Document, NotYet
from django_shift_media.aws.distribution import covers

POLL = 5  # seconds between two looks at what AWS is doing
PATIENCE = 3600  # seconds to wait for AWS, at most
# Seconds until a new certificate has its DNS record; told in a few.
_RECORD = 30
_KEY_TYPES = ["RSA_2048", "RSA_3072", "RSA_4096", "EC_prime256v1", "EC_secp384r1"]

Progress = Callable[[str], None]


def wait(what: str, look: Callable[[], str], until: str, progress: Progress) -> None:
    """Look again and again until a state is reached; raise ``NotYet`` after an hour."""
    started = time.monotonic()
    while (state := look()) != until:
        seconds = time.monotonic() - started
        if seconds > PATIENCE:
            raise NotYet(f"{what} is {state} after {seconds:.0f} seconds, run this again")
        progress(f"{what}: {state}, {seconds:.0f} s")
        time.sleep(POLL)


class Resource:
    """
    A cache policy, an origin access control or a distribution: all have the same calls.

    ``kind`` is as in "CachePolicy"; ``is_ours`` tells it from others by its summary in the list of
    all.
    """

    def __init__(self, client: Any, kind: str, is_ours: Callable[[Document], bool]) -> None:
        self.client = client
        self.kind = kind
        self.operation = xform_name(kind)
        self.is_ours = is_ours
        self.id: str | None = None
        self.found: Document = {}

    def read(self) -> Document | None:
        found = next((item for item in self.summaries() if self.is_ours(item)), None)
        self.id = found["Id"] if found else None
        return self.look()[f"{self.kind}Config"] if found else None

    def summaries(self) -> Iterator[Document]:
        plural = re.sub("y$", "ie", self.operation) + "s"
        arguments: dict[str, str] = {}
        while True:
            listed = getattr(self.client, f"list_{plural}")(**arguments)[f"{self.kind}List"]
            for item in listed.get("Items", []):
                yield item.get(self.kind, item)  # policies are wrapped once more
            if not listed.get("NextMarker"):
                return
            arguments["Marker"] = listed["NextMarker"]

    def look(self) -> Document:
        answer = getattr(self.client, f"get_{self.operation}")(Id=self.id)
        self.found = {**answer[self.kind], "ETag": answer["ETag"]}
        return self.found

    def write(self, config: Document | None) -> None:
        if config is None:
            self.call("delete", Id=self.id, IfMatch=self.found["ETag"])
            self.id = None
        elif self.id is None:
            self.id = self.call("create", **{f"{self.kind}Config": config})[self.kind]["Id"]
        else:
            document = {f"{self.kind}Config": config}
            self.call("update", Id=self.id, IfMatch=self.found["ETag"], **document)

    def call(self, verb: str, **arguments: Any) -> Document:
        answer: Document = getattr(self.client, f"{verb}_{self.operation}")(**arguments)
        return answer


class Certificate:
    """The certificate of a domain: found among those of the account, or requested from ACM."""

    def __init__(self, client: Any, domain: str, waiting: Progress | None) -> None:
        self.client = client
        self.domain = domain
        self.waiting = waiting
        self.arn: str | None = None
        self.is_issued = False

    def read(self) -> Document | None:
        issued, pending = self.arns("ISSUED"), self.arns("PENDING_VALIDATION")
        self.arn = next(issued, None) or next(pending, None)
        return {"DomainName": self.domain, "Status": self.status()} if self.arn else None

    def arns(self, status: str) -> Iterator[str]:
        pages = self.client.get_paginator("list_certificates").paginate(
            CertificateStatuses=[status], Includes={"keyTypes": _KEY_TYPES}
        )
        for page in pages:
            for found in page["CertificateSummaryList"]:
                names = [found["DomainName"], *found.get("SubjectAlternativeNameSummaries", [])]
                if covers(names, self.domain):
                    yield found["CertificateArn"]

    def merge(self, current: Document | None) -> Document:
        if current and current["Status"] != "ISSUED" and not self.waiting:
            raise NotYet(f"create the DNS record {self.record()}, and run this again")
        return {"DomainName": self.domain, "Status": "ISSUED"}

    def write(self, _: Document | None) -> None:
        if self.arn is None:
            answer = self.client.request_certificate(
                DomainName=self.domain,
                ValidationMethod="DNS",
                # Whoever asks twice within an hour gets the same one.
                IdempotencyToken=hashlib.sha256(self.domain.encode()).hexdigest()[:32],
            )
            self.arn = answer["CertificateArn"]
        if self.waiting:
            self.waiting(f"DNS record to create: {self.record()}")
            wait("certificate", self.status, "ISSUED", self.waiting)

    def status(self) -> str:
        status: str = self.describe()["Status"]
        if status not in {"ISSUED", "PENDING_VALIDATION"}:
            raise Conflict(f"The certificate of {self.domain!r} is {status}: {self.arn}.")
        self.is_issued = status == "ISSUED"
        return status

    def record(self) -> str:
        """Return the DNS record by which ACM sees whose the domain is."""
        started = time.monotonic()
        while time.monotonic() - started < _RECORD:
            for option in self.describe().get("DomainValidationOptions", []):
                if record := option.get("ResourceRecord"):
                    return f"{record['Name']} {record['Type']} {record['Value']}"
            time.sleep(1)
        return f"that ACM shows for {self.arn}"

    def describe(self) -> Document:
        answer: Document = self.client.describe_certificate(CertificateArn=self.arn)
        found: Document = answer["Certificate"]
        return found


class Distribution(Resource):
    """A distribution, which takes minutes to reach all of CloudFront's places."""

    def __init__(
        self, client: Any, comment: str, domain: str | None, waiting: Progress | None
    ) -> None:
        super().__init__(client, "Distribution", self.has_our_comment)
        self.comment = comment
        self.domain = domain
        self.waiting = waiting
        self.is_blocked = False

    def has_our_comment(self, summary: Document) -> bool:
        is_ours: bool = summary["Comment"] == self.comment
        if not is_ours and self.domain in summary.get("Aliases", {}).get("Items", []):
            raise Conflict(
                f"{self.domain!r} is an alias of the distribution {summary['Id']}, which this"
                f" command has not made: its comment is not {self.comment!r}."
            )
        return is_ours

    def write(self, config: Document | None) -> None:
        self.is_blocked = True  # until it is there
        if config is None:
            self.disable()
        elif self.id is None:
            config = {**config, "CallerReference": str(uuid.uuid4())}
        super().write(config)
        if self.id:
            self.is_blocked = False
            self.deploy()

    def disable(self) -> None:
        """Prepare for deletion; raise ``NotYet`` if that takes time and nobody waits."""
        config = self.found["DistributionConfig"]
        if config["Enabled"]:
            super().write({**config, "Enabled": False})
        self.deploy()
        self.look()
        if self.is_deploying:
            raise NotYet("it is being disabled, run this again in some minutes, or with --wait")

    @property
    def is_deploying(self) -> bool:
        return self.id is not None and self.found["Status"] != "Deployed"

    def deploy(self) -> None:
        """Wait until all of CloudFront's places know of the last change, if anybody waits."""
        if self.waiting:
            wait("distribution", lambda: str(self.look()["Status"]), "Deployed", self.waiting)

    def invalidate(self, paths: list[str]) -> str:
        """Make CloudFront forget what it keeps under these paths; return the id of that."""
        answer = self.client.create_invalidation(
            DistributionId=self.id,
            InvalidationBatch={
                "CallerReference": str(uuid.uuid4()),
                "Paths": {"Quantity": len(paths), "Items": paths},
            },
        )
        id: str = answer["Invalidation"]["Id"]
        if self.waiting:
            wait("invalidation", lambda: self.invalidation(id), "Completed", self.waiting)
        return id

    def invalidation(self, id: str) -> str:
        answer = self.client.get_invalidation(DistributionId=self.id, Id=id)
        status: str = answer["Invalidation"]["Status"]
        return status
