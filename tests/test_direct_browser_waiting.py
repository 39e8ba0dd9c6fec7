"""Uploads straight to the bucket in Chromium: when the page waits and tries again."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gallery.models import Photo
from tests.support.buckets import change_options
from tests.support.faults import FaultyProxy, faulty_proxy
from tests.support.upload_desks import (
    LARGE,
    SMALL,
    UploadDesk,
    allow_uploads_to,
    busy,
    noting,
)

pytestmark = pytest.mark.nightly
PARTS = "**/*partNumber=*"
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def desk(upload_desk: UploadDesk) -> UploadDesk:
    return upload_desk


@pytest.fixture
def proxy(desk: UploadDesk, direct_storage: Any, settings: Any) -> Iterator[FaultyProxy]:
    """Where browsers send parts: a server before the storage."""
    with faulty_proxy(direct_storage.client.meta.endpoint_url) as proxy:
        change_options(settings, upload_url=f"{proxy.endpoint_url}/{direct_storage.bucket_name}")
        allow_uploads_to(settings, proxy.endpoint_url, direct_storage)
        desk.open()
        yield proxy


def stop_the_clock(desk: UploadDesk) -> None:
    """Open the page again, and let its timers wait for ``fast_forward()``."""
    desk.page.clock.install(time=NEW_YEAR)
    desk.open()
    desk.page.clock.pause_at(NEW_YEAR + timedelta(hours=1))


def test_a_connection_that_is_reset_in_the_middle_of_a_part(
    desk: UploadDesk, direct_storage: Any, proxy: Any
) -> None:
    proxy.fail("reset request", "PUT", times=4)  # Chromium repeats some by itself
    desk.choose(LARGE)
    desk.wait_for("Uploaded")
    desk.save()
    assert direct_storage.get(Photo.objects.get().photo.name) == LARGE
    assert len(proxy.met) == 4


def test_a_part_without_progress_is_sent_again(
    desk: UploadDesk, direct_storage: Any, proxy: Any
) -> None:
    stop_the_clock(desk)
    proxy.fail("hang", "PUT", times=1)
    desk.choose(SMALL)
    desk.wait_until(lambda: proxy.met, "a part")
    desk.page.clock.fast_forward("00:59")
    assert "Uploading" in desk.part("text").inner_text()
    desk.page.clock.fast_forward("00:02")
    desk.wait_for("interrupted")
    desk.page.clock.fast_forward("00:02")
    desk.wait_for("Uploaded")


def test_a_storage_whose_errors_browsers_hide(
    desk: UploadDesk, direct_storage: Any, proxy: Any
) -> None:
    """A 403 without the headers of CORS looks like an interrupted connection to a script."""
    stop_the_clock(desk)
    proxy.fail("403", "PUT")
    desk.choose(SMALL)
    desk.wait_for("interrupted")
    desk.page.clock.fast_forward("00:02")
    desk.wait_for("The storage cannot be reached. Trying again")
    desk.shoot("direct-unreachable")
    skip_attempts(desk, "The storage cannot be reached. Send the form with the file")
    desk.save()
    assert direct_storage.get(Photo.objects.get().photo.name) == SMALL


def skip_attempts(desk: UploadDesk, error: str) -> None:
    """Let the time pass in which the page tries again."""

    def is_over() -> bool:
        desk.page.clock.fast_forward("00:30")
        return error in str(desk.part("error").inner_text())

    desk.wait_until(is_over, error)


@pytest.mark.parametrize("pattern", ["**/uploads/", PARTS])
def test_a_busy_server_says_when_to_try_again(
    desk: UploadDesk, direct_storage: Any, pattern: str
) -> None:
    stop_the_clock(desk)
    sent: list[str] = []
    answers = [busy(429, "100"), busy(503, "Thu, 01 Jan 2099 00:00:00 GMT")]
    left = desk.sabotage(pattern, *(noting(sent, answer) for answer in answers))
    desk.choose(SMALL)
    desk.wait_for("The server is busy. Trying again…")
    desk.shoot("direct-busy")
    desk.page.clock.fast_forward("01:35")
    desk.page.evaluate("fetch(location.href)")  # whatever was about to be sent is sent before
    assert len(sent) == 1
    desk.page.clock.fast_forward("00:06")
    desk.wait_until(lambda: not left, "another attempt")
    desk.page.evaluate("fetch(location.href)")  # the page has the response before this one
    desk.page.clock.fast_forward("23:59:00")
    desk.page.evaluate("fetch(location.href)")
    assert len(sent) == 2
    assert "busy" in desk.part("text").inner_text()
    desk.press("Cancel")


def test_a_server_that_stays_busy(desk: UploadDesk, direct_storage: Any) -> None:
    stop_the_clock(desk)
    desk.page.route("**/parts/", busy(503, "2"))
    desk.choose(SMALL)
    desk.wait_for("The server is busy")
    skip_attempts(desk, "The server is too busy. Try again later, or send the form with the file.")
    desk.page.unroute("**/parts/")
    desk.save()
    assert direct_storage.get(Photo.objects.get().photo.name) == SMALL
