"""Private media: who may see them, and for how long a URL is of use."""

import json
import re
import time
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.core.files.base import ContentFile
from django.http import Http404
from django.test import Client

from django_shift_media.naming import access_tokens
from gallery.models import Attachment, Photo
from tests.support.buckets import operations, use_bucket
from tests.support.private_storages import IS_OWNER, logged_in, photo_of, private_folder
from tests.support.second_storage import on_disk, store_attachments_in
from tests.support.servers import ROOT


@pytest.fixture
def storage(settings: Any, tmp_path: Path) -> Any:
    return private_folder(settings, tmp_path / "private", permission=IS_OWNER)


@pytest.fixture
def photo(storage: Any, small_jpeg: bytes, db: None) -> Any:
    return photo_of("ann", small_jpeg)


def body(answer: Any) -> bytes:
    return b"".join(answer) if answer.streaming else bytes(answer.content)


def vary(answer: Any) -> set[str]:
    return {name.strip() for name in answer.get("Vary", "").split(",")}


@pytest.fixture(params=["original", "resize"])
def url(request: Any, photo: Any) -> str:
    """The URL of a private original, or of a resize of one."""
    return str(photo.url if request.param == "original" else photo.resize("9x9"))


def test_who_may_see_a_file_gets_it(url: str, small_jpeg: bytes) -> None:
    answer: Any = logged_in("ann").get(url)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "image/jpeg"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert (body(answer) == small_jpeg) is url.partition("?")[0].endswith("small.jpg")
    kept = re.fullmatch("private, max-age=([0-9]+)", answer["Cache-Control"])
    assert kept is not None
    assert 3600 <= int(kept[1]) <= 7200
    assert {"Cookie", "Authorization"} <= vary(answer)


@pytest.mark.parametrize("accel_url", [None, "/protected/"])
def test_a_file_that_a_browser_could_execute_is_a_download(
    settings: Any, tmp_path: Path, db: None, accel_url: str | None
) -> None:
    private_folder(settings, tmp_path / "private", accel_url=accel_url)
    attachment = Attachment.objects.create(file=ContentFile(b"<script>", name="a.html"))
    answer: Any = logged_in("chief", is_staff=True).get(attachment.file.url)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"] == "attachment"
    assert answer["Content-Security-Policy"].startswith("default-src 'none'")
    assert ("X-Accel-Redirect" in answer) is (accel_url is not None)


def is_refused(answer: Any, status: int) -> bool:
    """Return whether an answer has this status, shows nothing, and stays in no cache."""
    assert answer["Cache-Control"] == "private, no-store"
    assert {"Cookie", "Authorization"} <= vary(answer)
    assert answer["Content-Type"].startswith("text/plain")
    return bool(answer.status_code == status)


def test_another_user_s_url_is_forbidden(url: str) -> None:
    assert is_refused(logged_in("bob").get(url), 403)


def test_after_logout_a_url_is_not_found(url: str) -> None:
    client = logged_in("ann")
    assert client.get(url).status_code == 200
    client.logout()
    answer = client.get(url)
    assert is_refused(answer, 404)
    unknown = client.get(url.replace("/small.jpg", "/other.jpg"))
    assert is_refused(unknown, 404)
    assert body(unknown) == body(answer), "a stranger does not learn what exists"


def test_an_expired_url_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    client = logged_in("ann")
    later = time.time() + 7200
    monkeypatch.setattr(access_tokens, "time", lambda: later)
    answer = client.get(url)
    assert is_refused(answer, 403)
    assert b"Reload the page" in body(answer)
    assert is_refused(Client().get(url), 404)


def guesses(url: str) -> list[str]:
    """Return URLs that no page has, from one that a page has."""
    path, _, token = url.partition("?access=")
    expiry, _, signature = token.partition("-")
    other = "0" if signature[0] != "0" else "1"
    return [
        path,
        f"{path}?access=",
        f"{path}?access={token}0",
        f"{path}?access={int(expiry) + 1}-{signature}",
        f"{path}?access={expiry}-{other}{signature[1:]}",
        f"{path}?access={token.upper()}" if token != token.upper() else path,
        f"{path}?other={token}",
        f"{path}?access={token}%0A",
    ]


def test_guessed_urls_are_not_found(url: str) -> None:
    client = logged_in("ann")
    for guess in guesses(url):
        assert is_refused(client.get(guess), 404), guess


