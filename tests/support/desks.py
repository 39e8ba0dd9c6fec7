"""The admin in a browser."""

import os
from pathlib import Path
from typing import Any


class Desk:
    """The admin in a tab, with all that Chromium complained about."""

    def __init__(self, context: Any, site: str) -> None:
        self.page = context.new_page()
        self.site = site
        self.complaints: list[str] = []
        self.page.on("console", self.note)
        self.page.route("**/favicon.ico", lambda route: route.fulfill(status=204))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def note(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def open(self, path: str) -> Any:
        self.page.goto(f"{self.site}/admin/gallery/{path}", wait_until="load")
        return self.page

    def save(self) -> None:
        self.page.click("input[name=_continue]")
        self.page.wait_for_load_state("load")

    def shoot(self, name: str) -> None:
        if folder := os.environ.get("SCREENSHOTS"):
            self.page.screenshot(path=Path(folder, f"{name}.png"), full_page=True)
