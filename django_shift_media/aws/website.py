"""The bucket's website configuration: routing rules that redirect missing files to the app."""

import re
from typing import Literal, NamedTuple
from urllib.parse import urlsplit
from xml.etree import ElementTree

from django_shift_media.aws.common import Conflict, Document, replace_ours

RedirectCode = Literal["302", "307"]

MAX_RULES = 50  # S3's limit of routing rules in a bucket
# S3 requires an index document. This name shows that this package turned the website on.
INDEX_DOCUMENT = "django-shift-media-index.html"
# For a missing object, AWS's website endpoint answers 404 if the policy grants s3:GetObject; other
# servers answer 403 unless readers may also list the bucket. Both need a rule.
_ERROR_CODES = ("403", "404")
# A host name or an IPv6 address, and a port; no user name and password.
_HOST = re.compile(r"([\w.-]+|\[[0-9a-fA-F:.]+\])(:[0-9]{1,5})?")


class AppEndpoint(NamedTuple):
    """Where the app serves media, such as "https", "www.example.com:8000" and "media/"."""

    scheme: str
    host: str
    prefix: str


def parse_app_url(url: str, mount: str) -> AppEndpoint:
    """
    Join the app's public URL and the path where this package's URLs are mounted.

    Raise ``ValueError`` for anything but "https://host", with an optional port and path.
    """
    parts = urlsplit(url)
    is_host = _HOST.fullmatch(parts.netloc)
    if parts.scheme not in {"http", "https"} or not is_host or parts.query or parts.fragment:
        raise ValueError(
            f"Invalid URL of the app {url!r}. Use a scheme and a host, such as"
            " 'https://www.example.com'."
        )
    return AppEndpoint(parts.scheme, parts.netloc, f"{parts.path.rstrip('/')}{mount}".lstrip("/"))


def check_not_media(app: AppEndpoint, media_url: str) -> None:
    """Raise ``Conflict`` if the app's URLs are URLs of media, so that redirects would not end."""
    media = urlsplit(media_url)
    if app.host == media.netloc and f"/{app.prefix}".startswith(media.path):
        raise Conflict(
            f"--app-url is the URL of the media, {media_url}: missing files would be redirected to"
            " themselves. Use the public URL of the app."
        )


def routing_rules(
    app: AppEndpoint, prefix: str = "", *, redirect_code: RedirectCode = "302"
) -> list[Document]:
    """Return the rules that redirect requests for missing files to the app."""
    return [
        {
            "Condition": {
                "HttpErrorCodeReturnedEquals": error,
                **({"KeyPrefixEquals": prefix} if prefix else {}),
            },
            "Redirect": {
                "HostName": app.host,
                "HttpRedirectCode": redirect_code,
                "Protocol": app.scheme,
                **({"ReplaceKeyPrefixWith": app.prefix} if app.prefix else {}),
            },
        }
        for error in _ERROR_CODES
    ]


def merge_website(current: Document | None, rules: list[Document]) -> Document:
    """
    Replace our former rules, or add ours behind all others.

    Raise ``Conflict`` if ours would have no effect.
    """
    website = current or {"IndexDocument": {"Suffix": INDEX_DOCUMENT}}
    _check_mount(rules[0])
    if "RedirectAllRequestsTo" in website:
        target = website["RedirectAllRequestsTo"].get("HostName")
        raise Conflict(
            f"The bucket's website redirects all requests to {target!r}. Remove that redirect."
        )
    merged = _insert_rules(website.get("RoutingRules", []), rules)
    if len(merged) > MAX_RULES:
        raise Conflict(
            f"The bucket would have {len(merged)} routing rules; the maximum is {MAX_RULES}."
        )
    for position, rule in enumerate(merged, 1):
        if any(_shadows(rule, ours) for ours in rules if ours in merged[position:]):
            raise Conflict(
                f"Routing rule {position} of the bucket's website redirects missing files before"
                f" our rules can: {rule}. Remove it, or give it a narrower KeyPrefixEquals."
            )
    return {**website, "RoutingRules": merged}


