"""
What a media bucket's configuration must say: pure functions from documents to documents.

Documents have the shapes of boto3's S3 client. What others have put into them stays.
"""

from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from django_shift_media.keys import SIGNATURE_LENGTH

Document = dict[str, Any]

SID = "DjangoShiftMedia"
MAX_RULES = 50  # routing rules in a bucket, S3's limit
# The website endpoint says 404 for a missing object where readers may get objects, others say
# 403 where readers may not list them: a rule on one of the two would not always fire.
_ERRORS = ("403", "404")
# A dash, a signature, a dot: no original's key ends so (see keys.py), every resize's does.
_RESIZES = "????????/????/????/????/????????????/*/*x*-*-*-*-" + "?" * SIGNATURE_LENGTH + ".*"


class Conflict(Exception):
    """A configuration of others that ours cannot live beside; the message says which."""


class App(NamedTuple):
    """Where the app answers: "https", "www.example.com:8000", and the keys' prefix there."""

    scheme: str
    host: str
    prefix: str


def parse_app_url(url: str, mount: str) -> App:
    """
    Join the app's public URL and the path where its media urls are mounted.

    Raise ``ValueError`` for anything but "https://host", possibly with a port and a path.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"The app's URL is {url!r}, must be as in 'https://www.example.com'.")
    return App(parts.scheme, parts.netloc, f"{parts.path.rstrip('/')}{mount}".lstrip("/"))


def read_statement(
    bucket: str, prefix: str = "", *, private_originals: bool = False, region: str = ""
) -> Document:
    """Return the policy statement that lets anyone get media, or only resizes."""
    partition = "aws-cn" if region.startswith("cn-") else "aws"
    if region.startswith("us-gov-"):
        partition = "aws-us-gov"
    objects = _RESIZES if private_originals else "*"
    return {
        "Sid": SID,
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:{partition}:s3:::{bucket}/{prefix}{objects}",
    }


def merge_policy(current: Document | None, statement: Document) -> Document:
    """Put our statement where one of its Sid is, or at the end."""
    policy = current or {"Version": "2012-10-17"}
    statements = policy.get("Statement", [])
    if isinstance(statements, dict):  # a single one may stand without its list
        statements = [statements]
    return {
        **policy,
        "Statement": _put(statements, [statement], lambda other: other.get("Sid") == SID),
    }


def merge_public_access(current: Document | None) -> Document:
    """Lift the two blocks that keep a bucket's policy from letting anyone read."""
    if current is None:
        return {}
    return {**current, "BlockPublicPolicy": False, "RestrictPublicBuckets": False}


def routing_rules(app: App, prefix: str = "") -> list[Document]:
    """Return the rules that send readers of what is missing to the app."""
    if prefix and not app.prefix:
        raise Conflict(
            f"The storage's location is {prefix!r} and the urls are mounted at '/': S3 can put"
            " another prefix in its place, but not none. Mount them at 'media/', for one."
        )
    return [
        {
            "Condition": {
                **({"KeyPrefixEquals": prefix} if prefix else {}),
                "HttpErrorCodeReturnedEquals": error,
            },
            "Redirect": {
                "Protocol": app.scheme,
                "HostName": app.host,
                **({"ReplaceKeyPrefixWith": app.prefix} if app.prefix else {}),
                "HttpRedirectCode": "302",
            },
        }
        for error in _ERRORS
    ]


def merge_website(current: Document | None, rules: list[Document]) -> Document:
    """
    Put our rules where former ones of ours are, or behind all others.

    Raise ``Conflict`` where ours would not come into effect.
    """
    website = current or {}
    if "RedirectAllRequestsTo" in website:
        target = website["RedirectAllRequestsTo"].get("HostName")
        raise Conflict(f"The bucket's website redirects all requests to {target!r}.")
    merged = _put(website.get("RoutingRules", []), rules, lambda other: _is_ours(other, rules))
    if len(merged) > MAX_RULES:
        raise Conflict(f"The bucket would have {len(merged)} routing rules, S3 takes {MAX_RULES}.")
    for position, rule in enumerate(merged, 1):
        if rule in rules:
            continue
        if any(_hides(rule, ours) for ours in rules if ours in merged[position:]):
            raise Conflict(
                f"Routing rule {position} of the bucket's website takes what is missing before"
                f" ours can: {rule}. Remove it, or give it a narrower KeyPrefixEquals."
            )
    return {"IndexDocument": {"Suffix": "index.html"}, **website, "RoutingRules": merged}


def _put(
    others: list[Document], ours: list[Document], is_ours: Callable[[Document], bool]
) -> list[Document]:
    """Return the list with what was ours replaced by ``ours``, at the place of the first."""
    kept = [other for other in others if not is_ours(other)]
    places = [index for index, other in enumerate(others) if is_ours(other)]
    place = places[0] if places else len(kept)
    return [*kept[:place], *ours, *kept[place:]]


def _is_ours(rule: Document, ours: list[Document]) -> bool:
    """Rules have no ids: one with our condition is ours if its host or its prefix is, too."""
    for own in ours:
        if rule.get("Condition") == own["Condition"]:
            theirs, redirect = rule.get("Redirect", {}), own["Redirect"]
            same_prefix = theirs.get("ReplaceKeyPrefixWith") == redirect.get("ReplaceKeyPrefixWith")
            return same_prefix or bool(theirs.get("HostName") == redirect["HostName"])
    return False


def _hides(rule: Document, ours: Document) -> bool:
    condition, own = rule.get("Condition", {}), ours["Condition"]
    error = condition.get("HttpErrorCodeReturnedEquals")
    covers_error = error in {None, own["HttpErrorCodeReturnedEquals"]}
    covers_prefix = own.get("KeyPrefixEquals", "").startswith(condition.get("KeyPrefixEquals", ""))
    return covers_error and covers_prefix
