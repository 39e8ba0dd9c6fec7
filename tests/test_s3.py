"""The storage on S3, apart from the loop: URLs, clients, failures."""

import json
import pickle
import subprocess
import sys
from typing import Any
from urllib.parse import SplitResult, urlsplit

import pytest
from boto3.session import Session
from botocore.config import Config
from botocore.loaders import create_loader
from botocore.regions import EndpointResolver
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.test import Client

from django_shift_media.aws.access import MEDIA_PATTERN
from django_shift_media.exceptions import FileTooLarge, StorageUnavailable
from django_shift_media.storages.s3 import S3MediaStorage
from gallery.models import Attachment, Photo
from tests.support.browsing import fetch, follow
from tests.support.buckets import new_bucket, operations, use_bucket
from tests.support.concurrency import at_once
from tests.support.servers import free_port
from tests.support.waiting import PATIENCE

NAME = "3c72aedc/ba25/41e6/a569/406c8f413974/cat.jpg/cat.jpg"


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("us-east-1", "s3-website-us-east-1.amazonaws.com"),
        ("eu-west-1", "s3-website-eu-west-1.amazonaws.com"),
        ("us-gov-west-1", "s3-website-us-gov-west-1.amazonaws.com"),
        ("us-gov-east-1", "s3-website.us-gov-east-1.amazonaws.com"),
        ("us-east-2", "s3-website.us-east-2.amazonaws.com"),
        ("eu-central-1", "s3-website.eu-central-1.amazonaws.com"),
        ("ap-northeast-1", "s3-website-ap-northeast-1.amazonaws.com"),
        ("ap-northeast-2", "s3-website.ap-northeast-2.amazonaws.com"),
        ("cn-north-1", "s3-website.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_the_website_endpoint_of_each_region(region: str, host: str) -> None:
    storage = S3MediaStorage(bucket_name="photos", region_name=region)
    assert storage.url(NAME) == f"http://photos.{host}/{NAME}"


@pytest.mark.parametrize(
    ("options", "base"),
    [
        ({"custom_domain": "cdn.example.com"}, "https://cdn.example.com/"),
        ({"custom_domain": "c.example.com", "url_protocol": "http:"}, "http://c.example.com/"),
        ({"custom_domain": "c.example.com", "location": "up/"}, "https://c.example.com/up/"),
        ({"public_url": "http://localhost:9000/photos"}, "http://localhost:9000/photos/"),
        ({"public_url": "https://c.example.com/", "location": "up"}, "https://c.example.com/"),
        ({"location": "a/b"}, "http://photos.s3-website-us-east-1.amazonaws.com/a/b/"),
        ({"mode": "app"}, "/media/"),
        ({"mode": "failover", "custom_domain": "c.example.com"}, "https://c.example.com/"),
    ],
)
def test_base_urls(options: dict[str, Any], base: str) -> None:
    storage = S3MediaStorage(bucket_name="photos", region_name="us-east-1", **options)
    assert storage.media_url == base
    assert storage.public_url("legacy/a b.jpg") == f"{base}legacy/a%20b.jpg"


def test_the_region_of_the_environment_counts(monkeypatch: Any) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-north-1")
    assert "s3-website.eu-north-1." in S3MediaStorage(bucket_name="photos").media_url


def test_original_urls_may_be_presigned(moto: Any, settings: Any, small_jpeg: bytes) -> None:
    storage = new_bucket(settings, moto, querystring_auth=True, public_url=None)
    name = storage.save(NAME, ContentFile(small_jpeg))
    url = storage.url(name)
    assert "X-Amz-Signature=" in url
    assert "X-Amz-Signature" not in storage.public_url(name)


def test_original_urls_of_a_private_bucket_are_presigned(moto: Any, settings: Any) -> None:
    storage = use_bucket(settings, moto, mode="app", public_url=None)
    assert "X-Amz-Signature=" in storage.url(NAME)
    assert storage.public_url(NAME) == f"/media/{NAME}"


def test_an_acl_is_refused() -> None:
    with pytest.raises(ImproperlyConfigured, match="Unsupported default_acl 'public-read'"):
        S3MediaStorage(bucket_name="photos", default_acl="public-read")


def test_threads_share_one_client(moto: Any, settings: Any, monkeypatch: Any) -> None:
    storage = use_bucket(settings, moto)
    made: list[int] = []
    make = Session.resource
    monkeypatch.setattr(
        Session, "resource", lambda *args, **options: made.append(1) or make(*args, **options)
    )

    def use() -> Any:
        assert storage.connection.meta.client is storage.bucket.meta.client is storage.client
        return storage.client

    clients = at_once([use] * 20)
    assert len(clients) == 20
    assert len({id(client) for client in clients}) == 1
    assert len(made) == 1, "each takes 13 MB"


FORK = """
import os, sys
from django.conf import settings
settings.configure()
from django_shift_media.storages.s3 import S3MediaStorage

storage = S3MediaStorage(**eval(sys.argv[1]))
storage.put("a", b"before")
parent = storage.client
children = []
for number in range(3):
    if child := os.fork():
        children.append(child)
    else:
        storage.put(f"child-{number}", storage.get("a"))
        os._exit(0 if storage.client is not parent else 1)
codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
assert storage.client is parent and codes == [0, 0, 0], codes
"""


def test_a_forked_process_has_a_client_of_its_own(moto: Any, settings: Any) -> None:
    storage = new_bucket(settings, moto)
    options = repr(moto.storage_options(storage.bucket_name))
    subprocess.run(
        [sys.executable, "-W", "error", "-c", FORK, options], check=True, timeout=PATIENCE
    )
    assert [storage.get(f"child-{number}") for number in range(3)] == [b"before"] * 3


@pytest.mark.usefixtures("timeouts_of_users")
def test_a_client_has_timeouts_and_retries() -> None:
    config = S3MediaStorage(bucket_name="b", region_name="us-east-1").client.meta.config
    assert (config.connect_timeout, config.read_timeout) == (3, 6)
    assert config.retries["mode"] == "standard"
    own = Config(read_timeout=3, s3={"addressing_style": "path"})
    storage = S3MediaStorage(bucket_name="b", region_name="us-east-1", client_config=own)
    config = storage.client.meta.config
    assert (config.connect_timeout, config.read_timeout) == (3, 3)
    assert config.s3["addressing_style"] == "path"


class OneSession(S3MediaStorage):
    """Storages that share a session, because a new one takes 100 ms."""

    session = Session("key", "secret")

    def _create_session(self) -> Session:
        return self.session


def presigned(bucket: str, **options: Any) -> SplitResult:
    storage = OneSession(bucket_name=bucket, querystring_auth=True, **options)
    return urlsplit(storage.url("cat.jpg"))


@pytest.mark.parametrize("partition", Session().get_available_partitions())
def test_presigned_urls_use_the_host_of_the_region(partition: str) -> None:
    """The global host refuses newer regions, and redirects others, which CORS does not allow."""
    hosts = EndpointResolver(create_loader().load_data("endpoints"))
    for region in Session().get_available_regions("s3", partition_name=partition):
        expected = hosts.construct_endpoint("s3", region, partition)["hostname"]
        assert presigned("media", region_name=region).hostname == f"media.{expected}"


def test_presigned_urls_keep_a_host_or_a_style_that_is_set() -> None:
    dotted = presigned("media.example.com", region_name="af-south-1")
    assert (dotted.hostname, dotted.path) == (
        "s3.af-south-1.amazonaws.com",  # whose certificate has one label before it
        "/media.example.com/cat.jpg",
    )
    other = presigned("media", region_name="af-south-1", endpoint_url="http://localhost:9000")
    assert (other.netloc, other.path) == ("localhost:9000", "/media/cat.jpg")
    assert presigned("media", addressing_style="path").path == "/media/cat.jpg"


def test_a_storage_can_be_pickled(moto: Any, settings: Any) -> None:
    storage = new_bucket(settings, moto)
    storage.put("a", b"x")
    assert pickle.loads(pickle.dumps(storage)).get("a") == b"x"


def test_a_location_prefixes_all_keys(
    moto: Any, settings: Any, live_server: Any, small_jpeg: bytes, db: None
) -> None:
    storage = new_bucket(settings, moto, location="user/media")
    website = moto.website_url(storage.bucket_name)
    settings.STORAGES["media"]["OPTIONS"]["public_url"] = f"{website}user/media/"
    settings.STORAGES = dict(settings.STORAGES)
    call_command("configure_media_bucket", "--app-url", live_server.url)
    photo = Photo.objects.create(photo=ContentFile(small_jpeg, name="a.jpg"))
    url = photo.photo.resize("9x9")
    assert url.startswith(f"{website}user/media/")
    assert [hop.status for hop in follow(url)] == [302, 301, 200]
    listed = storage.client.list_objects_v2(Bucket=storage.bucket_name)["Contents"]
    assert all(entry["Key"].startswith("user/media/") for entry in listed)
    assert len(listed) == 2
    policy = json.loads(storage.client.get_bucket_policy(Bucket=storage.bucket_name)["Policy"])
    assert policy["Statement"][0]["Resource"].endswith(f"/user/media/{MEDIA_PATTERN}")
    assert [hop.status for hop in follow(f"{website}elsewhere.jpg")] == [403]


def test_large_files_are_sent_in_parts(
    moto: Any, settings: Any, monkeypatch: Any, db: None
) -> None:
    storage = new_bucket(settings, moto)
    data = bytes(range(256)) * 4096 * 70  # 70 MiB
    name = storage.save(NAME, ContentFile(data))
    assert storage.get(name) == data
    head = storage.client.head_object(Bucket=storage.bucket_name, Key=name)
    assert head["CacheControl"] == "public, max-age=31536000, immutable"
    assert head["ETag"].endswith('-9"'), "nine parts"
    assert storage.save(NAME, ContentFile(data[:10] + data)) != name
    assert storage.get(name) == data


def test_nothing_is_sent_with_an_acl(moto: Any, settings: Any) -> None:
    storage = new_bucket(settings, moto)
    sent: list[Any] = []
    storage.client.meta.events.register(
        "before-send.s3", lambda request, **_: sent.append(request.headers)
    )
    storage.save(NAME, ContentFile(b"x"))
    storage.save("other.txt", ContentFile(b"x"))
    storage.put("a/b.webp", b"x")
    assert len(sent) >= 3
    assert not [name for headers in sent for name in headers if "acl" in name.lower()]


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("a.webp", "image/webp"),
        ("a.avif", "image/avif"),
        ("a.pdf", "application/pdf"),
        ("a", "application/octet-stream"),
    ],
)
def test_content_types(moto: Any, settings: Any, name: str, content_type: str) -> None:
    storage = new_bucket(settings, moto)
    storage.put(f"x/{name}", b"x")
    key = NAME.replace("cat.jpg", name)
    storage.save(key, ContentFile(b"x"))
    for stored in (f"x/{name}", key):
        head = storage.client.head_object(Bucket=storage.bucket_name, Key=stored)
        assert head["ContentType"] == content_type
        assert head["CacheControl"] == "public, max-age=31536000, immutable"


