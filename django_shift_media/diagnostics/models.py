"""What should be seen, what was seen, what else is known, and what is wrong with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from django_shift_media.aws.policy_evaluation import BucketConfiguration
from django_shift_media.diagnostics.http_trace import Hop
from django_shift_media.storages.base import Mode

Request = Literal["first", "again", "after_deletion"]
Severity = Literal["error", "warning"]

_UNKNOWN = BucketConfiguration()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """
    What the probe's resize should meet on its way.

    ``app`` is where the app answers keys, as in "https://www.example.com/media/"; its path
    alone, as in "/media/", if nobody has said which site it is. ``site`` is for remedies.
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

    def is_at_media(self, url: str) -> bool:
        """Say whether a URL is the resize's public one, over HTTP or HTTPS."""
        return _place(url) == _place(self.url)

    def is_at_app(self, url: str) -> bool:
        """Say whether a URL is where the app answers the resize, as far as that is known."""
        wanted = self.app + self.key
        return urlsplit(url).path.endswith(wanted) if wanted.startswith("/") else url == wanted

    def resource(self, key: str) -> str:
        """Return what a bucket's policy calls an object."""
        return f"{self.bucket}/{self.prefix}{key}"

    def configure(self, why: str, *, site: str = "", more: str = "") -> str:
        """Return the remedy that mends most of it, on a line of its own to be copied."""
        command = f"python manage.py configure_media_bucket --app-url {site or self.site}{more}"
        return f"{why}:\n    {command}"


class View(NamedTuple):
    """One request for the resize, and all that a browser asks in its course."""

    request: Request
    hops: Sequence[Hop]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """
    What is known beside the hops, some of it only after something went wrong.

    ``stored`` is whether the resize is in the storage after it was seen first, and ``original``
    the answer of the original's public URL.
    """

    stored: bool | None = None
    original: Hop | None = None
    bucket: BucketConfiguration = _UNKNOWN

    @property
    def original_is_seen(self) -> bool:
        return self.original is not None and self.original.status == 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """
    What is wrong at one hop, counted from 1, and what helps.

    A line of ``remedy`` that begins with spaces is a command. A warning breaks nothing yet.
    """

    id: str
    what: str
    remedy: str
    severity: Severity = "error"
    request: Request | None = None
    hop: int | None = None
    url: str = ""


def _place(url: str) -> tuple[str | None, str]:
    parts = urlsplit(url)
    return parts.hostname, parts.path
