"""
Measure uploads through the app, and straight to the bucket: CPU time, memory and bytes of the app.

The example project runs under gunicorn, one process with four threads for each way. Both ways take
turns, with four clients each. nginx before the app and before S3 counts bytes.
"""

import argparse
import io
import json
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, redirect_stdout
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from django.conf import settings
from django.test import override_settings

from benchmarks.tables import Table
from gallery.drawings import draw_photo
from tests.support import servers
from tests.support.browsing import fetch
from tests.support.buckets import configured_bucket
from tests.support.concurrency import at_once
from tests.support.direct_uploads import LABEL, LiveUploader, stored
from tests.support.galleries import MANAGE, Workers, environment, gunicorn
from tests.support.proxies import nginx
from tests.support.servers import free_port
from tests.support.waiting import wait_until

CLIENTS = 4
MARK = "/mark-"
COUNTS = ("from clients", "to S3", "from S3")
PASSWORD = "ann"
# The fields of files by the name of the form, which is that of its field, too.
LABELS: Mapping[str, str] = MappingProxyType({"file": "gallery.attachment.file", "photo": LABEL})


Way = Callable[[LiveUploader, str, bytes], None]


class Measured(NamedTuple):
    """What the app did for its uploads; all but ``seconds`` are bytes."""

    seconds: float
    memory: int
    from_clients: int
    to_s3: int
    from_s3: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "server",
        nargs="?",
        default="moto",
        choices=("moto", "ministack"),
        help="S3 server (default: %(default)s)",
    )
    parser.add_argument(
        "--uploads", type=int, default=100, help="uploads each way (default: %(default)s)"
    )
    parser.add_argument(
        "--megabytes", type=float, default=20, help="size of a file (default: %(default)s)"
    )
    parser.add_argument(
        "--side",
        type=int,
        default=1000,
        help="photos have 4 * SIDE by 3 * SIDE pixels (default: %(default)s)",
    )


def run(options: argparse.Namespace) -> list[Table]:
    with ExitStack() as stack:
        server = stack.enter_context(servers.SERVERS[options.server]())
        stack.enter_context(override_settings())  # settings assigned below are overrides
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        with redirect_stdout(io.StringIO()):
            storage = configured_bucket(settings, server, "http://app.example")
        return [_table(kind, Bucket(server, storage, folder), options) for kind in LABELS]


class Bucket(NamedTuple):
    """A bucket, and the folder of the apps that use it."""

    server: Any
    storage: Any
    folder: Path

    def empty(self) -> None:
        for key in stored(self.storage):
            self.storage.delete(key)


def _table(kind: str, bucket: Bucket, options: argparse.Namespace) -> Table:
    photo = draw_photo(4 * options.side, 3 * options.side, quality=90)
    data = photo + bytes(max(0, round(options.megabytes * 1e6) - len(photo)))
    with ExitStack() as stack:
        apps = [stack.enter_context(_app(bucket, kind, way)) for way in (_through_app, _directly)]
        for app in apps:
            app.upload(data, CLIENTS)  # not counted: the process imports its modules
            app.begin()
        for done in range(0, options.uploads, CLIENTS):
            for app in apps:
                app.upload(data, min(CLIENTS, options.uploads - done))
                bucket.empty()
        through, direct = (app.end() for app in apps)
    title = f"{options.uploads} uploads of a {kind} of {len(data) / 1e6:g} MB, on {options.server}"
    return Table(
        title=title,
        columns=("", "through the app", "direct", "ratio"),
        rows=[
            _row("CPU of the app, s", through.seconds, direct.seconds),
            _row("peak memory of the app, added MB", through.memory / 1e6, direct.memory / 1e6),
            _row("MB of the app", sum(through[2:]) / 1e6, sum(direct[2:]) / 1e6),
            *(
                (f"- {name}", f"{before / 1e6:,.2f}", f"{after / 1e6:,.2f}", "")
                for name, before, after in zip(COUNTS, through[2:], direct[2:], strict=True)
            ),
        ],
        notes=["ratio: direct, relative to through the app."],
    )


def _row(name: str, through: float, direct: float) -> Sequence[str]:
    ratio = f"{direct / through:.3f}" if through else ""
    return name, f"{through:,.2f}", f"{direct:,.2f}", ratio


# -- the two ways ---------------------------------------------------------------------------------


def _through_app(client: LiveUploader, kind: str, data: bytes) -> None:
    _save(client, kind, files={kind: ("large.jpg", data, "image/jpeg")})