def test_an_attachment_is_seen_as_what_it_is(moto_bucket: Any, db: None) -> None:
    attachment = Attachment.objects.create(file=ContentFile(b"%PDF", name="a.pdf"))
    answer = fetch(attachment.file.url)
    assert (answer.headers["Content-Type"], answer.body) == ("application/pdf", b"%PDF")


@pytest.mark.parametrize(
    ("name", "disposition"),
    [
        ("a.webp", "inline"),
        ("a.mp4", "inline"),
        ("a.pdf", "inline"),
        ("a.html", "attachment"),
        ("a.svg", "attachment"),
        ("a.zip", "attachment"),
        ("a", "attachment"),
    ],
)
def test_what_a_browser_would_run_is_for_downloading(
    moto_bucket: Any, client: Client, settings: Any, db: None, name: str, disposition: str
) -> None:
    attachment = Attachment.objects.create(file=ContentFile(b"<script>", name=name))
    assert fetch(attachment.file.url).headers["Content-Disposition"] == disposition
    settings.SHIFT_MEDIA_STORAGE = None
    settings.DEBUG = True
    attachment = Attachment.objects.create(file=ContentFile(b"<script>", name=name))
    assert client.get(attachment.file.url)["Content-Disposition"] == disposition


def test_objects_beyond_the_limit_are_not_read(moto: Any, settings: Any) -> None:
    storage = new_bucket(settings, moto)
    storage.put("a", bytes(1001))
    with pytest.raises(FileTooLarge, match="1,001 bytes; the maximum is 1,000"):
        storage.get("a", max_bytes=1000)
    assert len(storage.get("a", max_bytes=1001)) == 1001
    with pytest.raises(FileNotFoundError):
        storage.get("b")
    assert not storage.exists("b")


