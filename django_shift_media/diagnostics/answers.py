"""Ask the public URLs of files that were erased, and say why one still answers."""

from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import urljoin, urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.utils.encoding import filepath_to_uri

from django_shift_media.aws.website import parse_app_url
from django_shift_media.conf import conf
from django_shift_media.diagnostics.http_trace import Hop, follow
from django_shift_media.maintenance.listing import in_threads
from django_shift_media.maintenance.results import Result
from django_shift_media.naming.urlconf import url_prefix
from django_shift_media.storages.base import MediaStorage
from django_shift_media.storages.s3 import S3MediaStorage

_NOT_SERVED = frozenset({401, 403, 404, 410})


def base_urls(storage: MediaStorage, site: str, cdns: Iterable[str] = ()) -> list[str]:
    """
    Return all URLs that keys may follow, as far as they are known.

    These are the site's media URL, the app's, those of the bucket, and ``cdns``. ``site`` is the
    public URL of the app; with "", URLs without a host are left out.
    """
    found = [_media_url(storage, site), *_app_urls(storage, site), *cdns]
    if isinstance(storage, S3MediaStorage):
        found += _bucket_urls(storage)
    return [url for url in dict.fromkeys(found) if urlsplit(url).netloc]


def limits(storage: MediaStorage, site: str, cdns: Iterable[str]) -> Iterator[Result]:
    """Yield what requests from here cannot show."""
    media = _media_url(storage, site)
    host = urlsplit(media).hostname
    own = [*_app_urls(storage, site), *cdns]
    if isinstance(storage, S3MediaStorage):
        own += _bucket_urls(storage)
    if media and not host:
        note = "its host is not known; use --site with the public URL of the app"
        yield Result("not requested", media, note=note, severity="notice")
    elif host and host not in {urlsplit(url).hostname for url in own}:
        note = "if this host is a CDN, its caches were not emptied: purge the files there"
        yield Result("unknown host", media, note=note, severity="notice")
    note = f"those that have loaded a file may show it for {_kept(storage)}"
    yield Result("out of reach", "browsers", note=note, severity="notice")


def _kept(storage: MediaStorage) -> str:
    """Say for how long browsers may keep files, and what limits it."""
    if storage.access:  # a URL is valid for twice as long at most
        return f"{2 * storage.access.url_seconds / 3600:g} hours (url_seconds)"
    return f"{conf.max_age / 86_400:g} days (SHIFT_MEDIA_MAX_AGE)"


def _media_url(storage: MediaStorage, site: str) -> str:
    """Return the base URL of media in pages; "" if the project has no URLs for the storage."""
    try:
        return urljoin(site, storage.media_url)
    except ImproperlyConfigured:
        return ""


def _app_urls(storage: MediaStorage, site: str) -> Iterator[str]:
    if site:
        try:
            app = parse_app_url(site, url_prefix(storage.alias))
        except ImproperlyConfigured:  # the URLs of this package are not included
            return
        yield f"{app.scheme}://{app.host}/{app.prefix}"


def _bucket_urls(storage: S3MediaStorage) -> Iterator[str]:
    if storage.endpoint_url:
        yield f"{storage.endpoint_url.rstrip('/')}/{storage.bucket_name}/{storage.prefix}"
        return
    yield f"http://{storage.website_host}/{storage.prefix}"
    # No certificate of S3 covers the name of a bucket with a dot.
    scheme = "http" if "." in storage.bucket_name else "https"
    yield f"{scheme}://{storage.rest_host}/{storage.prefix}"


def ask(bases: Sequence[str], keys: Iterable[str], workers: int) -> Iterator[Result]:
    """Request each key under each base URL, as browsers do; yield what answers."""
    urls = (base + filepath_to_uri(key) for key in keys for base in bases)
    return in_threads(_ask, urls, workers)


def _ask(url: str) -> Result:
    last = follow(url)[-1]
    if last.status in _NOT_SERVED:
        return Result("not served", url, note=str(last.status))
    if 200 <= last.status < 300:
        return Result("still served", url, len(last.body), _why(last), "error")
    note = last.error or f"{last.host} answered {last.status}"
    return Result("unclear", url, note=note, severity="error")


def _why(hop: Hop) -> str:
    if not hop.is_cache_hit:
        return f"{hop.host} answered {hop.status}, and not from a cache"
    headers = {"X-Cache": hop.x_cache, "Age": hop.headers.get("age", "")}
    shown = ", ".join(f"{name}: {value}" for name, value in headers.items() if value)
    return f"a cache at {hop.host} has it ({shown}; Cache-Control: {hop.cache_control})"
