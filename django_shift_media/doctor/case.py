"""What should be seen, what was seen, what else is known, and what is wrong with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from django_shift_media.aws.access import anyone_may
from django_shift_media.aws.documents import Document
from django_shift_media.aws.inspection import BucketConfiguration
from django_shift_media.doctor.hops import Hop
from django_shift_media.storages import Mode

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
    def rules(self) -> list[Document] | None:
        """The routing rules of the bucket's website; None: unknown."""
        website = self.bucket.website
        return None if website is None else website.get("RoutingRules", [])

    @property
    def blocked_by(self) -> str:
        """Who blocks public access: "account", "bucket", or "" if nobody is known to."""
        for name, block in (("account", self.bucket.account_block), ("bucket", self.bucket.block)):
            if block and block.get("RestrictPublicBuckets"):
                return name
            # It forbids to write a policy that lets anyone read; one from before is good.
            if block and block.get("BlockPublicPolicy") and self.bucket.policy == {}:
                return name
        return ""

    def anyone_may_get(self, chain: Chain, key: str) -> bool | None:
        """Say whether the bucket's policy lets anyone get an object; None: unknown."""
        if self.bucket.policy is None:
            return None
        resource = f"{chain.bucket}/{chain.prefix}{key}"
        return anyone_may(self.bucket.policy, "s3:GetObject", resource)


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
