"""Media in Google Cloud Storage and Azure Blob Storage, on their emulators."""

import copy
import io
import json
import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests
from django.core.exceptions import ImproperlyConfigured, SuspiciousFileOperation
from django.core.files.base import ContentFile
from django.test import Client
from PIL import Image

from django_shift_media.exceptions import StorageUnavailable
from django_shift_media.storages import object_storage
from django_shift_media.storages.erasure import erase_upload, tombstone_of
from django_shift_media.storages.selection import media_storage
from django_shift_media.storages.stored_file import StoredFile
from gallery.models import Photo
from tests.support.adapters import adapt
from tests.support.browsing import upload
from tests.support.clouds import Azure, GoogleCloud, use_cloud
from tests.support.concurrency import at_once, in_a_fork
from tests.support.faults import Fault, faulty_proxy
from tests.support.galleries import MANAGE, environment, gallery
from tests.support.intermediary import in_front_of
from tests.support.private_storages import IS_OWNER, logged_in, photo_of
from tests.support.servers import free_port
from tests.support.stored_objects import keys_of, new_key, put, resize_of, tend
from tests.support.system_checks import found
from tests.support.waiting import PATIENCE

IMMUTABLE = "public, max-age=31536000, immutable"
GCS = "django_shift_media.storages.gcs.GoogleCloudMediaStorage"
AZURE = "django_shift_media.storages.azure.AzureMediaStorage"


def ask(url: str, method: str = "GET", **options: Any) -> requests.Response:
    return requests.request(method, url, timeout=PATIENCE, allow_redirects=False, **options)


def object_of(storage: Any, key: str) -> requests.Response:
    """Return an object as the service serves it."""
    return ask(storage.presigned_url(key, 60))


# -- the whole loop -------------------------------------------------------------------------------


def go_round(site: str, data: bytes, find: Callable[[], tuple[str, str]]) -> tuple[str, str]:
    """Upload a photo, and see it, and a resize of it, twice; return their URLs."""
    assert upload(site, data, "Ferien in Köln.JPEG").status_code == 302
    original, resize = find()
    answer = ask(original)
    assert (answer.status_code, answer.content) == (200, data)
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["Cache-Control"] == IMMUTABLE
    for _ in range(2):  # made, and stored
        seen = ask(site + resize)
        assert seen.status_code == 200
        assert seen.headers["Cache-Control"] == IMMUTABLE
        assert Image.open(io.BytesIO(seen.content)).format == "WEBP"
    return original, resize


def test_a_photo_goes_round_the_whole_loop(
    cloud_storage: Any, live_server: Any, small_jpeg: bytes
) -> None:
    def find() -> tuple[str, str]:
        photo = Photo.objects.get().photo
        return photo.url, photo.resize("50x50", format="webp")

    _, resize = go_round(live_server.url, small_jpeg, find)
    photo, key = Photo.objects.get().photo, resize.removeprefix("/media/")
    assert keys_of(cloud_storage) == {photo.name, key}
    stored = object_of(cloud_storage, key)
    assert stored.headers["Content-Type"] == "image/webp"
    assert stored.headers["Cache-Control"] == IMMUTABLE
    assert stored.content == ask(live_server.url + resize).content

    cloud_storage.delete(key)
    assert ask(live_server.url + resize).content == stored.content, "it heals itself"
    photo.delete()
    assert keys_of(cloud_storage) == set()
    assert ask(live_server.url + resize).status_code == 404


