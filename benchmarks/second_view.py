"""How many requests reach the app when a page is seen: for the first time, and by a second one."""

import argparse
import io
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from django.core.management import call_command

from benchmarks.places import Place, Wish, place, wishes
from benchmarks.sites import OURS, SITES, Site, key_of, start_sites, wagtail
from benchmarks.tables import Chart, Table
from tests.support.browsing import follow
from tests.support.loads import CountedS3, counted

REDIRECTING = {"Wagtail's view that redirects": partial(wagtail, view="redirect")}
ORIGINALS = 4
NOTES = (
    "Requests are counted by an nginx before each app. Both viewers come with an empty cache.",
    "A page of ours names the bucket, all others name the app.",
    "Wagtail's view that redirects answers as Active Storage's of Rails does.",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--only", nargs="+", metavar="WORD", help="peers with it in the name")
    parser.add_argument("--images", type=int, default=20, help="of the page")


def run(options: argparse.Namespace) -> list[Table]:
    wanted = wishes(options.images, ORIGINALS)
    with ExitStack() as stack:
        here = stack.enter_context(place("moto", ORIGINALS, 200))
        sites = start_sites(stack, here, wanted, options.only, {**SITES, **REDIRECTING})
        rows = [(name, *_seen_twice(name, site, here, wanted)) for name, site in sites.items()]
    title = f"Requests that reach the app for a page of {options.images} images, on S3"
    series = {"": {name: second for name, _, second in rows}}
    return [
        Table(
            title=title,
            columns=("", "first viewer", "second viewer"),
            rows=rows,
            notes=NOTES,
            chart=Chart(title=title, unit="requests of the second viewer", series=series),
        )
    ]


@contextmanager
def _before(site: Site) -> Iterator[CountedS3]:
    """Stand before an app, and note each request."""
    with (
        tempfile.TemporaryDirectory() as folder,
        counted(site.url, Path(folder)) as app,
    ):
        yield app


def _seen_twice(name: str, site: Site, here: Place, wanted: Sequence[Wish]) -> list[int]:
    """Return how many requests reach the app for the first viewer, and for the second."""
    with _before(site) as app:
        urls = [app.endpoint_url + path for path in site.paths]
        if name == OURS:
            arguments = ("--app-url", app.endpoint_url, "--no-input")
            call_command("configure_media_bucket", *arguments, stdout=io.StringIO())
            urls = [here.storage.public_url(key_of(here, wish)) for wish in wanted]
        reached = []
        for viewer in ("first", "second"):
            earlier = app.count("GET")
            for url in urls:
                answer = follow(url, **{"User-Agent": f"The {viewer} viewer"})[-1]
                if answer.status != 200:
                    raise ValueError(f"{name} answers {answer.status} for {url}")
            reached.append(app.count("GET") - earlier)
        return reached
