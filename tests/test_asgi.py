"""
The view in an event loop, as ASGI servers run it.

``test_crowd`` counts the threads of such a server.
"""

import asyncio
import gc
import weakref
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.http import HttpResponse
from django.test import AsyncClient, Client

from django_shift_media.generation.asynchronous import _tasks
from django_shift_media.generation.cache_lock import cache_key
from django_shift_media.signals import resize_failed
from django_shift_media.storages.selection import media_storage
from gallery.models import Photo
from tests.support.waiting import PATIENCE

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")


async def get(url: str) -> HttpResponse:
    response: Any = await AsyncClient().get(url)
    return response  # type: ignore[no-any-return]


async def until_somebody_waits() -> None:
    async with asyncio.timeout(PATIENCE):
        while not _tasks:
            await asyncio.sleep(0.001)


def run(work: Callable[[], Awaitable[Any]]) -> Any:
    async def main() -> Any:
        return await work()

    return asyncio.run(main())


def lock_of(url: str) -> str:
    return cache_key("lock", media_storage(), url.removeprefix("/media/"))


@pytest.mark.parametrize("status", [200, 304, 404, 405, 422])
def test_the_answers_are_those_of_other_servers(photo: Photo, client: Client, status: int) -> None:
    url = photo.photo.resize("90x90")
    headers: dict[str, str] = {}
    if status == 304:
        headers["If-None-Match"] = client.get(url)["ETag"]
    if status == 404:
        url = url.replace("90x90", "91x91")
    if status == 422:
        Path(photo.photo.path).write_bytes(b"no image")
    method = "post" if status == 405 else "get"
    there: Any = run(lambda: getattr(AsyncClient(), method)(url, headers=headers))
    here: Any = getattr(client, method)(url, headers=headers)
    assert there.status_code == here.status_code == status
    assert there.content == here.content
    del there.headers["Server-Timing"]
    assert dict(there.headers) == dict(here.headers)


def test_requests_wait_for_another_process_together(photo: Photo, caplog: Any) -> None:
    caplog.set_level("INFO", "django_shift_media")
    url = photo.photo.resize("90x90")
    cache.set(lock_of(url), "another process", None)

    async def work() -> list[int]:
        views = [asyncio.create_task(get(url)) for _ in range(100)]
        await until_somebody_waits()
        assert not any(view.done() for view in views)
        cache.delete(lock_of(url))
        return [answer.status_code for answer in await asyncio.gather(*views)]

    assert run(work) == [200] * 100
    assert caplog.text.count("Made ") == 1


def test_a_client_that_leaves_takes_nobody_along(photo: Photo) -> None:
    url = photo.photo.resize("90x90")
    cache.set(lock_of(url), "another process", None)

    async def work() -> int:
        first, second = (asyncio.create_task(get(url)) for _ in range(2))
        await until_somebody_waits()
        first.cancel()
        await asyncio.wait([first])
        cache.delete(lock_of(url))
        return (await second).status_code

    assert run(work) == 200


def test_who_finds_the_queue_full_is_sent_away_at_once(
    photo: Photo, settings: Any, caplog: Any
) -> None:
    settings.SHIFT_MEDIA_CONCURRENCY = 1
    urls = [photo.photo.resize(f"{width}x") for width in range(30, 48)]
    for url in urls:
        cache.set(lock_of(url), "another process", None)

    async def work() -> list[int]:
        views = [asyncio.create_task(get(url)) for url in urls]
        (refused,), _ = await asyncio.wait(views, return_when=asyncio.FIRST_COMPLETED)
        assert (await refused).headers["Retry-After"] == "2"
        assert "The queue is full." in caplog.text
        for url in urls:
            cache.delete(lock_of(url))
        return sorted([answer.status_code for answer in await asyncio.gather(*views)])

    assert run(work) == [200] * 17 + [503]


def test_other_middleware_changes_nothing(photo: Photo, settings: Any) -> None:
    settings.SESSION_SAVE_EVERY_REQUEST = True
    settings.MIDDLEWARE = [
        *settings.MIDDLEWARE,
        "django.middleware.locale.LocaleMiddleware",
        "django.contrib.auth.middleware.LoginRequiredMiddleware",
    ]
    answer = run(lambda: get(photo.photo.resize("90x90")))
    assert answer.status_code == 200
    assert "Vary" not in answer.headers
    assert not list(answer.cookies.values())


def test_a_failure_is_released_with_its_request(photo: Photo, caplog: Any) -> None:
    """Its frames may hold an image."""
    caplog.set_level("CRITICAL", "django_shift_media")  # A record would keep the exception.
    causes: list[Any] = []
    Path(photo.photo.path).write_bytes(b"no image")

    def note(cause: Exception, **kwargs: Any) -> None:
        causes.append(weakref.ref(cause))

    resize_failed.connect(note)
    gc.disable()
    try:
        assert run(lambda: get(photo.photo.resize("90x90"))).status_code == 422
        assert [cause() for cause in causes] == [None]
    finally:
        gc.enable()
        resize_failed.disconnect(note)