# -- failures -------------------------------------------------------------------------------------


@pytest.fixture
def nobody_listens(settings: Any, moto: Any) -> Any:
    return use_bucket(settings, moto, endpoint_url=f"http://127.0.0.1:{free_port()}")


def test_a_server_that_is_down_is_a_503(nobody_listens: Any, client: Client) -> None:
    photo = Photo(photo=NAME)
    answer = client.get(
        "/media/" + photo.photo.resize("9x9").removeprefix(nobody_listens.media_url)
    )
    assert (answer.status_code, answer["Retry-After"]) == (503, "10")
    assert answer["Cache-Control"] == "no-store"


def test_an_upload_to_a_server_that_is_down_is_refused(
    nobody_listens: Any, small_jpeg: bytes, transactional_db: None
) -> None:
    with pytest.raises(StorageUnavailable, match="Could not write"):
        Photo.objects.create(photo=ContentFile(small_jpeg, name="a.jpg"))
    assert not Photo.objects.exists()


def test_a_large_upload_to_a_server_that_is_down_is_refused(nobody_listens: Any) -> None:
    with pytest.raises(StorageUnavailable, match="Could not"):
        nobody_listens.save("legacy.bin", ContentFile(bytes(9_000_000)))
    with pytest.raises(StorageUnavailable, match="Could not write"):
        nobody_listens._save("legacy.bin", ContentFile(bytes(9_000_000)))


