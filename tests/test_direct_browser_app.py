"""Uploads straight to the bucket in Chromium, with the app in processes of its own."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.support.galleries import MANAGE, environment, running
from tests.support.servers import free_port
from tests.support.upload_desks import LETTER, SMALL, UploadDesk, direct_bucket

pytestmark = [pytest.mark.server, pytest.mark.browser, pytest.mark.nightly]
PASSWORD = "correct horse battery staple"


class App:
    """A gallery that can be stopped and started again at the same address."""

    def __init__(self, environment: dict[str, str], port: int) -> None:
        self.environment, self.port = environment, port
        self.stack = ExitStack()
        self.pids: list[int] = []

    def start(self) -> None:
        address = f"127.0.0.1:{self.port}"
        command = [sys.executable, str(MANAGE), "runserver", "--noreload", address]
        process = self.stack.enter_context(running(command, self.environment, self.port))
        self.pids = [process.pid]

    def stop(self) -> None:
        self.stack.close()

    def manage(self, *command: str) -> None:
        arguments = [sys.executable, str(MANAGE), *command]
        subprocess.run(arguments, env=self.environment, check=True, capture_output=True)


@pytest.fixture
def app(settings: Any, request: Any, tmp_path: Path) -> Iterator[App]:
    port = free_port()
    server = request.getfixturevalue("running")("ceph")
    storage = direct_bucket(settings, server, f"http://127.0.0.1:{port}")
    variables = {"GALLERY_DIRECT": "1", "DJANGO_SUPERUSER_PASSWORD": PASSWORD}
    data = tmp_path / "data"
    data.mkdir()
    app = App(environment(data, server, storage.bucket_name, **variables), port)
    app.manage("migrate")
    app.manage("createsuperuser", "--no-input", "--username", "admin", "--email", "a@example.com")
    app.start()
    yield app
    app.stop()


@pytest.fixture
def desk(app: App, chromium: Any, tmp_path: Path) -> Iterator[UploadDesk]:
    context = chromium.new_context()
    desk = UploadDesk(context, f"http://127.0.0.1:{app.port}", tmp_path)
    desk.open()
    desk.page.fill("[name=username]", "admin")
    desk.page.fill("[name=password]", PASSWORD)
    desk.page.click("[type=submit]")
    desk.page.wait_for_url("**/add/")
    yield desk
    context.close()


def test_the_app_restarts(app: App, desk: UploadDesk) -> None:
    desk.hold_a_part()
    app.stop()
    desk.release()
    desk.wait_for("interrupted")
    app.start()
    desk.wait_for("Uploaded")
    desk.save()
    assert desk.page.locator("#result_list tbody tr").count() == 1


def test_memory_does_not_grow_with_the_file(app: App, desk: UploadDesk, chromium: Any) -> None:
    peaks = [measure(app, desk, chromium, size) for size in (20_000_000, 300_000_000)]
    for name in peaks[0]:
        growth = peaks[1][name] - peaks[0][name]
        print(f"{name}: {[peak[name] // 1_000_000 for peak in peaks]} MB")  # noqa: T201
        assert growth < 100_000_000, (name, peaks)


def measure(app: App, desk: UploadDesk, chromium: Any, size: int) -> dict[str, int]:
    """Return the peak memory of an upload in the processes of the app and of the browser."""
    pids = {"app": app.pids, "browser": browser_pids(chromium)}
    for pid in [pid for some in pids.values() for pid in some]:
        Path(f"/proc/{pid}/clear_refs").write_text("5")  # the peak begins here: man 5 proc
    path = desk.folder / "letter.bin"
    with path.open("wb") as file:
        file.truncate(size)
    desk.open()
    # Refused at once otherwise; the token says what is allowed.
    desk.choose(SMALL)
    desk.page.set_input_files(LETTER, path)
    desk.wait_for("Uploaded", LETTER)
    desk.save()
    return {name: sum(peak(pid) for pid in some) for name, some in pids.items()}


def browser_pids(chromium: Any) -> list[int]:
    session = chromium.new_browser_cdp_session()
    found = session.send("SystemInfo.getProcessInfo")["processInfo"]
    session.detach()
    return [process["id"] for process in found]


def peak(pid: int) -> int:
    """Return the most memory that a process has had, in bytes; 0 for one that has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return 0
    found = re.search(r"VmHWM:\s*([0-9]+) kB", status)
    return 1024 * int(found[1]) if found else 0
