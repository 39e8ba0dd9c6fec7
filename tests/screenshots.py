"""
Take the images of the README again: ``python -m tests.screenshots``.

It runs the demo, and writes into ``docs/images``. ``--all FOLDER`` writes the tour instead, at two
widths, light and dark, for the eyes of whoever changes it. The page's fonts are this machine's:
they look best with Inter (``fonts-inter``).
"""

import argparse
import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

from tests.support.demos import running_demo
from tests.support.servers import ROOT

IMAGES = ROOT / "docs" / "images"
FONTS = ":root { --font-family-primary: Inter, system-ui, sans-serif; }"  # of the admin
SHOWN = "() => [...document.images].every(image => image.complete && image.naturalWidth)"
SCROLLED = """async () => {
    for (let y = 0; y < document.body.scrollHeight; y += 400) {
        scrollTo(0, y);
        await new Promise(requestAnimationFrame);
    }
    scrollTo(0, 0);
}"""


@contextmanager
def chromium() -> Iterator[Any]:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])


def see(page: Any, url: str) -> None:
    page.goto(url, wait_until="load")
    page.evaluate(SCROLLED)
    page.wait_for_function(SHOWN)


def log_in(page: Any, site: str) -> None:
    page.goto(f"{site}/admin/")
    page.fill("[name=username]", "demo")
    page.fill("[name=password]", "demo")
    page.click("[type=submit]")
    page.wait_for_selector("#user-tools")


def save(screenshot: bytes, name: str) -> None:
    image = Image.open(io.BytesIO(screenshot)).convert("RGB")
    image.save(IMAGES / name, quality=80, method=6)


def shoot_for_the_readme(browser: Any, site: str) -> None:
    context = browser.new_context(
        viewport={"width": 1120, "height": 720}, device_scale_factor=1.5, bypass_csp=True
    )
    page = context.new_page()
    page.set_default_timeout(60_000)
    see(page, f"{site}/")
    save(page.screenshot(), "gallery.webp")
    see(page, f"{site}/tour/")
    save(page.locator("#focal-point").screenshot(), "focal-point.webp")
    log_in(page, site)
    page.goto(f"{site}/admin/gallery/photo/")
    page.click("text=The lighthouse")
    page.wait_for_selector(".shift-media-point:visible")
    page.add_style_tag(content=FONTS)
    page.wait_for_function(SHOWN)
    save(page.screenshot(), "admin-widget.webp")


def shoot_all(browser: Any, site: str, folder: Path) -> None:
    for width in (390, 1280):
        for scheme in ("light", "dark"):
            context = browser.new_context(
                viewport={"width": width, "height": 900}, color_scheme=scheme
            )
            page = context.new_page()
            page.set_default_timeout(60_000)
            log_in(page, site)
            for name, path in {
                "tour": "tour/",
                "gallery": "",
                "photo": "photos/1/",
                "admin-list": "admin/gallery/photo/",
                "admin": "admin/gallery/photo/2/change/",
            }.items():
                see(page, f"{site}/{path}")
                wide = page.evaluate("document.documentElement.scrollWidth")
                if wide > width:
                    print(f"{name} is {wide} pixels wide at {width}.")  # noqa: T201
                page.screenshot(path=folder / f"{name}-{width}-{scheme}.png", full_page=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Take the images of the README again.")
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="take the whole tour instead")
    options = parser.parse_args()
    with running_demo() as demo, chromium() as browser:
        if options.all:
            options.all.mkdir(exist_ok=True)
            shoot_all(browser, demo.site, options.all)
        else:
            shoot_for_the_readme(browser, demo.site)


if __name__ == "__main__":
    main()
