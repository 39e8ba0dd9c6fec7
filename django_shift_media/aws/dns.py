"""DNS records of a distribution and of its certificate, in Amazon Route 53."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from django_shift_media.aws.common import Conflict, Document

# The hosted zone of all distributions, in alias records. China has another:
# https://docs.aws.amazon.com/Route53/latest/APIReference/API_AliasTarget.html
# https://docs.amazonaws.cn/en_us/aws/latest/userguide/route53.html
_CLOUDFRONT_ZONES = {"aws": "Z2FDTNDATAQYW2", "aws-cn": "Z3RFFRIM2A3IF5"}
# CloudFront answers over IPv4 and IPv6; each needs an alias record.
_ADDRESS_TYPES = ("A", "AAAA")
TTL = 300  # seconds
# What many countries register names under, such as example.co.uk.
_SECOND_LEVEL = re.compile(r"(ac|co|com|edu|go|gov|ne|net|or|org)\.[a-z]{2}")


def records_to_create(domain: str, host: str) -> list[str]:
    """
    Return instructions for a DNS server other than Route 53.

    A domain that is a zone of its own cannot have a CNAME record (RFC 1034, section 3.6.2).
    """
    parent = domain.partition(".")[2]
    if "." in parent and not _SECOND_LEVEL.fullmatch(parent):
        return [f"DNS record to create: {domain} CNAME {host}"]
    return [
        f"DNS records to create: {domain} A and {domain} AAAA, both as alias records of {host}.",
        f"DNS does not allow a CNAME record for {domain}. If your DNS server has no alias records"
        " (also called ALIAS, ANAME or flattened CNAME), use a subdomain, or Route 53 (--route53).",
    ]


def records_to_delete(domains: Sequence[str], host: str) -> list[str]:
    """Return instructions for the records of a distribution that is removed."""
    if not domains:
        return []
    return [f"DNS records to delete: those of {', '.join(domains)} that point to {host}."]


def alias_records(domain: str, host: str, partition: str) -> Document:
    """Return alias records of a distribution's host, for IPv4 and IPv6."""
    target = {
        "HostedZoneId": _CLOUDFRONT_ZONES[partition],
        "DNSName": f"{host}.",
        "EvaluateTargetHealth": False,
    }
    return {
        "Records": [
            {"Name": f"{domain}.", "Type": type, "AliasTarget": target} for type in _ADDRESS_TYPES
        ]
    }


def is_same_records(one: Document | None, other: Document | None) -> bool:
    """Compare alias records: Route 53 returns names in lower case, and more members."""
    return _targets(one) == _targets(other)


def without_aliases_of(host: str, document: Document | None) -> Document | None:
    """Return records without the aliases of a distribution's host; None if no record is left."""
    records = (document or {"Records": []})["Records"]
    kept = [
        record
        for record in records
        if record.get("AliasTarget", {}).get("DNSName", "").rstrip(".").lower() != host.lower()
    ]
    return {"Records": kept} if kept else None


def _targets(document: Document | None) -> set[tuple[str, str]]:
    records = (document or {"Records": []})["Records"]
    return {
        (record["Type"], record.get("AliasTarget", {}).get("DNSName", "").lower())
        for record in records
    }


class HostedZone:
    """The hosted zone of a domain; raise ``Conflict`` if the account has none."""

    def __init__(self, client: Any, domain: str) -> None:
        self.client = client
        self.domain = domain
        zones = [zone for zone in self._zones() if f".{domain}.".endswith(f".{zone['Name']}")]
        if not zones:
            raise Conflict(f"Route 53 has no public hosted zone for {domain!r} in this account.")
        self.id: str = max(zones, key=lambda zone: len(zone["Name"]))["Id"]

    def _zones(self) -> Iterator[Document]:
        for page in self.client.get_paginator("list_hosted_zones").paginate():
            yield from (one for one in page["HostedZones"] if not one["Config"]["PrivateZone"])

    def read(self) -> Document | None:
        """Return the records that say where the domain is."""
        records = self._records(self.domain, {*_ADDRESS_TYPES, "CNAME"})
        return {"Records": records} if records else None

    def _records(self, name: str, types: set[str]) -> list[Document]:
        pages = self.client.get_paginator("list_resource_record_sets").paginate(
            HostedZoneId=self.id, StartRecordName=name
        )
        found = []
        for record in (one for page in pages for one in page["ResourceRecordSets"]):
            if record["Name"] != f"{name}.":
                break  # they are sorted by name, beginning with this one
            if record["Type"] in types:
                found.append(record)
        return found

    def write(self, document: Document | None) -> None:
        """Replace the records that say where the domain is."""
        desired = (document or {"Records": []})["Records"]
        types = {record["Type"] for record in desired}
        present = self._records(self.domain, {*_ADDRESS_TYPES, "CNAME"})
        self._change(
            [
                *(("DELETE", record) for record in present if record["Type"] not in types),
                *(("UPSERT", record) for record in desired),
            ]
        )

    def publish(self, records: Sequence[Document]) -> None:
        """Write the records that prove to ACM who owns the domain."""
        self._change(
            [
                (
                    "UPSERT",
                    {
                        "Name": record["Name"],
                        "Type": record["Type"],
                        "TTL": TTL,
                        "ResourceRecords": [{"Value": record["Value"]}],
                    },
                )
                for record in records
            ]
        )

    def _change(self, changes: Sequence[tuple[str, Document]]) -> None:
        batch = [{"Action": action, "ResourceRecordSet": record} for action, record in changes]
        if batch:
            self.client.change_resource_record_sets(
                HostedZoneId=self.id, ChangeBatch={"Changes": batch}
            )