def _insert_rules(others: list[Document], ours: list[Document]) -> list[Document]:
    """Return all rules; new rules for a location go before rules that cover more keys."""
    if any(_is_ours(rule, ours) for rule in others):
        return replace_ours(others, ours, lambda rule: _is_ours(rule, ours))
    wider = (n for n, rule in enumerate(others) if _prefix(rule) != _prefix(ours[0]))
    shadowing = (n for n in wider if any(_shadows(others[n], rule) for rule in ours))
    position = next(shadowing, len(others))
    return [*others[:position], *ours, *others[position:]]


def remove_from_website(current: Document | None, rules: list[Document]) -> Document | None:
    """
    Undo ``merge_website``, whatever host and path the rules redirect to.

    Return None if no settings of others are left.
    """
    if current is None:
        return None
    present = current.get("RoutingRules", [])
    formers = [_former_rule(present, rule) for rule in rules]
    # Ours come in pairs; a single rule that resembles one of ours may be anybody's.
    redirects = [former.get("Redirect") for former in formers]
    ours = formers if redirects.count(redirects[0]) == len(rules) else []
    others = [rule for rule in present if rule not in ours and not _is_ours(rule, rules)]
    website = {name: value for name, value in current.items() if name != "RoutingRules"}
    if others:
        website["RoutingRules"] = others
    return None if website == {"IndexDocument": {"Suffix": INDEX_DOCUMENT}} else website


def _former_rule(present: list[Document], ours: Document) -> Document:
    """Return the first rule that differs from ours only in the site of the app, or {}."""
    mount = ours["Redirect"].get("ReplaceKeyPrefixWith", "")
    for rule in present:
        redirect = rule.get("Redirect", {})
        prefix = redirect.get("ReplaceKeyPrefixWith", "")
        is_complete = redirect.keys() >= {"HostName", "Protocol", "HttpRedirectCode"}
        is_mount = prefix == mount or (bool(mount) and prefix.endswith(f"/{mount}"))
        if rule.get("Condition") == ours["Condition"] and is_complete and is_mount:
            return rule
    return {}


def rules_as_xml(rules: list[Document]) -> str:
    """Return routing rules as XML, the format of S3's API."""
    root = ElementTree.Element("RoutingRules")
    for rule in rules:
        element = ElementTree.SubElement(root, "RoutingRule")
        for name, values in rule.items():
            child = ElementTree.SubElement(element, name)
            for key, value in values.items():
                ElementTree.SubElement(child, key).text = value
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode")


def _check_mount(rule: Document) -> None:
    prefix = rule["Condition"].get("KeyPrefixEquals")
    if prefix and "ReplaceKeyPrefixWith" not in rule["Redirect"]:
        raise Conflict(
            f"The storage has the location {prefix!r}, and the URLs are mounted at '/'. S3 cannot"
            " replace a prefix with nothing. Mount them at another path, such as 'shift-media/'."
        )


def _is_ours(rule: Document, ours: list[Document]) -> bool:
    """Compare conditions and targets, as rules have no ids: the host or the prefix must match."""
    for our_rule in ours:
        if rule.get("Condition") == our_rule["Condition"]:
            theirs, redirect = rule.get("Redirect", {}), our_rule["Redirect"]
            same_prefix = theirs.get("ReplaceKeyPrefixWith") == redirect.get("ReplaceKeyPrefixWith")
            return same_prefix or bool(theirs.get("HostName") == redirect["HostName"])
    return False


def _shadows(rule: Document, ours: Document) -> bool:
    """Return whether a rule applies to every request that ours, if behind it, would."""
    error = rule.get("Condition", {}).get("HttpErrorCodeReturnedEquals")
    covers_error = error in {None, ours["Condition"]["HttpErrorCodeReturnedEquals"]}
    return covers_error and rule != ours and _prefix(ours).startswith(_prefix(rule))


def _prefix(rule: Document) -> str:
    prefix: str = rule.get("Condition", {}).get("KeyPrefixEquals", "")
    return prefix
