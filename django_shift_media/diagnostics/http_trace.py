"""What a browser does with a URL, one request at a time: ask, look, go where it is sent."""

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

Fault = Literal["certificate", "tls", "name", "connection"]

MAX_HOPS = 10
REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MAX_BODY = 2 * 1024 * 1024  # bytes
_TIMEOUT = 30  # seconds: the app may have a queue of resizes to make
_PORTS = {"http": 80, "https": 443}
_HEADERS = {
    "Accept": "image/avif,image/webp,image/*,*/*;q=0.8",
    "Accept-Encoding": "identity",
    "User-Agent": "Mozilla/5.0 (django-shift-media check_media)",
}
# What caches say of themselves: most, Cloudflare, nginx as it is often set up, RFC 9211.
_CACHES = ("x-cache", "cf-cache-status", "x-cache-status", "cache-status")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """
    One request and its answer; ``status`` is 0 where none came, and ``error`` says why.

    The names of ``headers`` are in lower case. ``asked`` is when, by this machine's clock, in
    seconds since 1970.
    """

    url: str
    asked: float
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    milliseconds: float = 0
    fault: Fault | None = None
    error: str = ""

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc

    @property
    def location(self) -> str | None:
        """Where it sends the browser, as an absolute URL; None for nowhere that one can ask."""
        try:
            target = urljoin(self.url, iri_to_uri(self.headers["location"]))
            parts = urlsplit(target)
        except (KeyError, ValueError):
            return None
        return target if parts.scheme in _PORTS and parts.hostname else None

    @property
    def redirects(self) -> bool:
        return self.status in REDIRECTS

    @property
    def cache_control(self) -> str:
        return self.headers.get("cache-control", "")

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip()

    @property
    def age(self) -> int | None:
        """For how many seconds a cache has had this answer."""
        age = self.headers.get("age", "")
        return int(age) if age.isdecimal() else None

    @property
    def x_cache(self) -> str:
        return next((self.headers[name] for name in _CACHES if name in self.headers), "")

    @property
    def was_kept(self) -> bool:
        """Whether a cache says that it answered by itself."""
        return bool(self.age) or "hit" in self.x_cache.lower()

    @property
    def skew(self) -> float | None:
        """By how many seconds the server's clock is ahead of this machine's."""
        try:
            date = parsedate_to_datetime(self.headers["date"])
        except (KeyError, ValueError):
            return None
        # The date is the origin's; a cache has added an age to it.
        return date.timestamp() + (self.age or 0) - self.asked


def follow(url: str) -> list[Hop]:
    """Ask for a URL and go wherever that leads, over HTTP and HTTPS, ``MAX_HOPS`` times at most."""
    hops = [ask(url)]
    while hops[-1].redirects and (target := hops[-1].location) and len(hops) < MAX_HOPS:
        hops.append(ask(target))
    return hops


def ask(url: str) -> Hop:
    """Send one GET; certificates are verified, and no redirect is followed."""
    asked, started = time.time(), time.perf_counter()
    try:
        status, headers, body = _get(urlsplit(url))
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Hop(
            url=url,
            asked=asked,
            milliseconds=1000 * (time.perf_counter() - started),
            fault=_fault(error),
            error=_reason(error),
        )
    return Hop(
        url=url,
        asked=asked,
        status=status,
        headers=headers,
        body=body,
        milliseconds=1000 * (time.perf_counter() - started),
    )


def _get(url: SplitResult) -> tuple[int, dict[str, str], bytes]:
    host, port = url.hostname or "", url.port or _PORTS[url.scheme]
    # Browsers look *.localhost up on this machine; not every resolver does.
    address = "127.0.0.1" if host.endswith(".localhost") else host
    connection = http.client.HTTPConnection(host, port, timeout=_TIMEOUT)
    try:
        connection.sock = socket.create_connection((address, port), timeout=_TIMEOUT)
        if url.scheme == "https":
            context = ssl.create_default_context()
            connection.sock = context.wrap_socket(connection.sock, server_hostname=host)
        path = (url.path or "/") + (f"?{url.query}" if url.query else "")
        authority = url.netloc.rpartition("@")[2]
        connection.request("GET", path, headers={**_HEADERS, "Host": authority})
        answer = connection.getresponse()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, headers, answer.read(_MAX_BODY)
    finally:
        connection.close()


def _fault(error: Exception) -> Fault:
    if isinstance(error, ssl.SSLCertVerificationError):
        return "certificate"
    if isinstance(error, ssl.SSLError):
        return "tls"
    return "name" if isinstance(error, socket.gaierror | UnicodeError) else "connection"


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message.rstrip(".")
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.replace("_", " ").lower()
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