@pytest.mark.nightly
def test_a_gallery_of_its_own(cloud: Any, settings: Any, tmp_path: Path, small_jpeg: bytes) -> None:
    """A Django process, with the checks that it makes when it starts."""
    storage = use_cloud(settings, cloud)
    options = {**cloud.options(""), **_bucket(storage), "querystring_auth": False}
    options.pop("credentials", None)
    entry = {"BACKEND": cloud.backend, "OPTIONS": options}
    if isinstance(cloud, Azure):  # so that browsers may read originals
        storage.client.set_container_access_policy({}, public_access="blob")
    variables = {"GALLERY_STORAGE": json.dumps(entry), "STORAGE_EMULATOR_HOST": cloud.endpoint_url}
    surroundings = environment(tmp_path, **variables)
    subprocess.run([sys.executable, MANAGE, "migrate"], env=surroundings, check=True)
    with gallery(surroundings) as site:

        def find() -> tuple[str, str]:
            resize = re.findall(r'(/media/[^ "]+/240x240[^ "]+\.webp)', ask(site).text)[0]
            folder = resize.removeprefix("/media/").rpartition("/")[0]
            return f"{storage.bucket_url}{folder}/ferien-in-koln.jpg", resize

        _, resize = go_round(site, small_jpeg, find)
        storage.delete(resize.removeprefix("/media/"))
        assert ask(site + resize).status_code == 200


def _bucket(storage: Any) -> dict[str, str]:
    name = "azure_container" if hasattr(storage, "azure_container") else "bucket_name"
    return {name: getattr(storage, name)}


def test_what_nobody_signed_is_not_made(cloud_storage: Any, photo: Photo, client: Client) -> None:
    url = photo.photo.resize("50x50").replace("/50x50", "/51x51")
    assert client.get(url).status_code == 404
    assert keys_of(cloud_storage) == {photo.photo.name}


# -- objects --------------------------------------------------------------------------------------


def test_of_concurrent_writes_one_wins(cloud_storage: Any) -> None:
    resize = resize_of(new_key())
    contents = [bytes([number]) * 1000 for number in range(8)]
    assert at_once([partial(cloud_storage.put, resize, data) for data in contents]) == [None] * 8
    first = cloud_storage.get(resize)
    assert first in contents
    cloud_storage.put(resize, b"late")
    assert cloud_storage.get(resize) == first


def test_of_concurrent_uploads_none_is_lost(cloud_storage: Any) -> None:
    key = new_key()
    contents = [bytes([number]) * 1000 for number in range(8)]
    saved = at_once([partial(cloud_storage.save, key, ContentFile(data)) for data in contents])
    assert key in saved
    assert {cloud_storage.get(name) for name in saved} == set(contents)