def test_a_url_is_good_for_one_file(photo: Any, small_jpeg: bytes) -> None:
    client, other = logged_in("ann"), photo_of("ann", small_jpeg)
    token = photo.resize("9x9").partition("?")[2]
    for url in (photo.resize("8x8"), photo.url, other.resize("9x9"), other.url):
        assert client.get(url).status_code == 200
        assert is_refused(client.get(f"{url.partition('?')[0]}?{token}"), 404)


def test_a_url_signed_before_a_new_key_is_good_with_the_fallback(url: str, settings: Any) -> None:
    client = logged_in("ann")
    settings.SHIFT_MEDIA_SIGNING_KEY = "n" * 50
    assert is_refused(client.get(url), 404)
    settings.SHIFT_MEDIA_SIGNING_KEY_FALLBACKS = [settings.SECRET_KEY]
    assert client.get(url).status_code == 200


def test_nothing_is_read_for_who_may_not_see_it(photo: Any, storage: Any) -> None:
    url = photo.resize("9x9")
    assert is_refused(logged_in("bob").get(url), 403)
    assert [file.name for file in Path(storage.location).rglob("*.jpg") if file.is_file()] == [
        "small.jpg"
    ]


def test_the_name_of_a_file_is_the_same_as_in_a_public_storage(photo: Any, settings: Any) -> None:
    private = photo.resize("9x9").partition("?")[0]
    settings.SHIFT_MEDIA_STORAGE = None
    assert Photo.objects.get().photo.resize("9x9") == private


def test_by_default_only_the_staff_may_see_files(
    settings: Any, tmp_path: Path, small_jpeg: bytes, db: None
) -> None:
    private_folder(settings, tmp_path / "private")
    url = photo_of("ann", small_jpeg).resize("9x9")
    assert is_refused(Client().get(url), 404)
    assert is_refused(logged_in("ann").get(url), 403)
    assert logged_in("chief", is_staff=True).get(url).status_code == 200


def test_in_development_the_view_serves_no_private_file_without_a_permission(
    photo: Any, settings: Any
) -> None:
    settings.DEBUG = True
    assert is_refused(Client().get(photo.url), 404)
    assert is_refused(Client().get(photo.url.partition("?")[0]), 404)
    assert is_refused(Client().get(f"/media/{photo.name.rpartition('/')[0]}/other.txt"), 404)


# -- options --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"access": "secret"}, "Invalid access 'secret'. Use one of: public, private."),
        ({"access": "public", "permission": IS_OWNER}, "'permission' requires"),
        ({"access": "public", "accel_url": "/protected/"}, '"accel_url" requires'),
        ({"permission": len}, "Invalid permission <built-in function len>."),
        ({"url_seconds": 0}, "Invalid url_seconds 0."),
        ({"url_seconds": True}, "Invalid url_seconds True."),
        ({"accel_url": "protected/"}, "Invalid accel_url 'protected/'."),
        ({"accel_url": "/protected"}, "Invalid accel_url '/protected'."),
    ],
)
def test_invalid_options_are_refused(
    settings: Any, tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ImproperlyConfigured, match=re.escape(message)):
        private_folder(settings, tmp_path, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mode": "website"}, 'The mode "website" serves files to everyone.'),
        ({"custom_domain": "m.test"}, "custom_domain is 'm.test'."),
    ],
)
def test_invalid_options_of_a_private_bucket_are_refused(
    settings: Any, moto: Any, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ImproperlyConfigured, match=re.escape(message)):
        use_bucket(settings, moto, access="private", **options)


def found(id: str) -> list[str]:
    return [message.msg for message in run_checks() if message.id == f"shift_media.{id}"]


@pytest.mark.parametrize("permission", ["tests.missing.may_see", "tests.support.permissions.asked"])
def test_a_permission_that_is_no_function_is_reported(
    settings: Any, tmp_path: Path, permission: str
) -> None:
    private_folder(settings, tmp_path / "private", permission=permission)
    assert permission in found("E024")[0]
    assert found("W025") == []


