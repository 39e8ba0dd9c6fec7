"""The gallery in Chromium, on each S3 server."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.management import call_command

from gallery.drawings import draw_photo
from gallery.models import Photo
from tests.support.browsing import SHOWN, fetch
from tests.support.buckets import change_options, delete_resizes, use_bucket
from tests.support.diagnostics import website_proxy
from tests.support.proxies import nginx

NATURAL_SIZES = "images => images.map(image => [image.naturalWidth, image.naturalHeight])"
# Of the gallery's page: a square and a small one of each photo, the latest first.
SIZES = [[240, 240], [43, 32], [240, 240], [24, 32], [240, 240], [43, 32]]


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    """Three photos from a camera, one of them held upright."""
    drawn = {
        "landscape.jpg": draw_photo(4000, 3000, seed=1),
        "portrait.jpg": draw_photo(3000, 4000, seed=2, orientation=6),
        "Тихий Океан.png": draw_photo(1600, 1200, seed=3, format="PNG"),
    }
    for name, data in drawn.items():
        (tmp_path / name).write_bytes(data)
    return [tmp_path / name for name in drawn]


class Tab:
    """A page, what it has asked the app for under /media/, and the answers that it got."""

    def __init__(self, context: Any, site: str) -> None:
        self.page = context.new_page()
        self.asked: list[str] = []
        self.failed: list[str] = []
        self.answers: list[Any] = []
        self.page.on("response", lambda response: self.answers.append(response))
        self.page.on("request", lambda request: self.note(request.url, site))
        self.page.on("requestfailed", lambda request: self.failed.append(request.url))

    def note(self, url: str, site: str) -> None:
        if url.startswith(f"{site}/media/"):
            self.asked.append(url)

    def load(self, url: str) -> list[list[int]]:
        """Load a page and return the natural sizes of its pictures."""
        self.asked.clear()
        self.answers.clear()
        self.page.goto(url, wait_until="load")
        self.page.wait_for_function(SHOWN)
        sizes: list[list[int]] = self.page.locator("img").evaluate_all(NATURAL_SIZES)
        return sizes

    def headers(self, name: str, base: str) -> list[tuple[int, str | None]]:
        """Return the status and a header of each answer from under a URL."""
        answers = [answer for answer in self.answers if answer.url.startswith(base)]
        return [(answer.status, answer.headers.get(name)) for answer in answers]


def test_the_gallery_in_a_browser(
    bucket: Any, live_server: Any, chromium: Any, photos: list[Path], request: Any
) -> None:
    site = live_server.url
    context = chromium.new_context()
    tab = Tab(context, site)
    for path in photos:
        tab.page.goto(site)
        tab.page.set_input_files("input[type=file]", path)
        tab.page.click("text=Upload")
        tab.page.wait_for_load_state("load")
    assert Photo.objects.count() == 3
    delete_resizes(bucket)
    context.close()

    context = chromium.new_context()
    tab = Tab(context, site)
    assert tab.load(site) == SIZES
    assert len(tab.asked) == 6, "the first viewer is sent to the app, once for each picture"
    if folder := os.environ.get("SCREENSHOTS"):
        name = f"gallery-{request.node.callspec.params['s3']}.png"
        tab.page.screenshot(path=Path(folder, name), full_page=True)

    assert tab.load(site) == SIZES
    assert tab.asked == [], "the second view is the bucket's alone"

    assert delete_resizes(bucket) == 6
    assert tab.load(site) == SIZES
    stranger = Tab(chromium.new_context(), site)
    assert stranger.load(site) == SIZES
    assert len(stranger.asked) == 6, "made again for somebody whose cache is empty"
    assert tab.load(site) == SIZES
    tab.page.reload(wait_until="load")
    assert not tab.failed
    assert not stranger.failed

    portrait = Photo.objects.get(photo__contains="portrait")
    sizes = tab.load(f"{site}/photos/{portrait.pk}/")
    assert sizes == [[600, 800], [96, 96], [72, 96], [200, 267], [200, 267]]
    assert len(tab.asked) == 5
    assert tab.load(f"{site}/photos/{portrait.pk}/") == sizes
    assert tab.asked == []
    if folder := os.environ.get("SCREENSHOTS"):
        tab.page.screenshot(path=Path(folder, "photo.png"), full_page=True)


@pytest.mark.parametrize("s3", ["moto"], indirect=True)
def test_two_browsers_at_once(
    bucket: Any, live_server: Any, chromium: Any, photos: list[Path]
) -> None:
    for path in photos:
        Photo.objects.create(photo=ContentFile(path.read_bytes(), name=path.name))
    tabs = [Tab(chromium.new_context(), live_server.url) for _ in range(2)]
    for tab in tabs:
        tab.page.goto(live_server.url, wait_until="commit")
    for tab in tabs:
        tab.page.wait_for_function(SHOWN)
        sizes = tab.page.locator("img").evaluate_all(NATURAL_SIZES)
        assert sizes == SIZES


@pytest.mark.server
@pytest.mark.parametrize("s3", ["moto", "ceph"], indirect=True)
def test_a_cache_that_keeps_the_bucket_s_redirects(
    s3: Any, bucket: Any, live_server: Any, chromium: Any, photos: list[Path], settings: Any
) -> None:
    """A proxy that is set up badly sends viewers in a circle; they get their pictures."""
    keeps_redirects = website_proxy(
        s3,
        bucket,
        """
        proxy_cache kept;
        proxy_cache_valid 200 302 10m;
        proxy_ignore_headers Cache-Control Expires;
        add_header X-Cache $upstream_cache_status always;
        """,
    )
    cache = "proxy_cache_path kept keys_zone=kept:1m;"
    with nginx(keeps_redirects, http=cache) as (proxy,):
        base = f"http://media.localhost:{proxy}/"
        change_options(settings, public_url=base)
        for path in photos:
            Photo.objects.create(photo=ContentFile(path.read_bytes(), name=path.name))
        for _ in range(3):
            tab = Tab(chromium.new_context(), live_server.url)
            assert tab.load(live_server.url) == SIZES
            assert not tab.failed
        assert set(tab.headers("x-cache", base)) == {(302, "HIT")}, "it has kept them"


@pytest.mark.server
@pytest.mark.parametrize("s3", ["ceph"], indirect=True)
def test_failover_from_a_private_bucket_costs_no_redirect(
    s3: Any, live_server: Any, chromium: Any, photos: list[Path], settings: Any
) -> None:
    """nginx stands in for CloudFront: it alone may read the bucket, and asks the app then."""
    storage = use_bucket(settings, s3, mode="failover")
    storage.client.create_bucket(Bucket=storage.bucket_name)
    secret = "what-only-the-cdn-sends"
    statement = {
        "Sid": "Cdn",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{storage.bucket_name}/*",
        "Condition": {"StringEquals": {"aws:Referer": secret}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    storage.client.put_bucket_policy(Bucket=storage.bucket_name, Policy=policy)
    call_command("configure_media_bucket")
    # This server then refuses each upload, be it without an ACL.
    blocks = storage.client.get_public_access_block(Bucket=storage.bucket_name)
    storage.client.put_public_access_block(
        Bucket=storage.bucket_name,
        PublicAccessBlockConfiguration={
            **blocks["PublicAccessBlockConfiguration"],
            "BlockPublicAcls": False,
        },
    )
    cdn = f"""
        location / {{
            proxy_pass http://127.0.0.1:{s3.port}/{storage.bucket_name}/;
            proxy_set_header Referer {secret};
            proxy_intercept_errors on;
            error_page 403 404 = @app;
            add_header X-From bucket;
        }}
        location @app {{
            rewrite ^ /media$uri break;
            proxy_pass {live_server.url};
            add_header X-From app always;
        }}
    """
    with nginx(cdn) as (proxy,):
        base = f"http://media.localhost:{proxy}/"
        change_options(settings, public_url=base)
        for path in photos:
            Photo.objects.create(photo=ContentFile(path.read_bytes(), name=path.name))
        original = Photo.objects.latest("pk").photo.name
        assert fetch(f"{s3.endpoint_url}/{storage.bucket_name}/{original}").status == 403
        for source in ("app", "bucket"):
            tab = Tab(chromium.new_context(), live_server.url)
            assert tab.load(live_server.url) == SIZES
            assert tab.headers("x-from", base) == [(200, source)] * len(SIZES)
            assert tab.asked == []
        assert fetch(f"{base}{original}").headers["X-From"] == "bucket"
        assert fetch(f"{base}nobody/signed/this").status == 404


def test_a_refused_upload_tells_the_user_why(
    live_server: Any, chromium: Any, tmp_path: Path, db: None
) -> None:
    page = tmp_path / "page.jpg"
    page.write_bytes(b"<html><script>alert(1)</script></html>")
    tab = Tab(chromium.new_context(), live_server.url)
    tab.page.goto(live_server.url)
    tab.page.set_input_files("input[type=file]", page)
    tab.page.click("text=Upload")
    errors = tab.page.locator(".errorlist").inner_text()
    assert errors.startswith(
        "We couldn’t process “page.jpg”: This is not an image in an accepted format"
    )
