"""Count the requests for a page that reach the app, from a first and a second visitor."""

import argparse
import io
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from django.core.management import call_command

from benchmarks.peers import add_only_option
from benchmarks.sites import OURS, SITES, Site, key_of, start_sites, wagtail
from benchmarks.storages import (
    PreparedStorage,
    ResizeRequest,
    prepared_storage,
    resize_requests,
)
from benchmarks.tables import Chart, Table
from tests.support.browsing import follow
from tests.support.loads import CountedS3, counted

REDIRECTING = {"Wagtail's view that redirects": partial(wagtail, view="redirect")}
ORIGINALS = 4
NOTES = (
    "An nginx in front of each app counts the requests. Both visitors start with an empty cache.",
    "The URLs of our page are those of the bucket, all others are those of the app.",
    "Wagtail's redirecting view responds like Active Storage of Rails.",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_only_option(parser)
    parser.add_argument(
        "--images", type=int, default=20, help="images of the page (default: %(default)s)"
    )


def run(options: argparse.Namespace) -> list[Table]:
    wanted = resize_requests(options.images, ORIGINALS)
    with ExitStack() as stack:
        prepared = stack.enter_context(prepared_storage("moto", ORIGINALS, 200))
        sites = start_sites(stack, prepared, wanted, options.only, {**SITES, **REDIRECTING})
        rows = [(name, *_count_twice(name, site, prepared, wanted)) for name, site in sites.items()]
    title = f"Requests that reach the app for a page of {options.images} images, on S3"
    series = {"": {name: second for name, _, second in rows}}
    return [
        Table(
            title=title,
            columns=("", "first visitor", "second visitor"),
            rows=rows,
            notes=NOTES,
            chart=Chart(title=title, unit="requests of the second visitor", series=series),
        )
    ]


@contextmanager
def _proxied(site: Site) -> Iterator[CountedS3]:
    """Proxy an app, and record each request."""
    with (
        tempfile.TemporaryDirectory() as folder,
        counted(site.url, Path(folder)) as app,
    ):
        yield app


def _count_twice(
    name: str, site: Site, prepared: PreparedStorage, wanted: Sequence[ResizeRequest]
) -> list[int]:
    """Return the number of requests to the app from the first visitor, and from the second."""
    with _proxied(site) as app:
        urls = [app.endpoint_url + path for path in site.paths]
        if name == OURS:
            arguments = ("--app-url", app.endpoint_url, "--no-input")
            call_command("configure_media_bucket", *arguments, stdout=io.StringIO())
            urls = [
                prepared.storage.public_url(key_of(prepared, requested)) for requested in wanted
            ]
        reached = []
        for visitor in ("first", "second"):
            earlier = app.count("GET")
            for url in urls:
                answer = follow(url, **{"User-Agent": f"The {visitor} visitor"})[-1]
                if answer.status != 200:
                    raise ValueError(f"{name} returned {answer.status} for {url}")
            reached.append(app.count("GET") - earlier)
        return reached