def test_a_put_that_is_denied_is_a_503(moto_bucket: Any, photo: Photo, live_server: Any) -> None:
    url = photo.photo.resize("9x9")
    moto_bucket.client.meta.events.register("before-call.s3.PutObject", _to_nowhere)
    hops = [fetch(url)]
    answer = fetch(hops[0].headers["Location"])
    assert (answer.status, answer.headers["Retry-After"]) == (503, "10")
    moto_bucket.client.meta.events.unregister("before-call.s3.PutObject", _to_nowhere)
    assert fetch(hops[0].headers["Location"]).status == 301


def _to_nowhere(params: Any, **kwargs: Any) -> None:
    params["url"] = params["url"].replace("/media-", "/no-such-bucket-")


# -- other modes ----------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["app", "failover"])
def test_a_private_bucket_is_seen_through_the_app(
    moto: Any, settings: Any, client: Client, small_jpeg: bytes, db: None, mode: str
) -> None:
    storage = new_bucket(settings, moto, mode=mode, public_url="/media/")
    photo = Photo.objects.create(photo=ContentFile(small_jpeg, name="a.jpg"))
    url = photo.photo.resize("9x9")
    sent = operations(storage)
    made = client.get(url)
    assert (made.status_code, made["Content-Type"]) == (200, "image/jpeg")
    assert sent == ["GetObject", "GetObject", "PutObject", "HeadObject"]
    sent.clear()
    found = client.get(url)
    assert found.content == made.content
    assert found["ETag"] == made["ETag"]
    assert sent == ["GetObject"]


# s3rver ignores If-None-Match.
@pytest.mark.parametrize("s3", ["moto", "ceph"], indirect=True)
def test_a_resize_that_another_process_has_stored_is_not_replaced(s3: Any, settings: Any) -> None:
    storage = new_bucket(settings, s3)
    asked = operations(storage)
    storage.put("a/b.webp", b"first")
    storage.put("a/b.webp", b"second")
    assert storage.get("a/b.webp") == b"first"
    assert asked == ["PutObject", "PutObject", "GetObject"]
