"""Request a URL as a browser does, and record each redirect on the way."""

import http.client
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Literal
from urllib.parse import SplitResult, urljoin, urlsplit

from django.utils.encoding import iri_to_uri

ErrorKind = Literal["certificate", "tls", "name", "connection"]

MAX_HOPS = 10
REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MAX_BODY = 2 * 1024 * 1024  # bytes
_TIMEOUT = 30  # seconds; the app may have to generate other resizes first
_PORTS = {"http": 80, "https": 443}
_HEADERS = {
    "Accept": "image/avif,image/webp,image/*,*/*;q=0.8",
    "Accept-Encoding": "identity",
    "User-Agent": "Mozilla/5.0 (django-shift-media check_media)",
}
# Headers of caches: most CDNs, Cloudflare, a common nginx configuration, RFC 9211.
_CACHES = ("x-cache", "cf-cache-status", "x-cache-status", "cache-status")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """
    One request and its response.

    Without a response, ``status`` is 0, ``error_kind`` says what failed and ``error`` is the
    message. The names of ``headers`` are in lower case. ``sent_at`` is this machine's time of the
    request, in seconds since the epoch.
    """

    url: str
    sent_at: float
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    milliseconds: float = 0
    error_kind: ErrorKind | None = None
    error: str = ""

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc

    @property
    def location(self) -> str | None:
        """The absolute target of a redirect; None if it is missing or not an HTTP URL."""
        try:
            target = urljoin(self.url, iri_to_uri(self.headers["location"]))
            parts = urlsplit(target)
        except (KeyError, ValueError):
            return None
        return target if parts.scheme in _PORTS and parts.hostname else None

    @property
    def is_redirect(self) -> bool:
        return self.status in REDIRECTS

    @property
    def cache_control(self) -> str:
        return self.headers.get("cache-control", "")

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip()

    @property
    def age(self) -> int | None:
        """How long a cache has stored this response, in seconds."""
        age = self.headers.get("age", "")
        return int(age) if age.isdecimal() else None

    @property
    def x_cache(self) -> str:
        return next((self.headers[name] for name in _CACHES if name in self.headers), "")

    @property
    def is_cache_hit(self) -> bool:
        """Whether the headers say that the response came from a cache."""
        return bool(self.age) or "hit" in self.x_cache.lower()

    @property
    def clock_skew(self) -> float | None:
        """How many seconds the server's clock is ahead of this machine's."""
        try:
            date = parsedate_to_datetime(self.headers["date"])
        except (KeyError, ValueError):
            return None
        # A cache keeps the Date of the origin's response, and adds its age.
        return date.timestamp() + (self.age or 0) - self.sent_at


def follow(url: str) -> list[Hop]:
    """Request a URL and follow its redirects, with at most ``MAX_HOPS`` requests."""
    hops = [fetch(url)]
    while hops[-1].is_redirect and (target := hops[-1].location) and len(hops) < MAX_HOPS:
        hops.append(fetch(target))
    return hops


def fetch(
    url: str,
    method: str = "GET",
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> Hop:
    """Send one request, without following redirects. Certificates are verified."""
    sent_at, started = time.time(), time.perf_counter()
    try:
        status, answered, content = _send(urlsplit(url), method, headers or {}, body)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Hop(
            url=url,
            sent_at=sent_at,
            milliseconds=1000 * (time.perf_counter() - started),
            error_kind=_error_kind(error),
            error=_error_message(error),
        )
    return Hop(
        url=url,
        sent_at=sent_at,
        status=status,
        headers=answered,
        body=content,
        milliseconds=1000 * (time.perf_counter() - started),
    )


def _send(
    url: SplitResult, method: str, headers: Mapping[str, str], body: bytes | None
) -> tuple[int, dict[str, str], bytes]:
    host, port = url.hostname or "", url.port or _PORTS[url.scheme]
    # Browsers resolve *.localhost to the loopback address; not every resolver does.
    address = "127.0.0.1" if host.endswith(".localhost") else host
    connection = http.client.HTTPConnection(host, port, timeout=_TIMEOUT)
    try:
        connection.sock = socket.create_connection((address, port), timeout=_TIMEOUT)
        if url.scheme == "https":
            context = ssl.create_default_context()
            connection.sock = context.wrap_socket(connection.sock, server_hostname=host)
        path = (url.path or "/") + (f"?{url.query}" if url.query else "")
        authority = url.netloc.rpartition("@")[2]
        connection.request(method, path, body, {**_HEADERS, **headers, "Host": authority})
        response = connection.getresponse()
        answered = {name.lower(): value for name, value in response.getheaders()}
        return response.status, answered, response.read(_MAX_BODY)
    finally:
        connection.close()


def _error_kind(error: Exception) -> ErrorKind:
    if isinstance(error, ssl.SSLCertVerificationError):
        return "certificate"
    if isinstance(error, ssl.SSLError):
        return "tls"
    return "name" if isinstance(error, socket.gaierror | UnicodeError) else "connection"


def _error_message(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message.rstrip(".")
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.replace("_", " ").lower()
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