def _directly(client: LiveUploader, kind: str, data: bytes) -> None:
    answer = client.upload(data, "large.jpg")
    assert answer.status == 200, answer
    _save(client, kind, {f"{kind}-upload": answer.body["value"]})


def _save(client: LiveUploader, kind: str, data: Any = None, files: Any = None) -> None:
    response = client.submit(f"/{kind}/", data or {}, files)
    assert response.status_code == 302, response.text[:2000]


# -- an app whose bytes are counted ---------------------------------------------------------------


class App:
    """An app that takes the uploads of one way."""

    def __init__(self, url: str, workers: Workers, log: Path, send: Way, kind: str) -> None:
        self.url, self.workers, self.log = url, workers, log
        clients = [LiveUploader(url, PASSWORD, LABELS[kind]) for _ in range(CLIENTS)]
        self.senders = [partial(send, client, kind) for client in clients]

    def upload(self, data: bytes, number: int) -> None:
        """Upload so many files at the same time."""
        results = at_once([partial(send, data) for send in self.senders[:number]])
        if failed := [result for result in results if isinstance(result, Exception)]:
            raise failed[0]

    def begin(self) -> None:
        self.seconds = self.workers.processor_seconds()
        self.bytes = self._count()
        self.memory = self.workers.forget_peak_memory()

    def end(self) -> Measured:
        seconds = self.workers.processor_seconds() - self.seconds
        memory = self.workers.peak_memory() - self.memory
        counted = (after - before for after, before in zip(self._count(), self.bytes, strict=True))
        return Measured(seconds, memory, *counted)

    def _count(self) -> tuple[int, int, int]:
        """Return the bytes from clients, to S3 and from S3."""
        # nginx notes a request after its last byte, and then looks at others.
        mark = f"{MARK}{uuid.uuid4().hex}"
        fetch(self.url + mark)
        wait_until(lambda: mark in self.log.read_text(), "nginx to note a request")
        lines = [line.split() for line in self.log.read_text().splitlines()]
        from_clients, to_s3, from_s3 = (
            sum(int(line[column]) for line in lines if line[0] == server)
            for server, column in (("app", 1), ("s3", 1), ("s3", 2))
        )
        return from_clients, to_s3, from_s3


@contextmanager
def _app(bucket: Bucket, kind: str, send: Way) -> Iterator[App]:
    """Run an app behind nginx, and with nginx before S3 for all but the parts of browsers."""
    port = free_port()
    folder = Path(tempfile.mkdtemp(dir=bucket.folder))
    log = folder / "bytes.log"
    formats = "".join(
        f"log_format {name} '{name} $request_length $bytes_sent $uri';" for name in ("app", "s3")
    )
    with ExitStack() as stack:
        app_port, s3_port = stack.enter_context(
            nginx(
                _counting("app", f"http://127.0.0.1:{port}", log),
                _counting("s3", bucket.server.endpoint_url, log),
                http=formats,
            )
        )
        site = _environment(bucket, folder, f"http://127.0.0.1:{s3_port}")
        for command in (["migrate"], ["createsuperuser", "--no-input", "--email", "a@b.example"]):
            manage = [sys.executable, str(MANAGE), *command]
            subprocess.run(manage, env=site, check=True, stdout=subprocess.DEVNULL)
        workers = stack.enter_context(gunicorn(site, workers=1, threads=CLIENTS, port=port))
        yield App(f"http://127.0.0.1:{app_port}", workers, log, send, kind)


def _counting(name: str, upstream: str, log: Path) -> str:
    return (
        f"access_log {log} {name}; client_max_body_size 0; proxy_request_buffering off;"
        f" location ^~ {MARK} {{ return 204; }}"
        f" location / {{ proxy_pass {upstream}; proxy_set_header Host $http_host; }}"
    )


def _environment(bucket: Bucket, folder: Path, endpoint_url: str) -> dict[str, str]:
    name = bucket.storage.bucket_name
    options = {
        **bucket.server.storage_options(name),
        "endpoint_url": endpoint_url,
        "upload_url": f"{bucket.server.endpoint_url}/{name}",
    }
    storage = {"BACKEND": "django_shift_media.storages.s3.S3MediaStorage", "OPTIONS": options}
    return environment(
        folder,
        GALLERY_STORAGE=json.dumps(storage),
        GALLERY_DIRECT="yes",
        DJANGO_SETTINGS_MODULE="benchmarks.direct_settings",
        DJANGO_SUPERUSER_USERNAME="ann",
        DJANGO_SUPERUSER_PASSWORD=PASSWORD,
    )
