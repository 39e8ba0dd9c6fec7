"""The whole loop, on each S3 server: upload, page, miss, make, store, redirect, hit."""

import io
from functools import partial
from typing import Any

import pytest
from django.core.files.base import ContentFile
from PIL import Image

from gallery.drawings import draw_photo
from gallery.models import Photo
from tests.support.browsing import Response, fetch, follow, upload
from tests.support.buckets import change_options, delete_resizes, operations
from tests.support.concurrency import at_once
from tests.support.diagnostics import website_proxy
from tests.support.proxies import nginx

IMMUTABLE = "public, max-age=31536000, immutable"


def open_image(response: Response) -> Image.Image:
    return Image.open(io.BytesIO(response.body))


def statuses(hops: list[Response]) -> list[int]:
    return [hop.status for hop in hops]


def stored(storage: Any, upload: str) -> list[str]:
    """The keys of an upload that are in the bucket."""
    listed = storage.client.list_objects_v2(Bucket=storage.bucket_name, Prefix=upload[:36])
    return [entry["Key"] for entry in listed.get("Contents", [])]


@pytest.fixture
def requests(bucket: Any) -> list[str]:
    """The operations that the app asks of S3, as they are sent."""
    return operations(bucket)


def test_a_photo_goes_round_the_whole_loop(bucket: Any, live_server: Any, jpeg: bytes) -> None:
    assert upload(live_server.url, jpeg, "Ferien in Köln.JPEG").status_code == 302
    photo = Photo.objects.get()
    assert photo.photo.name.endswith("/ferien-in-koln.jpg/ferien-in-koln.jpg")
    assert (photo.width, photo.height) == (3000, 4000)

    original = fetch(photo.photo.url)
    assert (original.status, original.body) == (200, jpeg)
    assert original.headers["Content-Type"] == "image/jpeg"
    assert original.headers["Cache-Control"] == IMMUTABLE

    url = photo.photo.resize("240x240", how="fill", format="webp", upscale=True)
    assert url in fetch(live_server.url).body.decode()

    first = follow(url)
    assert statuses(first) == [302, 301, 200]
    assert first[1].url.startswith(f"{live_server.url}/media/")
    assert first[1].headers["Cache-Control"] == "no-store"
    assert first[1].headers["Location"] == first[2].url == url
    assert first[2].headers["Content-Type"] == "image/webp"
    assert first[2].headers["Cache-Control"] == IMMUTABLE
    picture = open_image(first[2])
    assert (picture.format, picture.size) == ("WEBP", (240, 240))
    red, green, blue = picture.convert("RGB").getpixel((6, 6))  # type: ignore[misc]
    assert red > 2 * green, "upright, its red corner is at the top left"
    assert red > 2 * blue
    assert not picture.getexif()

    assert statuses(follow(url)) == [200], "later views are the bucket's alone"


def test_resizes_heal_themselves(bucket: Any, photo: Photo) -> None:
    url = photo.photo.resize("50x50")
    before = follow(url)[-1].body
    assert delete_resizes(bucket) == 1
    assert statuses(follow(url)) == [302, 301, 200]
    assert follow(url)[-1].body == before


def test_a_cold_miss_costs_four_requests(bucket: Any, photo: Photo, requests: list[str]) -> None:
    follow(photo.photo.resize("50x50"))
    assert requests == ["HeadObject", "GetObject", "PutObject", "HeadObject"]


def test_what_nobody_signed_is_not_made(bucket: Any, photo: Photo, requests: list[str]) -> None:
    url = photo.photo.resize("50x50").replace("/50x50", "/51x51")
    hops = follow(url)
    assert statuses(hops) == [302, 404]
    assert hops[1].headers["Cache-Control"] == "no-store"
    assert requests == []
    assert stored(bucket, photo.photo.name) == [photo.photo.name]


