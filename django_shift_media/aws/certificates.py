"""The certificate of a distribution: the present one, another of the account, or a new one."""

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django_shift_media.aws.cloudfront import Progress, wait_for
from django_shift_media.aws.common import Conflict, Document, NotYet
from django_shift_media.aws.distribution import covers
from django_shift_media.aws.tags import tag_list

# The key types that CloudFront accepts, the best first:
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cnames-and-https-requirements.html
_KEY_TYPES = ("EC_prime256v1", "RSA_2048", "RSA_3072", "RSA_4096", "RSA_1024")
# Maximum seconds until a new certificate can be read, and has its DNS records.
_CREATION_TIMEOUT = 60
_NO_DATE = datetime.min.replace(tzinfo=UTC)


def certificate_request(names: Sequence[str], tags: Mapping[str, str]) -> Document:
    """Return the arguments of RequestCertificate for a domain and its other names."""
    return {
        "DomainName": names[0],
        "ValidationMethod": "DNS",
        **({"SubjectAlternativeNames": list(names[1:])} if names[1:] else {}),
        **({"Tags": tag_list(tags)} if tags else {}),
    }


class Certificate:
    """
    The certificate for a domain, and for the aliases that the distribution has already.

    ``read_distribution`` returns the present configuration of the distribution. ``publish`` writes
    the DNS records that prove to ACM who owns the domain, if it is given. ``tags`` are for a new
    certificate.
    """

    def __init__(
        self,
        client: Any,
        domain: str,
        progress: Progress | None,
        *,
        read_distribution: Callable[[], Document | None],
        publish: Callable[[Sequence[Document]], None] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        self.client = client
        self.domain = domain
        self.progress = progress
        self.read_distribution = read_distribution
        self.publish = publish
        self.tags = tags or {}
        self.names: list[str] = [domain]
        self.arn: str | None = None
        self.is_issued = False
        self.is_published = False
        self.requested_at: float | None = None

    def read(self) -> Document | None:
        config = self.read_distribution() or {}
        aliases = config.get("Aliases", {}).get("Items", [])
        self.names = [self.domain, *sorted(set(aliases) - {self.domain})]
        present = config.get("ViewerCertificate", {})
        if present.get("IAMCertificateId") and self.domain in aliases:
            self.is_issued = True  # CloudFront has verified that it covers all aliases
            return self.document("ISSUED")
        self.arn = self.arn or self.usable(present.get("ACMCertificateArn")) or self.best()
        return self.document(self.status()) if self.arn else None

    def document(self, status: str) -> Document:
        return {"DomainNames": self.names, "Status": status}

    def usable(self, arn: str | None) -> str | None:
        """Return the ARN if this certificate is issued, valid and covers all names."""
        if arn is None:
            return None
        try:
            found = self.client.describe_certificate(CertificateArn=arn)["Certificate"]
        except self.client.exceptions.ResourceNotFoundException:
            return None
        is_valid = found["Status"] == "ISSUED" and _expiry(found) > datetime.now(UTC)
        return arn if is_valid and self.is_covered(_names(found)) else None

    def best(self) -> str | None:
        """Return the ARN of the best certificate of the account, an issued one if possible."""
        for status in ("ISSUED", "PENDING_VALIDATION"):
            if candidates := list(self.candidates(status)):
                best: str = max(candidates, key=_rank)["CertificateArn"]
                return best
        return None

    def candidates(self, status: str) -> Iterator[Document]:
        pages = self.client.get_paginator("list_certificates").paginate(
            CertificateStatuses=[status], Includes={"keyTypes": sorted(_KEY_TYPES)}
        )
        for page in pages:
            for summary in page["CertificateSummaryList"]:
                if not self.may_cover(summary):
                    continue
                arn = summary["CertificateArn"]
                found = self.client.describe_certificate(CertificateArn=arn)["Certificate"]
                if found.get("KeyAlgorithm", "").replace("-", "_") in _KEY_TYPES and (
                    self.is_covered(_names(found))
                ):
                    yield found

    def may_cover(self, summary: Document) -> bool:
        """Return whether a certificate in a list may cover the domain; a list is not complete."""
        names = summary.get("SubjectAlternativeNameSummaries", [])
        is_complete = names and not summary.get("HasAdditionalSubjectAlternativeNames")
        return not is_complete or covers([summary["DomainName"], *names], self.domain)

    def is_covered(self, names: list[str]) -> bool:
        return all(covers(names, name) for name in self.names)

    def merge(self, current: Document | None) -> Document:
        if current and current["Status"] != "ISSUED":
            if self.is_published and not self.progress:
                raise NotYet("ACM is validating it; run this command again in some minutes")
            if not (self.progress or self.publish):
                raise NotYet(f"create the DNS {self.records_text()}, then run this command again")
        return self.document("ISSUED")

    def write(self, _: Document | None) -> None:
        if self.arn is None:
            response = self.client.request_certificate(
                **certificate_request(self.names, self.tags),
                # A second request within an hour returns the same certificate.
                IdempotencyToken=hashlib.sha256(" ".join(self.names).encode()).hexdigest()[:32],
            )
            self.arn = response["CertificateArn"]
            self.requested_at = time.monotonic()
        if self.publish:
            self.publish(self.validation_records())
            self.is_published = True
        if self.progress:
            if not self.publish:
                self.progress(f"DNS {self.records_text(to_create=True)}")
            self.wait(self.progress)

    def wait(self, progress: Progress) -> None:
        try:
            wait_for("certificate", self.status, "ISSUED", progress)
        except NotYet:
            self.progress = None  # so that the distribution is not made without it
            raise

    def status(self) -> str:
        status: str = self.describe()["Status"]
        if status not in {"ISSUED", "PENDING_VALIDATION"}:
            raise Conflict(
                f"The certificate {self.arn} of {self.domain!r} has the status {status}, must be"
                " ISSUED or PENDING_VALIDATION."
            )
        self.is_issued = status == "ISSUED"
        return status

    def records_text(self, *, to_create: bool = False) -> str:
        """Return the DNS records that prove to ACM who owns the domain, as a message."""
        records = [
            f"{one['Name']} {one['Type']} {one['Value']}" for one in self.validation_records()
        ]
        text = ", ".join(records) or f"that ACM shows for {self.arn}"
        noun = "records" if len(records) > 1 else "record"
        return f"{noun} to create: {text}" if to_create else f"{noun} {text}"

    def validation_records(self) -> list[Document]:
        """Return these DNS records, as soon as ACM has made them."""
        started = time.monotonic()
        while time.monotonic() - started < _CREATION_TIMEOUT:
            options = self.describe().get("DomainValidationOptions", [])
            if options and all("ResourceRecord" in option for option in options):
                records = [option["ResourceRecord"] for option in options]
                # A domain and its wildcard have the same record.
                return list({record["Name"]: record for record in records}.values())
            time.sleep(1)
        return []

    def describe(self) -> Document:
        """
        Describe the certificate; a new one may be unknown for some seconds.

        https://docs.aws.amazon.com/acm/latest/APIReference/API_DescribeCertificate.html
        """
        while True:
            try:
                response: Document = self.client.describe_certificate(CertificateArn=self.arn)
            except self.client.exceptions.ResourceNotFoundException:
                age = time.monotonic() - (self.requested_at or 0)
                if self.requested_at is None or age > _CREATION_TIMEOUT:
                    raise
                time.sleep(1)
            else:
                found: Document = response["Certificate"]
                return found


def _names(certificate: Document) -> list[str]:
    return [certificate["DomainName"], *certificate.get("SubjectAlternativeNames", [])]


def _expiry(certificate: Document) -> datetime:
    expiry: datetime = certificate.get("NotAfter", _NO_DATE)
    return expiry


def _rank(certificate: Document) -> tuple[int, datetime]:
    """Prefer good key types, then a late expiry."""
    key_type = certificate["KeyAlgorithm"].replace("-", "_")
    # All but the last are good; EC and RSA are the same to viewers.
    return int(key_type != _KEY_TYPES[-1]), _expiry(certificate)