@pytest.mark.nightly
def test_a_large_file_is_never_overwritten(settings: Any, cloud: Any) -> None:
    """It is uploaded in several requests."""
    data = bytes(range(256)) * (object_storage.CHUNK_SIZE // 256) + b"end"
    with in_front_of(cloud.endpoint_url) as intermediary:
        storage = use_cloud(settings, behind(intermediary.url, cloud))
        first = storage.save(new_key("film.mp4"), ContentFile(data))
    sent = intermediary.sent("^POST.*uploadType=resumable|^PUT.*comp=block")
    assert sent
    storage = use_same_bucket(settings, cloud, storage)
    assert storage.get(first) == data
    with storage.open(first) as file:
        assert b"".join(file.chunks()) == data
    if isinstance(cloud, GoogleCloud):
        # fake-gcs-server ignores it in uploads of several requests (seen with 1.54).
        assert "ifGenerationMatch=0" in sent[0]
    else:
        second = storage.save(first, ContentFile(data[::-1]))
        assert second != first
        assert (storage.get(first), storage.get(second)) == (data, data[::-1])


def behind(url: str, cloud: Any) -> Any:
    """Return a server as it is seen at another port."""
    return type(cloud)(int(url.rpartition(":")[2]))


def use_same_bucket(settings: Any, server: Any, storage: Any, **options: Any) -> Any:
    """Make the bucket of a storage the media storage, with other options."""
    entry = settings.STORAGES["media"]
    options = {**server.options(""), **_bucket(storage), **options}
    settings.STORAGES = {**settings.STORAGES, "media": {**entry, "OPTIONS": options}}
    return media_storage()


def test_an_empty_file_is_read(cloud_storage: Any) -> None:
    key = cloud_storage.save(new_key("empty.txt"), ContentFile(b""))
    assert cloud_storage.get(key, max_bytes=10) == b""


def test_a_key_cannot_lead_out_of_the_location(cloud_storage: Any) -> None:
    put(cloud_storage, "secret.txt")
    for key in ("../where/secret.txt", "x/../secret.txt", "./secret.txt"):
        with pytest.raises(SuspiciousFileOperation):
            cloud_storage.get(key)
        with pytest.raises(SuspiciousFileOperation):
            cloud_storage.presigned_url(key, 60)


def test_a_file_that_a_browser_could_execute_is_a_download(cloud_storage: Any) -> None:
    content = ContentFile(b"<script>")
    content.download_name = "Überblick.html"  # type: ignore[attr-defined]
    key = cloud_storage.save(new_key("a.html"), content)
    headers = object_of(cloud_storage, key).headers
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Disposition"].startswith('attachment; filename="a.html"')
    assert "%C3%9Cberblick.html" in headers["Content-Disposition"]


def test_the_service_copies_between_buckets(settings: Any, cloud: Any) -> None:
    with in_front_of(cloud.endpoint_url) as intermediary:
        server = behind(intermediary.url, cloud)
        source, target = use_cloud(settings, server, "media"), use_cloud(settings, server, "other")
        content = ContentFile(bytes(100_000))
        content.download_name = "Überblick.pdf"  # type: ignore[attr-defined]
        key = source.save(new_key("a.pdf"), content)
        intermediary.requests.clear()
        assert target.save(key, StoredFile(source, key)) == key
        assert not intermediary.sent("alt=media"), "nothing was downloaded"
        assert not intermediary.sent("^GET.*a.pdf$")
        assert target.get(key) == bytes(100_000)
        # fake-gcs-server looks at the host of signed URLs.
        signed = target.presigned_url(key, 60).replace(intermediary.url, cloud.endpoint_url)
        headers = ask(signed).headers
    assert headers["Cache-Control"] == IMMUTABLE
    assert "%C3%9Cberblick.pdf" in headers["Content-Disposition"]


@pytest.mark.server
def test_a_copy_never_overwrites(settings: Any, running: Any) -> None:
    # fake-gcs-server ignores the precondition of a copy (seen with 1.54).
    server = running("azurite")
    source, target = use_cloud(settings, server), use_cloud(settings, server, "other")
    key = source.save(new_key(), ContentFile(b"data"))
    target.save(key, ContentFile(b"another"))
    stored = target.save(key, StoredFile(source, key))
    assert stored != key
    assert (target.get(key), target.get(stored)) == (b"another", b"data")


@pytest.mark.nightly
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_storage_can_be_used_after_a_fork_and_pickled(cloud_storage: Any) -> None:
    key = cloud_storage.save(new_key(), ContentFile(b"data"))
    assert in_a_fork(lambda: cloud_storage.get(key) == b"data")
    assert copy.copy(cloud_storage).get(key) == b"data"
    if hasattr(cloud_storage, "azure_container"):  # credentials of Google cannot be pickled
        assert pickle.loads(pickle.dumps(cloud_storage)).get(key) == b"data"


@pytest.mark.nightly
def test_files_of_the_adapter_are_those_of_the_storage(
    settings: Any,
    cloud: Any,
    client: Client,
    small_jpeg: bytes,
    db: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The move from django-storages' own storage: only the setting changes."""
    storage = use_cloud(settings, cloud)
    backend = settings.STORAGES["media"]
    of_django_storages = {
        GCS: "storages.backends.gcloud.GoogleCloudStorage",
        AZURE: "storages.backends.azure_storage.AzureStorage",
    }[cloud.backend]
    options = {**backend["OPTIONS"]}
    if options.pop("endpoint_url", None):
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", cloud.endpoint_url)
    adapt(settings, {"BACKEND": of_django_storages, "OPTIONS": options})
    photo = Photo.objects.create(photo=ContentFile(small_jpeg, name="small.jpg")).photo
    url = photo.resize("50x50")
    made = client.get(url).content
    before = keys_of(storage)
    settings.STORAGES = {**settings.STORAGES, "media": backend}
    moved = Photo.objects.get().photo
    assert moved.resize("50x50") == url
    assert client.get(url).content == made
    assert moved.open().read() == small_jpeg
    assert keys_of(media_storage()) == before
    media_storage().delete(moved.name)
    assert keys_of(media_storage()) == set()


# -- private --------------------------------------------------------------------------------------


@pytest.fixture
def private(settings: Any, cloud: Any, db: None) -> Any:
    return use_cloud(settings, cloud, access="private", permission=IS_OWNER)


def test_who_may_see_a_file_is_sent_to_the_service(private: Any, small_jpeg: bytes) -> None:
    photo, ann = photo_of("ann", small_jpeg), logged_in("ann")
    for url in (photo.url, photo.resize("9x9")):
        answer = ann.get(url)
        assert answer.status_code == 302
        assert answer["Cache-Control"] == "private, max-age=150"
        seen = ask(answer["Location"])
        assert seen.status_code == 200
        assert seen.headers["Cache-Control"].startswith("private")
        assert Image.open(io.BytesIO(seen.content)).format == "JPEG"
        head = ann.head(url)
        assert head["Cache-Control"] == "private, no-store"
        assert ask(head["Location"], "HEAD").status_code == 200


def test_others_get_nothing(private: Any, small_jpeg: bytes) -> None:
    photo, bob = photo_of("ann", small_jpeg), logged_in("bob")
    for url in (photo.url, photo.resize("9x9")):
        assert bob.get(url).status_code == 403
        assert Client().get(url).status_code == 404
        assert bob.get(url.partition("?")[0]).status_code == 404
    if hasattr(private, "azure_container"):  # which verifies signatures
        signed = private.presigned_url(photo.name, 60)
        bare, _, query = signed.partition("?")
        assert ask(signed).status_code == 200
        other = private.presigned_url(new_key(), 60).partition("?")[2]
        for forged in (bare, f"{bare}?{other}", f"{bare}?{query}0", signed.replace("sp=r", "sp=w")):
            assert ask(forged).status_code in {403, 404}
        written = ask(signed, "PUT", data=b"x", headers={"x-ms-blob-type": "BlockBlob"})
        assert written.status_code == 403
        assert ask(private.presigned_url(photo.name, -60)).status_code == 403


@pytest.mark.server
def test_a_signed_url_of_google_is_of_version_4_and_expires(settings: Any, running: Any) -> None:
    storage = use_cloud(settings, running("gcs"), access="private")
    query = dict(
        part.split("=") for part in storage.presigned_url("a", 300).split("?")[1].split("&")
    )
    assert query["X-Goog-Algorithm"] == "GOOG4-RSA-SHA256"
    assert query["X-Goog-Expires"] == "300"
    assert query["X-Goog-Credential"].startswith("tests%40tests.iam.gserviceaccount.com%2F")


def test_the_app_sends_files_if_the_credentials_cannot_sign(
    settings: Any, cloud: Any, small_jpeg: bytes, db: None
) -> None:
    storage = use_cloud(settings, cloud)
    options = {"access": "private", "permission": IS_OWNER, **unable_to_sign(cloud)}
    use_same_bucket(settings, cloud, storage, **options)
    photo, ann = photo_of("ann", small_jpeg), logged_in("ann")
    for url in (photo.url, photo.resize("9x9")):
        answer: Any = ann.get(url)
        assert answer.status_code == 200
        body = b"".join(answer) if answer.streaming else answer.content
        assert Image.open(io.BytesIO(body)).format == "JPEG"
    with pytest.raises(ImproperlyConfigured, match="cannot sign URLs"):
        media_storage().presigned_url(photo.name, 60)


def unable_to_sign(cloud: Any) -> dict[str, Any]:
    if isinstance(cloud, GoogleCloud):
        from google.auth.credentials import AnonymousCredentials

        return {"credentials": AnonymousCredentials()}
    return {
        "connection_string": f"{_without_key(cloud)}SharedAccessSignature={_account_sas(cloud)}"
    }


def _without_key(cloud: Azure) -> str:
    return re.sub("AccountKey=[^;]+;", "", cloud.connection_string)


def _account_sas(cloud: Azure) -> str:
    from datetime import UTC, datetime, timedelta

    from azure.storage.blob import AccountSasPermissions, ResourceTypes, generate_account_sas

    fields = dict(part.split("=", 1) for part in cloud.connection_string.split(";") if part)
    return generate_account_sas(
        fields["AccountName"],
        fields["AccountKey"],
        ResourceTypes(container=True, object=True),
        AccountSasPermissions(read=True, write=True, delete=True, list=True, create=True),
        datetime.now(UTC) + timedelta(hours=1),
    )


# -- failures -------------------------------------------------------------------------------------

FAULTS: list[tuple[Fault, str]] = [
    ("500", "GET"),
    ("403", "GET"),
    ("hang", "GET"),
    ("cut answer", "GET"),
    ("lose answer", "GET"),
]


@pytest.mark.parametrize(
    ("fault", "method"),
    [pytest.param(*each, marks=pytest.mark.nightly if each[0] != "500" else ()) for each in FAULTS],
)
def test_a_viewer_is_told_to_come_again(
    settings: Any,
    cloud: Any,
    client: Client,
    small_jpeg: bytes,
    db: None,
    monkeypatch: pytest.MonkeyPatch,
    fault: Fault,
    method: str,
) -> None:
    monkeypatch.setattr(object_storage, "RETRY_SECONDS", 0.1)
    if fault == "hang":
        monkeypatch.setattr(object_storage, "READ_TIMEOUT", 1)
    with faulty_proxy(cloud.endpoint_url) as proxy:
        use_cloud(settings, behind(proxy.endpoint_url, cloud))
        photo = Photo.objects.create(photo=ContentFile(small_jpeg, name="a.jpg")).photo
        proxy.fail(fault, method)
        answer = client.get(photo.resize("50x50"))
        assert (answer.status_code, answer["Retry-After"]) == (503, "10")
        proxy.mend()
        assert client.get(photo.resize("50x50")).status_code == 200


@pytest.mark.nightly
def test_a_server_that_is_off_is_a_503(
    settings: Any,
    cloud: Any,
    cloud_storage: Any,
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(object_storage, "RETRY_SECONDS", 0.1)
    use_same_bucket(settings, behind(f"http://127.0.0.1:{free_port()}", cloud), cloud_storage)
    assert client.get(Photo(photo=new_key()).photo.resize("5x5")).status_code == 503
    with pytest.raises(StorageUnavailable):
        media_storage().save(new_key(), ContentFile(b"data"))


@pytest.mark.server
def test_a_container_that_does_not_exist_is_a_503(
    settings: Any, running: Any, client: Client
) -> None:
    use_cloud(settings, running("azurite")).client.delete_container()
    assert client.get(Photo(photo=new_key()).photo.resize("5x5")).status_code == 503


# -- what a service keeps -------------------------------------------------------------------------


@pytest.mark.server
def test_an_erasure_finds_snapshots_and_unfinished_uploads(
    settings: Any, running: Any, db: None
) -> None:
    storage = use_cloud(settings, running("azurite"), location="some/where")
    original = storage.save(new_key(), ContentFile(b"data"))
    storage._blob(original).create_snapshot()
    storage._blob(resize_of(original)).stage_block("AAAA", b"part")
    kinds = {item.kind for item in storage.find_items(original).items}
    assert kinds == {"file", "snapshot", "multipart upload"}
    document = tend("erase_media", original, "--no-requests", "--no-input")
    assert "not erased" not in document["counts"]
    assert storage.find_items(original).items == []
    everything = storage.client.list_blobs(include=["snapshots", "uncommittedblobs"])
    assert [blob.name for blob in everything] == [f"some/where/{tombstone_of(original)}"]


@pytest.mark.server
def test_an_erasure_says_why_a_blob_remains(settings: Any, running: Any) -> None:
    storage = use_cloud(settings, running("azurite"))
    original = storage.save(new_key(), ContentFile(b"data"))
    lease = storage._blob(original).acquire_lease()
    erasure = erase_upload(storage, original)
    ((item, reason),) = erasure.remaining.items()
    assert (item.key, "lease" in reason) == (original, True)
    lease.release()
    assert erase_upload(storage, original).remaining == {}


@pytest.mark.server
def test_an_erasure_deletes_each_generation_by_its_number(settings: Any, running: Any) -> None:
    with in_front_of(running("gcs").endpoint_url) as intermediary:
        storage = use_cloud(settings, GoogleCloud(int(intermediary.url.rpartition(":")[2])))
        original = storage.save(new_key(), ContentFile(b"data"))
        (item,) = storage.find_items(original).items
        assert int(item.id) == storage.bucket.get_blob(original).generation
        storage.delete_items([item])
        assert intermediary.sent(f"^DELETE .*generation={item.id}")
        assert intermediary.sent("^GET .*versions=True")


# -- configuration --------------------------------------------------------------------------------

OPTIONS = {
    GCS: {"bucket_name": "b"},
    AZURE: {"azure_container": "c", "account_name": "a", "account_key": "a2V5"},
}


def configure(settings: Any, backend: str, **options: Any) -> None:
    entry = {"BACKEND": backend, "OPTIONS": {**OPTIONS[backend], **options}}
    settings.STORAGES = {**settings.STORAGES, "media": entry}
    settings.SHIFT_MEDIA_STORAGE = "media"


@pytest.mark.parametrize("backend", OPTIONS)
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mode": "website"}, "Unknown mode 'website'. Use one of: app, failover."),
        ({"mode": "failover"}, 'The mode "failover" requires "public_url"'),
        ({"access": "private", "mode": "failover"}, 'the only mode is "app"'),
        ({"access": "private", "public_url": "https://m.example/"}, 'Remove "public_url"'),
        ({"permission": "a.b"}, "'permission' requires"),
        ({"nonsense": 1}, "nonsense"),
    ],
)
def test_options_that_cannot_work_are_refused(
    settings: Any, backend: str, options: Any, message: str
) -> None:
    configure(settings, backend, **options)
    with pytest.raises(ImproperlyConfigured, match=message):
        media_storage()


@pytest.mark.parametrize("backend", OPTIONS)
def test_urls(settings: Any, backend: str) -> None:
    key = new_key()
    configure(settings, backend, querystring_auth=False)
    bucket = {
        GCS: "https://storage.googleapis.com/b/",
        AZURE: "https://a.blob.core.windows.net/c/",
    }[backend]
    assert media_storage().url(key) == bucket + key
    assert media_storage().url("a b.txt") == f"{bucket}a%20b.txt"
    assert Photo(photo=key).photo.resize("5x5").startswith("/media/")
    configure(settings, backend, mode="failover", public_url="https://media.example")
    photo = Photo(photo=key).photo
    assert photo.url == f"https://media.example/{key}"
    assert photo.resize("5x5").startswith(f"https://media.example/{key[:36]}")


def test_a_package_that_is_missing_is_named(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for backend, package, extra in ((GCS, "google", "google"), (AZURE, "azure", "azure")):
        for name in [name for name in sys.modules if name.split(".")[0] == package]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, package, None)
        monkeypatch.delitem(sys.modules, backend.rpartition(".")[0], raising=False)
        configure(settings, backend)
        error = found()["shift_media.E033"]
        assert f"django-shift-media[{extra}]" in error.hint
        assert "shift_media.E004" not in found()


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("azure_container", "The media storage has no container."),
        ("account_name", "The media storage has no account."),
        ("account_key", "The media storage has no credentials."),
    ],
)
def test_what_azure_needs_is_checked(settings: Any, missing: str, message: str) -> None:
    configure(settings, AZURE, **{missing: None})
    assert found()["shift_media.E034"].msg == message


@pytest.mark.parametrize(("backend", "name"), [(GCS, "GS_LOCATION"), (AZURE, "AZURE_LOCATION")])
def test_settings_for_other_files_are_found(settings: Any, backend: str, name: str) -> None:
    configure(settings, backend)
    assert "shift_media.W013" not in found()
    setattr(settings, name, "static")
    assert name in found()["shift_media.W013"].msg
    configure(settings, backend, location="")
    assert "shift_media.W013" not in found()


def test_direct_uploads_are_warned_of(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(settings, GCS)
    assert "shift_media.W113" not in found()
    monkeypatch.setattr(Photo._meta.get_field("photo"), "direct", True)
    assert "shift_media.W113" in found()
