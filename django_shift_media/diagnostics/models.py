"""The data of a diagnosis: expectations, traces of requests, further evidence and problems."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from django_shift_media.aws.policy_evaluation import BucketConfiguration
from django_shift_media.diagnostics.http_trace import Hop
from django_shift_media.storages.base import Mode

RequestName = Literal[
    "first",
    "again",
    "stored",
    "original",
    "after_deletion",
    "stranger",
    "stranger_original",
    "bucket",
    "preflight",
    "part",
    "longer_part",
]
Severity = Literal["error", "warning"]

_UNKNOWN = BucketConfiguration()


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectations:
    """
    The expected way of a request for the probe's resize, and the expected response.

    ``app`` is the base URL of this package's views, such as "https://www.example.com/media/", or
    only its path, "/media/", if the site is unknown. ``site`` is used in remedies. ``original``
    and ``key`` are the keys of the probe and of its resize, ``size`` is the resize's in pixels.
    """

    mode: Mode
    url: str
    key: str
    original: str
    app: str
    content_type: str
    size: tuple[int, int]
    site: str
    bucket: str = ""
    prefix: str = ""

    def is_media_url(self, url: str) -> bool:
        """Return whether a URL is the public URL of the resize, over HTTP or HTTPS."""
        return _host_and_path(url) == _host_and_path(self.url)

    def is_app_url(self, url: str) -> bool:
        """Return whether a URL is the app's URL of the resize; without a site, compare paths."""
        app_url = self.app + self.key
        return urlsplit(url).path.endswith(app_url) if app_url.startswith("/") else url == app_url

    def object_path(self, key: str) -> str:
        """Return an object as "bucket/key", as in the ARNs of a bucket policy."""
        return f"{self.bucket}/{self.prefix}{key}"

    def configure_remedy(self, purpose: str, *, site: str = "") -> str:
        """Return the purpose and, on a line of its own, the command that configures the bucket."""
        command = f"python manage.py configure_media_bucket --app-url {site or self.site}"
        return f"{purpose}:\n    {command}"


class Trace(NamedTuple):
    """One request for the resize, with all redirects that a browser follows."""

    request: RequestName
    hops: Sequence[Hop]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """
    Facts that the traces do not show; some are only collected after a problem was found.

    ``stored`` is whether the resize was in the storage after the first request, ``remade`` whether
    it was again after its deletion and the last request. ``original`` is the response of the
    original's public URL.
    """

    stored: bool | None = None
    remade: bool | None = None
    original: Hop | None = None
    bucket: BucketConfiguration = _UNKNOWN

    @property
    def original_is_public(self) -> bool:
        return self.original is not None and self.original.status == 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """
    A problem at one hop, counted from 1, and its remedy.

    A line of ``remedy`` that begins with spaces is a command. Media still work with a warning.
    """

    id: str
    what: str
    remedy: str
    severity: Severity = "error"
    request: RequestName | None = None
    hop: int | None = None
    url: str = ""


def _host_and_path(url: str) -> tuple[str | None, str]:
    parts = urlsplit(url)
    return parts.hostname, parts.path
