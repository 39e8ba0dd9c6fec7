"""System check of the content security policy of pages with direct uploads."""

import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.core import checks

from django_shift_media.media.references import media_fields

_MIDDLEWARE = "django.middleware.csp.ContentSecurityPolicyMiddleware"
_DEFAULT_PORTS = {"http": "80", "https": "443"}
# https://www.w3.org/TR/CSP3/#grammardef-host-source
_HOST_SOURCE = re.compile(
    r"(?:(?P<scheme>[a-z][a-z0-9+.-]*)://)?(?P<host>\*|(?:\*\.)?[a-z0-9._-]+|\[[0-9a-f:]+\])"
    r"(?::(?P<port>[0-9]+|\*))?(?:/.*)?",
    re.IGNORECASE,
)


def check_policy() -> Iterator[checks.CheckMessage]:
    """Compare Django's ``SECURE_CSP`` with what the widget of direct uploads does."""
    policy: dict[str, Any] = getattr(settings, "SECURE_CSP", None) or {}
    origins = set(_origins())
    if _MIDDLEWARE not in settings.MIDDLEWARE or not policy or not origins:
        return
    for origin in sorted(filter(None, origins)):
        if not _is_allowed(_sources(policy, "connect-src"), origin):
            yield _warning(policy, "connect-src", origin, "where browsers send direct uploads")
    images = _sources(policy, "img-src")
    if images is not None and "blob:" not in images:
        yield _warning(policy, "img-src", "blob:", "the URLs of previews of direct uploads")


def _origins() -> Iterator[str | None]:
    """Yield where browsers send the files of each field with ``direct``; None is the app."""
    for field in media_fields(apps):
        multipart = field.direct and getattr(field.storage, "multipart", None)
        if multipart:
            yield multipart.origin()


def _sources(policy: dict[str, Any], directive: str) -> list[str] | None:
    """Return the sources that a directive allows; None if the policy does not restrict them."""
    for name in (directive, "default-src"):
        if (values := policy.get(name)) not in (None, False):
            return [str(value) for value in _as_list(values)]
    return None


def _as_list(values: Any) -> Iterable[Any]:
    if values is True:
        return []
    return values if isinstance(values, list | tuple | set | frozenset) else str(values).split()


def _is_allowed(sources: list[str] | None, origin: str) -> bool:
    return sources is None or any(_matches(source, origin) for source in sources)


def _matches(source: str, origin: str) -> bool:
    """Say whether a source of a policy matches an origin, as browsers do."""
    url = urlsplit(origin)
    schemes = {url.scheme, "http"} if url.scheme == "https" else {url.scheme}
    if source == "*" or source.lower() in {f"{scheme}:" for scheme in schemes}:
        return True
    match = _HOST_SOURCE.fullmatch(source)
    if match is None or (match["scheme"] and match["scheme"].lower() not in schemes):
        return False
    port = str(url.port or _DEFAULT_PORTS[url.scheme])
    ports = {"*", port} if match["port"] else {port}
    allowed_port = match["port"] or _DEFAULT_PORTS[url.scheme]
    return allowed_port in ports and _matches_host(match["host"].lower(), url.hostname or "")


def _matches_host(pattern: str, host: str) -> bool:
    if pattern.startswith("*"):
        return host.endswith(pattern[1:])
    return host == pattern.strip("[]")


def _warning(policy: dict[str, Any], directive: str, source: str, what: str) -> checks.CheckMessage:
    sources = [*(_sources(policy, directive) or ()), source]
    shown = [value for value in sources if value != "'none'"]
    return checks.Warning(
        f"SECURE_CSP does not allow {source} in {directive}: {what}.",
        hint=f"Set SECURE_CSP = {{…, {directive!r}: {shown!r}}}.",
        id="shift_media.W114",
    )
