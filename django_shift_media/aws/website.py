"""The bucket's website: its routing rules send readers of what is missing to the app."""

from typing import Literal, NamedTuple
from urllib.parse import urlsplit
from xml.etree import ElementTree

from django_shift_media.aws.common import Conflict, Document, put

RedirectCode = Literal["302", "307"]

MAX_RULES = 50  # routing rules in a bucket, S3's limit
# S3 wants an index document. The name tells a website that we have turned on from others'.
INDEX = "django-shift-media-index.html"
# The website endpoint says 404 for a missing object where readers may get objects, others say
# 403 where readers may not list them: a rule on one of the two would not always fire.
_ERRORS = ("403", "404")


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


def routing_rules(
    app: App, prefix: str = "", *, redirect_code: RedirectCode = "302"
) -> list[Document]:
    """Return the rules that send readers of what is missing to the app."""
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
        for error in _ERRORS
    ]


def merge_website(current: Document | None, rules: list[Document]) -> Document:
    """
    Put our rules where former ones of ours are, or behind all others.

    Raise ``Conflict`` where ours would not come into effect.
    """
    website = current or {"IndexDocument": {"Suffix": INDEX}}
    _refuse_mount(rules[0])
    if "RedirectAllRequestsTo" in website:
        target = website["RedirectAllRequestsTo"].get("HostName")
        raise Conflict(f"The bucket's website redirects all requests to {target!r}.")
    merged = _in_order(website.get("RoutingRules", []), rules)
    if len(merged) > MAX_RULES:
        raise Conflict(f"The bucket would have {len(merged)} routing rules, S3 takes {MAX_RULES}.")
    for position, rule in enumerate(merged, 1):
        if any(_hides(rule, ours) for ours in rules if ours in merged[position:]):
            raise Conflict(
                f"Routing rule {position} of the bucket's website takes what is missing before"
                f" ours can: {rule}. Remove it, or give it a narrower KeyPrefixEquals."
            )
    return {**website, "RoutingRules": merged}


def _in_order(others: list[Document], ours: list[Document]) -> list[Document]:
    """Return all rules, with new ones of ours before those for more keys than a location's."""
    if any(_is_ours(rule, ours) for rule in others):
        return put(others, ours, lambda rule: _is_ours(rule, ours))
    wider = (n for n, rule in enumerate(others) if _prefix(rule) != _prefix(ours[0]))
    place = next((n for n in wider if any(_hides(others[n], rule) for rule in ours)), len(others))
    return [*others[:place], *ours, *others[place:]]


def remove_from_website(current: Document | None, rules: list[Document]) -> Document | None:
    """Take out what ``merge_website`` has put in; None if that leaves nothing of others."""
    if current is None:
        return None
    kept = [rule for rule in current.get("RoutingRules", []) if not _is_ours(rule, rules)]
    website = {name: value for name, value in current.items() if name != "RoutingRules"}
    if kept:
        website["RoutingRules"] = kept
    return None if website == {"IndexDocument": {"Suffix": INDEX}} else website


def rules_as_xml(rules: list[Document]) -> str:
    """Return routing rules as the XML that S3's API takes."""
    root = ElementTree.Element("RoutingRules")
    for rule in rules:
        element = ElementTree.SubElement(root, "RoutingRule")
        for name, values in rule.items():
            part = ElementTree.SubElement(element, name)
            for key, value in values.items():
                ElementTree.SubElement(part, key).text = value
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode")


def _refuse_mount(rule: Document) -> None:
    prefix = rule["Condition"].get("KeyPrefixEquals")
    if prefix and "ReplaceKeyPrefixWith" not in rule["Redirect"]:
        raise Conflict(
            f"The storage's location is {prefix!r} and the urls are mounted at '/': S3 can put"
            " another prefix in its place, but not none. Mount them at 'media/', for one."
        )


def _is_ours(rule: Document, ours: list[Document]) -> bool:
    """Rules have no ids: one with our condition is ours if its host or its prefix is, too."""
    for own in ours:
        if rule.get("Condition") == own["Condition"]:
            theirs, redirect = rule.get("Redirect", {}), own["Redirect"]
            same_prefix = theirs.get("ReplaceKeyPrefixWith") == redirect.get("ReplaceKeyPrefixWith")
            return same_prefix or bool(theirs.get("HostName") == redirect["HostName"])
    return False


def _hides(rule: Document, ours: Document) -> bool:
    """Say whether a rule before ours would leave it nothing to do."""
    error = rule.get("Condition", {}).get("HttpErrorCodeReturnedEquals")
    covers_error = error in {None, ours["Condition"]["HttpErrorCodeReturnedEquals"]}
    return covers_error and rule != ours and _prefix(ours).startswith(_prefix(rule))


def _prefix(rule: Document) -> str:
    prefix: str = rule.get("Condition", {}).get("KeyPrefixEquals", "")
    return prefix
