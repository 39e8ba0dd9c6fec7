"""
The keys with which CloudFront verifies the signed cookies of private media.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-trusted-signers.html
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from django_shift_media.aws.cloudfront import CloudFrontResource
from django_shift_media.aws.common import Document, NotYet
from django_shift_media.aws.distribution import deep_merge
from django_shift_media.aws.plan import Resource
from django_shift_media.delivery import CDN_HEADER

_PLACEHOLDER = "(known after it is created)"


# Whether something else still uses a resource that is to be deleted.
IsInUse = Callable[[], bool]


class KeyGroup:
    """
    A public key, and the key group of a distribution that it belongs to.

    ``name`` is that of the group. ``key_in_use`` is the id of the key whose private key the site
    signs with now: while another replaces it, CloudFront accepts both.
    """

    def __init__(self, client: Any, name: str, public_key: str, key_in_use: str | None) -> None:
        self.client = client
        self.name = name
        self.public_key = public_key
        self.key_in_use = key_in_use
        self.document = public_key_document(name, public_key)
        self.key = find_key(client, self.document["Name"])
        self.group = find_group(client, name)

    def resources(self) -> Iterator[Resource]:
        yield Resource(
            name="public key",
            read=self.key.read,
            merge=lambda current: current or self.document,  # of which AWS lets nobody change a key
            write=self.key.write,
        )
        yield Resource(
            name="key group",
            read=self.group.read,
            merge=self.merge_group,
            write=self.group.write,
            needs=frozenset({"public key"}),
        )

    @property
    def id(self) -> str:
        return self.group.id or _PLACEHOLDER

    def merge_group(self, current: Document | None) -> Document:
        present = current["Items"] if current else []
        kept = [id for id in present if id in {self.key.id, self.key_in_use}]
        new = [] if self.key.id in kept else [self.key.id or _PLACEHOLDER]
        return {**(current or {}), **key_group_document(self.name, [*kept, *new])}


def public_key_document(group: str, public_key: str) -> Document:
    """Return a key of a group; its name says which key it is, as AWS lets nobody change a key."""
    name = f"{group}-{hashlib.sha256(public_key.encode()).hexdigest()[:8]}"
    return {"CallerReference": name, "Name": name, "EncodedKey": public_key}


def key_group_document(name: str, key_ids: Sequence[str]) -> Document:
    return {"Name": name, "Items": list(key_ids)}


def find_key(client: Any, name: str) -> CloudFrontResource:
    return CloudFrontResource(client, "PublicKey", lambda summary: bool(summary["Name"] == name))


def find_group(client: Any, name: str) -> CloudFrontResource:
    return CloudFrontResource(
        client, "KeyGroup", lambda summary: bool(summary["KeyGroupConfig"]["Name"] == name)
    )


def removed_resources(client: Any, name: str, *, is_in_use: IsInUse) -> Iterator[Resource]:
    """Yield the key group and its public keys, to delete them after the distribution."""
    group = find_group(client, name)
    yield _removed("key group", group, is_in_use, needs="distribution")
    keys = CloudFrontResource(client, "PublicKey", lambda each: each["Name"].startswith(f"{name}-"))
    for number, found in enumerate(filter(keys.is_ours, keys.summaries())):
        key = find_key(client, found["Name"])
        label = "public key" if number == 0 else f"public key {number + 1}"
        yield _removed(label, key, lambda: bool(group.id), needs="key group")


def _removed(
    name: str, resource: CloudFrontResource, is_in_use: IsInUse, *, needs: str
) -> Resource:
    return Resource(
        name=name,
        read=resource.read,
        merge=partial(_merge_unused, is_in_use, needs),
        write=resource.write,
        needs=frozenset({needs}),
    )


def _merge_unused(is_in_use: IsInUse, user: str, current: Document | None) -> None:
    if current and is_in_use():
        raise NotYet(f"the {user} still uses it")


def is_protected(config: Document | None) -> bool:
    """Return whether a distribution gives media only to browsers with signed cookies."""
    behavior = (config or {}).get("DefaultCacheBehavior", {})
    return bool(behavior.get("TrustedKeyGroups", {}).get("Enabled"))


def protect(config: Document, key_group: str | None, secret: str) -> Document:
    """
    Return the configuration of a distribution that verifies cookies, and tells the app so.

    None keeps the present key group. ``secret`` is sent to the app by ``CDN_HEADER``.
    """
    header = {"HeaderName": CDN_HEADER, "HeaderValue": secret}
    origins = [
        deep_merge(each, {"CustomHeaders": {"Quantity": 1, "Items": [header]}})
        if "CustomOriginConfig" in each
        else each
        for each in config["Origins"]["Items"]
    ]
    ours: Document = {"Origins": {"Quantity": len(origins), "Items": origins}}
    if key_group is not None:
        groups = {"Enabled": True, "Quantity": 1, "Items": [key_group]}
        ours["DefaultCacheBehavior"] = {"TrustedKeyGroups": groups}
    return deep_merge(config, ours)
