"""Private media: who may see them, and for how long a URL is of use."""

import re
import time
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from django_shift_media.naming import access_tokens
from gallery.models import Photo
from tests.support.private_storages import IS_OWNER, logged_in, photo_of, private_folder


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
    monkeypatch.setattr(access_tokens.time, "time", lambda: later)
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
        monkeypatch.setattr(access_tokens.time, "time", lambda now=now: now)
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
