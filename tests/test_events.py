"""Logs, signals and the Server-Timing header report each resize that the app makes."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from django_shift_media.signals import resize_failed, resize_made
from django_shift_media.storages.local import LocalMediaStorage
from django_shift_media.storages.selection import media_storage
from gallery.models import Photo

PARTS = ["find", "queue", "fetch", "decode", "encode", "put"]


class Heard(list[tuple[str, Any, dict[str, Any]]]):
    """What the two signals have sent: which, the sender, and the arguments."""

    def made(self, sender: Any, signal: Any, **arguments: Any) -> None:
        self.append(("made", sender, arguments))

    def failed(self, sender: Any, signal: Any, **arguments: Any) -> None:
        self.append(("failed", sender, arguments))


@pytest.fixture
def heard() -> Iterator[Heard]:
    heard = Heard()
    resize_made.connect(heard.made)
    resize_failed.connect(heard.failed)
    yield heard
    resize_made.disconnect(heard.made)
    resize_failed.disconnect(heard.failed)


def key_of(url: str) -> str:
    return url.removeprefix("/media/")


def ours(caplog: Any) -> list[Any]:
    """The records of the one logger; Django has one of its own for each answer."""
    return [record for record in caplog.records if record.name == "django_shift_media"]


def damage(photo: Photo) -> None:
    media_storage().put(photo.photo.name, b"no image")


def lose(photo: Photo) -> None:
    media_storage().delete(photo.photo.name)


def test_a_resize_that_is_made_is_told_once(
    client: Client, photo: Photo, heard: Heard, caplog: Any
) -> None:
    caplog.set_level("INFO", "django_shift_media")
    url = photo.photo.resize("50x50")
    body = client.get(url).content
    client.get(url)
    [(what, sender, arguments)] = heard
    assert (what, sender) == ("made", LocalMediaStorage)
    assert (arguments["key"], arguments["bytes"]) == (key_of(url), len(body))
    assert list(arguments["parts"]) == PARTS
    assert sum(arguments["parts"].values()) <= arguments["milliseconds"]
    [record] = ours(caplog)
    assert (record.key, record.cause, record.bytes) == (key_of(url), None, len(body))
    assert record.milliseconds == arguments["milliseconds"]
    assert key_of(url) in record.getMessage()


@pytest.mark.parametrize(
    ("provoke", "status", "cause", "level"),
    [(damage, 422, "UnreadableImage", "WARNING"), (lose, 404, "FileNotFoundError", "INFO")],
)
def test_a_resize_that_cannot_be_made_is_told_once(
    client: Client,
    photo: Photo,
    heard: Heard,
    caplog: Any,
    provoke: Any,
    status: int,
    cause: str,
    level: str,
) -> None:
    caplog.set_level("INFO", "django_shift_media")
    provoke(photo)
    url = photo.photo.resize("50x50")
    assert [client.get(url).status_code for _ in range(3)] == [status] * 3
    [(what, sender, arguments)] = heard
    assert (what, sender, arguments["key"]) == ("failed", LocalMediaStorage, key_of(url))
    assert type(arguments["cause"]).__name__ == cause
    [record] = ours(caplog)
    assert (record.key, record.cause, record.bytes) == (key_of(url), cause, None)
    assert record.levelname == level
    assert record.milliseconds == arguments["milliseconds"]
    assert cause in record.getMessage()


def test_what_nobody_signed_is_not_told(client: Client, photo: Photo, heard: Heard) -> None:
    url = photo.photo.resize("50x50").replace("/50x50", "/51x51")
    assert client.get(url).status_code == 404
    assert heard == []


def test_a_receiver_that_fails_breaks_nothing(client: Client, photo: Photo) -> None:
    def fail(**arguments: Any) -> None:
        raise RuntimeError("a metric that is not there")

    resize_made.connect(fail)
    try:
        assert client.get(photo.photo.resize("50x50")).status_code == 200
    finally:
        resize_made.disconnect(fail)


def test_an_answer_that_made_something_says_what_took_how_long(
    client: Client, photo: Photo
) -> None:
    url = photo.photo.resize("50x50")
    header = client.get(url)["Server-Timing"]
    assert re.fullmatch(", ".join(rf"{part};dur=[0-9]+\.[0-9]" for part in PARTS), header)
    assert "Server-Timing" not in client.get(url)
