"""Forms of the admin in a browser that sends files straight to the storage."""

import os
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.core.management import call_command

from gallery.drawings import draw_photo
from tests.support.buckets import use_bucket
from tests.support.waiting import wait_until

SMALL = draw_photo(400, 300)
# Decoders stop at the end of the picture. Three parts.
LARGE = SMALL + bytes(20_000_000 - len(SMALL))
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob: {media};"
    " connect-src 'self' {bucket}; form-action 'self'"
)
PHOTO = "[name=photo]"
PART_2 = "**/*partNumber=2&*"
LETTER = "[name=attachment_set-0-file]"


def direct_bucket(settings: Any, server: Any, site: str) -> Any:
    """Make a bucket that takes files from a site the media storage, with a strict policy."""
    storage = bucket_for_uploads(settings, server, site)
    allow_uploads_to(settings, server.endpoint_url, storage)
    return storage


def allow_uploads_to(settings: Any, url: str, storage: Any, report: str = "") -> None:
    """Send a strict policy that allows uploads to a server, and perhaps reports violations."""
    policy = POLICY.format(bucket=url, media=storage.media_url)
    settings.GALLERY_POLICY = f"{policy}; report-uri {report}" if report else policy


def bucket_for_uploads(settings: Any, server: Any, site: str) -> Any:
    """Make a bucket that takes files from a site the media storage."""
    storage = use_bucket(settings, server)
    options = ("--create", "--no-input", "--app-url", site, "--uploads", site)
    call_command("configure_media_bucket", *options)
    # A day of a lifecycle is a second on Ceph here: it would end uploads after 7 seconds.
    storage.client.delete_bucket_lifecycle(Bucket=storage.bucket_name)
    return storage


class UploadDesk:
    """The page of the admin that adds a photo with attachments."""

    def __init__(self, context: Any, site: str, folder: Path) -> None:
        self.context, self.site, self.folder = context, site, folder
        self.complaints: list[str] = []
        self.dialogs: list[str] = []
        self.held: list[Any] = []
        self.page = context.new_page()
        self.network = context.new_cdp_session(self.page)
        self.network.send("Network.enable")
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self.note)
        self.page.on("dialog", self.accept)

    def note(self, message: Any) -> None:
        if "Content Security Policy" in message.text:
            self.complaints.append(message.text)

    def accept(self, dialog: Any) -> None:
        self.dialogs.append(dialog.type)
        dialog.accept()

    def open(self, path: str = "/admin/gallery/photo/add/") -> None:
        self.page.goto(f"{self.site}{path}", wait_until="load")

    def file(self, data: bytes, name: str) -> Path:
        path = self.folder / name
        path.write_bytes(data)
        return path

    def choose(self, data: bytes, name: str = "cat.jpg", field: str = PHOTO) -> Path:
        """Choose a file on disk: Playwright takes long to hand bytes over."""
        path = self.file(data, name)
        self.page.set_input_files(field, path)
        return path

    def part(self, name: str, field: str = PHOTO) -> Any:
        """Return a part of a field's widget by its class: "text", "error", "pause" and others."""
        widget = self.page.locator("shift-media-upload").filter(has=self.page.locator(field))
        return widget.locator(f".shift-media-upload-{name}")

    def wait_for(self, text: str, field: str = PHOTO, part: str = "text") -> None:
        self.part(part, field).filter(has_text=re.compile(text)).wait_for()

    def press(self, button: str, name: str = "cat.jpg") -> None:
        """Click the button with this text of the upload of this file."""
        self.page.get_by_role("button", name=f"{button}: {name}", exact=True).click()

    def submit(self) -> None:
        self.page.click("input[name=_save]")

    def save(self) -> None:
        self.submit()
        self.page.wait_for_url(re.compile("/photo/$"))

    def hold(self, pattern: str) -> None:
        """Let requests to these URLs wait until ``release()``, instead of a slow network."""
        self.is_holding = True
        self.page.route(
            pattern,
            lambda route: self.held.append(route) if self.is_holding else route.continue_(),
        )

    def release(self) -> None:
        from playwright.sync_api import Error

        self.is_holding = False
        while self.held:
            with suppress(Error):  # the page has ended the request
                self.held.pop().continue_()

    def sabotage(self, pattern: str, *answers: Any) -> list[Any]:
        """Answer requests by these functions first, each once; return those that are left."""
        left = list(answers)
        self.page.route(pattern, lambda route: left.pop(0)(route) if left else route.continue_())
        return left

    def wait_until(self, condition: Callable[[], Any], what: str) -> None:
        """Wait for what Playwright does not wait for, and let it handle events meanwhile."""
        wait_until(lambda: self.page.evaluate("0") or condition(), what)

    def hold_a_part(self) -> None:
        """Choose a large file, and let its second part wait until ``release()``."""
        self.hold(PART_2)
        self.choose(LARGE)
        self.wait_until(lambda: self.held, "a part")

    def give(
        self, event: str, files: dict[str, bytes], element: str = "shift-media-upload"
    ) -> None:
        """Drop or paste files."""
        self.page.evaluate(
            """([type, files, selector]) => {
                const data = new DataTransfer();
                for (const [name, bytes] of Object.entries(files)) {
                    data.items.add(new File([new Uint8Array(bytes)], name));
                }
                const init = { bubbles: true, cancelable: true };
                document.querySelector(selector).dispatchEvent(type === "drop"
                    ? new DragEvent(type, { ...init, dataTransfer: data })
                    : new ClipboardEvent(type, { ...init, clipboardData: data }));
            }""",
            [event, {name: list(data) for name, data in files.items()}, element],
        )

    def go_offline(self, *, offline: bool = True) -> None:
        conditions = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
        self.network.send("Network.emulateNetworkConditions", {"offline": offline, **conditions})

    def shoot(self, name: str) -> None:
        if folder := os.environ.get("SCREENSHOTS"):
            self.page.screenshot(path=Path(folder, f"{name}.png"))


def failing(status: int, body: str = "") -> Any:
    """Return an answer for ``sabotage()``; the storage answers with the headers of CORS, too."""
    headers = {"Access-Control-Allow-Origin": "*"}
    return lambda route: route.fulfill(status=status, body=body, headers=headers)


def busy(status: int, retry_after: str) -> Any:
    """Return an answer that says when to try again, in the headers of our rule for CORS."""
    headers = {
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Expose-Headers": "ETag, Retry-After",
        "Retry-After": retry_after,
    }
    return lambda route: route.fulfill(status=status, headers=headers)


def noting(sent: list[str], answer: Any) -> Any:
    """Return an answer that also notes the URL of its request."""

    def note(route: Any) -> None:
        sent.append(route.request.url)
        answer(route)

    return note


def cut(route: Any) -> None:
    """Let the server answer, and lose its response."""
    route.fetch()
    route.abort("connectionreset")