def test_private_files_where_a_web_server_serves_them_are_reported(
    settings: Any, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path
    private_folder(settings, tmp_path / "private", permission=IS_OWNER)
    assert "is under MEDIA_ROOT" in found("W025")[0]
    assert found("E024") == []


@pytest.mark.parametrize(
    ("folder", "id", "message"),
    [
        ("secret", "W025", "is under the location of a public storage"),
        ("", "E026", "The private storage 'private' has the same files as a public storage"),
    ],
)
def test_private_files_that_a_public_storage_serves_are_reported(
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    folder: str,
    id: str,
    message: str,
) -> None:
    public, private = on_disk(tmp_path / "public"), on_disk(tmp_path / "public" / folder)
    private["OPTIONS"]["access"] = "private"
    settings.STORAGES = {**settings.STORAGES, "public": public}
    settings.SHIFT_MEDIA_STORAGE = "public"
    store_attachments_in(settings, monkeypatch, private)
    assert message in found(id)[0]
    private["OPTIONS"]["location"] = tmp_path / "elsewhere"
    store_attachments_in(settings, monkeypatch, private)
    assert found("W025") == found("E026") == []


def test_urls_of_private_files_lead_to_the_app_and_not_to_a_cdn_before_it(
    photo: Any, settings: Any
) -> None:
    settings.MEDIA_URL = "https://cdn.example.com/media/"
    assert photo.resize("9x9").startswith("/media/")
    assert photo.url.startswith("/media/")
    settings.SHIFT_MEDIA_STORAGE = None
    assert Photo.objects.get().photo.url.startswith("https://cdn.example.com/media/")


# -- everywhere that URLs are ---------------------------------------------------------------------


def urls_in(text: str) -> list[str]:
    """Return the URLs of media in HTML or JSON, as a browser reads them."""
    return re.findall(r"/media/[^\s\"',)]+", unescape(text))


def test_every_url_of_a_page_is_signed(photo: Any) -> None:
    client = logged_in("ann", is_staff=True, is_superuser=True)
    pages = ["/", f"/photos/{photo.instance.pk}/", "/admin/gallery/photo/"]
    for page in [*pages, f"/admin/gallery/photo/{photo.instance.pk}/change/"]:
        urls = urls_in(client.get(page).content.decode())
        assert urls, page
        for url in urls:
            access_tokens.verify(
                url.partition("?")[0].removeprefix("/media/"), url.partition("?access=")[2]
            )


def test_rest_has_signed_urls(photo: Any) -> None:
    from django_shift_media.contrib.rest_framework import MediaSerializerField

    field = MediaSerializerField(resizes={"small": "9x9"}, picture="tile")
    document = field.to_representation(photo)
    assert document is not None
    client = logged_in("ann")
    urls = urls_in(json.dumps(document))
    assert len(urls) == 5
    for url in urls:
        assert client.get(url).status_code == 200


def test_urls_need_no_io(
    photo: Any, django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("builtins.open", lambda *_: pytest.fail("reads a file"))
    monkeypatch.setattr("os.stat", lambda *_: pytest.fail("looks at a file"))
    with django_assert_num_queries(0):
        assert "?access=" in photo.url
        assert "?access=" in photo.resize("9x9")
        assert "?access=" in photo.picture("tile").img.srcset_text


def test_urls_of_a_private_bucket_need_no_request_and_no_credentials(
    settings: Any, moto: Any
) -> None:
    options = {"access": "private", "public_url": None, "access_key": None, "secret_key": None}
    storage = use_bucket(settings, moto, **options)
    sent = operations(storage)
    photo = Photo(photo="3c72aedc/ba25/41e6/a569/406c8f413974/cat.jpg/cat.jpg").photo
    assert photo.url.startswith(f"/media/{photo.name}?access=")
    assert "?access=" in photo.resize("9x9")
    assert sent == []


# -- browsers' caches -----------------------------------------------------------------------------


def test_an_unchanged_resize_is_not_sent_twice(photo: Any) -> None:
    client, url = logged_in("ann"), photo.resize("9x9")
    first = client.get(url)
    again = client.get(url, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, body(again)) == (304, b"")
    assert again["Cache-Control"].startswith("private, max-age=")
    assert "Cookie" in vary(again)
    client.logout()
    assert is_refused(client.get(url, headers={"If-None-Match": first["ETag"]}), 404)


@pytest.mark.parametrize("seconds", [1, 60, 3600, 86_400])
def test_a_url_stays_for_a_while_and_is_valid_for_longer(
    seconds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "3c72aedc/ba25/41e6/a569/406c8f413974/cat.jpg/cat.jpg"
    urls: dict[str, list[int]] = {}
    for now in range(1_764_000_000, 1_764_000_000 + 4 * seconds, max(seconds // 60, 1)):
        monkeypatch.setattr(access_tokens, "time", lambda now=now: now)
        query = access_tokens.access_query(key, seconds)
        valid = access_tokens.verify(key, query.removeprefix("?access="))
        assert seconds < valid <= 2 * seconds
        urls.setdefault(query, []).append(now)
    assert len(urls) <= 5


def test_head_is_as_get_without_a_body(url: str) -> None:
    client = logged_in("ann")
    answer = client.head(url)
    assert (answer.status_code, body(answer)) == (200, b"")
    assert answer["Cache-Control"].startswith("private")
    assert is_refused(logged_in("bob").head(url), 403)


def test_a_private_answer_is_not_kept_by_the_cache_of_the_site(photo: Any, settings: Any) -> None:
    settings.MIDDLEWARE = [
        "django.middleware.cache.UpdateCacheMiddleware",
        *settings.MIDDLEWARE,
        "django.middleware.cache.FetchFromCacheMiddleware",
    ]
    client, url = logged_in("ann"), photo.resize("9x9")
    assert client.get(url).status_code == 200
    assert is_refused(logged_in("bob").get(url), 403)
    assert is_refused(Client().get(url), 404)


# -- failures -------------------------------------------------------------------------------------


def test_a_missing_original_is_not_found_and_not_kept(photo: Any) -> None:
    client, urls = logged_in("ann"), [photo.url, photo.resize("9x9")]
    photo.storage.delete(photo.name)
    for url in urls:
        assert is_refused(client.get(url), 404)


def test_a_storage_that_fails_is_logged(photo: Any, caplog: pytest.LogCaptureFixture) -> None:
    client, url, path = logged_in("ann"), photo.url, Path(photo.path)
    path.unlink()
    path.mkdir()  # cannot be opened
    answer = client.get(url)
    assert is_refused(answer, 503)
    assert answer["Retry-After"] == "10"
    assert f"Cannot send {photo.name}" in caplog.text


@pytest.mark.parametrize("error", [PermissionDenied, Http404])
def test_a_permission_may_raise_what_views_raise(
    photo: Any, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def refuse(request: Any, original: str) -> bool:
        raise error

    monkeypatch.setattr("tests.support.permissions.is_owner", refuse)
    assert is_refused(logged_in("ann").get(photo.url), 403)
    assert is_refused(Client().get(photo.url), 404)


def ask_for_a_photo(settings: Any, permission: str, data: bytes) -> Any:
    location = settings.STORAGES["media"]["OPTIONS"]["location"]
    private_folder(settings, location, permission=f"tests.support.permissions.{permission}")
    return Client().get(photo_of("ann", data).url)


@pytest.mark.usefixtures("photo")
def test_what_a_decorator_for_views_returns_allows_nothing(
    settings: Any, small_jpeg: bytes
) -> None:
    with pytest.raises(TypeError, match="behind_a_login' returned <HttpResponseRedirect"):
        ask_for_a_photo(settings, "behind_a_login", small_jpeg)


@pytest.mark.usefixtures("photo")
def test_a_permission_that_returns_nothing_allows_nothing(settings: Any, small_jpeg: bytes) -> None:
    assert is_refused(ask_for_a_photo(settings, "undecided", small_jpeg), 404)


@pytest.mark.usefixtures("photo")
def test_an_asynchronous_permission_allows_nothing(
    settings: Any, small_jpeg: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    assert is_refused(ask_for_a_photo(settings, "asynchronous", small_jpeg), 503)
    reason = "The permission 'tests.support.permissions.asynchronous' is asynchronous."
    assert reason in caplog.text
    assert reason in found("E024")[0]


# -- the guide ------------------------------------------------------------------------------------


@pytest.mark.parametrize("guide", ["private-bucket", "private-media"])
def test_the_tests_that_a_guide_names_exist(guide: str) -> None:
    page = (ROOT / "docs" / "howto" / f"{guide}.rst").read_text()
    tests = "".join(path.read_text() for path in (ROOT / "tests").glob("test_*.py"))
    named = set(re.findall(r"``(test_\w+)``", page))
    assert named
    assert {name for name in named if f"\ndef {name}(" not in tests} == set()
