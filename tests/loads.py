"""What load tests share: an S3 whose requests are counted on the wire, and originals on it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from django.core.files.base import ContentFile

from django_shift_media import keys
from django_shift_media.resizes import Resize
from django_shift_media.signing import sign
from tests.conftest import Response, at_once, follow
from tests.proxies import nginx


class CountedS3(NamedTuple):
    """nginx before an S3 server: it notes each request, and may slow the answers down."""

    endpoint_url: str
    log: Path

    def count(self, method: str, key: str = "") -> int:
        """Return how many requests there were for a key, or for all."""
        time.sleep(0.2)  # a request is noted once it has been answered
        lines = [line.split() for line in self.log.read_text().splitlines()]
        return sum(line[0] == method and line[1].endswith(key) for line in lines)


@contextmanager
def counted(server: Any, folder: Path, *, rate: str = "0") -> Iterator[CountedS3]:
    """Stand before an S3 server; it gives ``rate`` bytes a second to each request, 0: all."""
    log = folder / "s3.log"
    proxy = (
        f"access_log {log} short; client_max_body_size 0; limit_rate {rate};"
        f" location / {{ proxy_pass {server.endpoint_url}; proxy_set_header Host $http_host; }}"
    )
    with nginx(proxy, http="log_format short '$request_method $uri $status';") as (port,):
        yield CountedS3(f"http://127.0.0.1:{port}", log)


def put_original(storage: Any, data: bytes, name: str = "photo.jpg") -> str:
    """Put a file into a bucket as an upload would be, whatever it is; return its key."""
    return str(storage.save(keys.new_original(name), ContentFile(data)))


def resize_path(original: str, width: int, **options: Any) -> str:
    """Return the path at the app of a resize."""
    return "/media/" + sign(original, Resize(width=width, height=None, **options))


def ask_at_once(urls: list[str]) -> list[Any]:
    """Ask for each URL as a browser of its own, all at once; return the hops of each."""
    browsers = [{"User-Agent": f"Browser {number}"} for number in range(len(urls))]
    views = [partial(follow, url, **browser) for url, browser in zip(urls, browsers, strict=True)]
    return at_once(views)


def statuses(views: list[list[Response]]) -> set[int]:
    """Return the statuses of the last answers."""
    return {hops[-1].status for hops in views}
