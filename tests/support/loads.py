"""What load tests and benchmarks share: an S3 whose requests are counted, and galleries on it."""

import io
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from django.core.files.base import ContentFile
from PIL import Image

from django_shift_media.naming import keys
from django_shift_media.naming.resizes import Resize
from django_shift_media.naming.signing import sign
from gallery.drawings import exif, landscape
from tests.support.browsing import Response, fetch, follow, upload
from tests.support.concurrency import at_once
from tests.support.faults import FaultyProxy, faulty_proxy
from tests.support.galleries import MANAGE, Workers, environment
from tests.support.proxies import nginx
from tests.support.waiting import PATIENCE, wait_until


class CountedS3(NamedTuple):
    """nginx before an S3 server: it notes each request."""

    endpoint_url: str
    log: Path

    def requests(self) -> list[tuple[str, str]]:
        """Return the method and the path of all requests that have been answered."""
        # nginx notes a request after its last byte, and then looks at others.
        mark = f"{_MARK}{uuid.uuid4().hex}"
        fetch(self.endpoint_url + mark)
        wait_until(lambda: mark in self.log.read_text(), "nginx to note a request")
        lines = [line.split() for line in self.log.read_text().splitlines()]
        return [(method, path) for method, path, _ in lines if not path.startswith(_MARK)]

    def count(self, method: str, key: str = "") -> int:
        """Return how many requests there were for a key, or for all."""
        return sum(asked == method and path.endswith(key) for asked, path in self.requests())


_MARK = "/mark-"


@contextmanager
def counted(endpoint_url: str, folder: Path) -> Iterator[CountedS3]:
    """Stand before an S3 server."""
    log = folder / "s3.log"
    log.unlink(missing_ok=True)  # of an earlier one
    proxy = (
        f"access_log {log} short; client_max_body_size 0;"
        f" location ^~ {_MARK} {{ return 204; }}"
        f" location / {{ proxy_pass {endpoint_url}; proxy_set_header Host $http_host; }}"
    )
    with nginx(proxy, http="log_format short '$request_method $uri $status';") as (port,):
        yield CountedS3(f"http://127.0.0.1:{port}", log)


class Site:
    """A bucket, counted, and the galleries that are started on it."""

    def __init__(self, server: Any, storage: Any, folder: Path, stack: ExitStack) -> None:
        self.server = server
        self.storage = storage
        self.folder = folder
        self.stack = stack

    def count(self, endpoint_url: str = "") -> CountedS3:
        """Count what galleries ask of S3 from now on, or of what is before it."""
        upstream = endpoint_url or self.server.endpoint_url
        self.s3 = self.stack.enter_context(counted(upstream, self.folder))
        return self.s3

    def hold(self) -> FaultyProxy:
        """Count, and keep the answers to GET back until what is returned is told to ``mend()``."""
        proxy = self.stack.enter_context(faulty_proxy(self.server.endpoint_url))
        proxy.fail("hold", "GET")
        self.count(proxy.endpoint_url)
        return proxy

    def run(self, server: Callable[..., Any], cache: str = "", **options: Any) -> Workers:
        """Start a gallery; options in upper case are of its environment."""
        variables = {name: options.pop(name) for name in list(options) if name.isupper()}
        gallery = environment(
            self.folder,
            self.server,
            self.storage.bucket_name,
            GALLERY_CACHE=cache,
            **{"GALLERY_S3_ENDPOINT_URL": self.s3.endpoint_url, **variables},
        )
        for command in ("migrate", "createcachetable"):
            subprocess.run(
                [sys.executable, str(MANAGE), command],
                env=gallery,
                check=True,
                timeout=PATIENCE,
                stdout=subprocess.DEVNULL,
            )
        workers: Workers = self.stack.enter_context(server(gallery, **options))
        return workers


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


def heavy_files(side: int) -> dict[str, bytes]:
    """Return the files that cost the most memory for their ``side * side`` pixels, by name."""
    picture = landscape(1000, 1000, 1).resize((side, side))
    upright = exif(6)
    kinds: dict[str, tuple[Image.Image, str, dict[str, Any]]] = {
        "turned.png": (picture.convert("RGBA"), "PNG", {"compress_level": 1, "exif": upright}),
        "deep.png": (picture.convert("L").convert("I;16"), "PNG", {"compress_level": 1}),
        "turned.webp": (picture.convert("RGBA"), "WEBP", {"method": 0, "exif": upright}),
        "lossless.webp": (picture, "WEBP", {"method": 0, "lossless": True, "quality": 0}),
        "progressive.jpg": (picture, "JPEG", {"progressive": True, "exif": upright}),
        "large.avif": (picture, "AVIF", {"speed": 10, "exif": upright}),
        "large.gif": (picture.quantize(64), "GIF", {}),
    }
    files = {}
    for name, (image, format, options) in kinds.items():
        buffer = io.BytesIO()
        image.save(buffer, format, **options)
        files[name] = buffer.getvalue()
    return files


def attack(site: Site, workers: Workers, files: dict[str, bytes]) -> set[int]:
    """Ask for many resizes of each file and upload each, all at once; return the statuses."""
    originals = [put_original(site.storage, data, name) for name, data in files.items()]
    views = [
        partial(fetch, workers.url + resize_path(original, width))
        for original in originals
        for width in (100, 400, 1600, 3000)
    ]
    uploads = [partial(upload, workers.url, data, name) for name, data in files.items()]
    answers = at_once([*views, *uploads])
    errors = [answer for answer in answers if isinstance(answer, Exception)]
    if errors:
        raise errors[0]
    return {getattr(answer, "status", None) or answer.status_code for answer in answers}