def test_a_resize_without_its_original_is_gone(bucket: Any, photo: Photo) -> None:
    url = photo.photo.resize("50x50")
    bucket.client.delete_object(Bucket=bucket.bucket_name, Key=photo.photo.name)
    hops = follow(url)
    assert statuses(hops) == [302, 404]
    assert hops[1].headers["Cache-Control"] == "public, max-age=60"


def test_a_head_request_takes_the_same_way(bucket: Any, photo: Photo) -> None:
    url = photo.photo.resize("50x50")
    miss = fetch(url, "HEAD")
    assert miss.status == 302
    assert fetch(miss.headers["Location"], "HEAD").status == 301
    hit = fetch(url, "HEAD")
    assert (hit.status, hit.body) == (200, b"")
    assert hit.headers["Content-Type"] == "image/jpeg"


def test_a_stampede_makes_one_resize(bucket: Any, photo: Photo, requests: list[str]) -> None:
    url = photo.photo.resize("60x60")
    browsers = [{"User-Agent": f"Browser {number}"} for number in range(16)]
    views = at_once([partial(follow, url, **browser) for browser in browsers])
    answers = [hops[-1] for hops in views]
    assert [answer.status for answer in answers] == [200] * 16
    assert len({answer.body for answer in answers}) == 1
    assert requests.count("PutObject") == 1
    assert requests.count("GetObject") == 1


def test_sizes_of_one_photo_fetch_it_once(
    bucket: Any, jpeg: bytes, requests: list[str], db: None
) -> None:
    photo = Photo.objects.create(photo=ContentFile(jpeg, name="large.jpg"))
    urls = [photo.photo.resize(f"{width}x") for width in (320, 480, 640, 800, 960, 1280)]
    requests.clear()
    at_once([partial(follow, url) for url in urls])
    assert requests.count("GetObject") == 1
    assert [open_image(follow(url)[-1]).width for url in urls] == [320, 480, 640, 800, 960, 1280]


# s3rver ignores If-None-Match.
@pytest.mark.parametrize("s3", ["moto", "ceph"], indirect=True)
def test_an_original_is_never_overwritten(bucket: Any, photo: Photo, small_jpeg: bytes) -> None:
    other = draw_photo(40, 30)
    name = bucket.save(photo.photo.name, ContentFile(other))
    assert name.endswith("/small.jpg/small.jpg")
    assert fetch(bucket.url(name)).body == other
    assert fetch(photo.photo.url).body == small_jpeg


def test_deleting_an_original_takes_its_resizes_along(bucket: Any, photo: Photo) -> None:
    follow(photo.photo.resize("50x50"))
    name = photo.photo.name
    assert len(stored(bucket, name)) == 2
    bucket.delete(name)
    assert stored(bucket, name) == []
    bucket.delete(name)


def test_a_client_that_was_sent_in_a_circle_gets_the_picture(bucket: Any, photo: Photo) -> None:
    url = photo.photo.resize("50x50")
    kept_by_a_proxy = fetch(url)
    assert statuses(follow(kept_by_a_proxy.headers["Location"])) == [301, 200]
    again = fetch(kept_by_a_proxy.headers["Location"])
    assert again.status == 200
    assert again.body == follow(url)[-1].body
    assert again.headers["Content-Type"] == "image/jpeg"


@pytest.mark.server
def test_a_proxy_that_keeps_redirects_costs_one_turn(
    moto: Any, moto_bucket: Any, settings: Any, photo: Photo
) -> None:
    keeping = "proxy_cache kept; proxy_cache_valid 302 1h;"
    server = website_proxy(moto, moto_bucket, keeping)
    with nginx(server, http="proxy_cache_path cache keys_zone=kept:1m;") as (port,):
        change_options(settings, public_url=f"http://127.0.0.1:{port}/")
        url = Photo.objects.get(pk=photo.pk).photo.resize("50x50")  # which knows the new option
        for browser in ("Browser 1", "Browser 2"):
            hops = follow(url, **{"User-Agent": browser})
            assert statuses(hops) == [302, 301, 302, 200]
            assert hops[-1].headers["Content-Type"] == "image/jpeg"
