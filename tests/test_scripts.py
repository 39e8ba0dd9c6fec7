"""Nothing that people upload runs in a browser with the rights of the site."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.base import ContentFile

from django_shift_media.naming import keys, signing
from django_shift_media.storages.selection import media_storage
from tests.support.applications import application
from tests.support.hostile import RESIZE, jpeg, segment
from tests.support.waiting import wait_until

# Each way to be seen, for one may be denied where another is not.
SCRIPT = b"""
try { document.title = "ran" } catch {}
try { top.document.title = "ran" } catch {}
try { alert("ran") } catch {}
try { (new Image()).src = "/ran" } catch {}
try { fetch("/ran") } catch {}
"""
HTML = b"<!DOCTYPE html><title>page</title><script>" + SCRIPT + b"</script>"
XHTML = (
    b'<html xmlns="http://www.w3.org/1999/xhtml"><script><![CDATA['
    + SCRIPT
    + b"]]></script></html>"
)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script><![CDATA[' + SCRIPT + b"]]></script></svg>"
FILES = {
    "html-as.jpg": HTML,
    "svg-as.png": SVG,
    "script-as.gif": b"GIF89a=1;" + SCRIPT,
    "html-in.jpg": jpeg(segment(0xFE, HTML)),
    "page.html": HTML,
    "page.xhtml": XHTML,
    "page.xml": XHTML,
    "drawing.svg": SVG,
    "script.js": SCRIPT,
    "module.mjs": SCRIPT,
    "script.txt": SCRIPT,
    "page.txt": HTML,
    "page": HTML,
    "page.pdf": HTML,
}
RESIZED = ["html-as.jpg", "svg-as.png", "script-as.gif", "html-in.jpg"]
WAYS = {
    "a frame": '<iframe src="{url}"></iframe>',
    "an embed": '<embed src="{url}">',
    "an object": '<object data="{url}"></object>',
    "an image": '<img src="{url}">',
    "a script": '<script src="{url}"></script>',
    "a module": '<script type="module" src="{url}"></script>',
    "a worker": '<script>new Worker("{url}")</script>',
    "a style": '<link rel="stylesheet" href="{url}">',
}


@pytest.fixture
def app(settings: Any) -> Iterator[str]:
    """In development, where originals come from the app, too; and no middleware that helps."""
    settings.DEBUG = True
    settings.MIDDLEWARE = []
    with application() as site:
        yield site


class Watch:
    """A browser that notices whether a script has run anywhere in it."""

    def __init__(self, chromium: Any, site: str) -> None:
        self.context = chromium.new_context()
        self.site = site
        self.ran: list[str] = []
        self.answers: list[str] = []
        self.page = self.context.new_page()
        self.page.on("dialog", self.see_dialog)
        self.context.on("request", lambda request: self.see("request", request.url))
        self.context.on("response", lambda answer: self.answers.append(answer.url))

    def see_dialog(self, dialog: Any) -> None:
        self.ran.append("alert")
        dialog.dismiss()

    def see(self, what: str, url: str) -> None:
        if url == f"{self.site}/ran":
            self.ran.append(what)

    def show(self, body: str) -> None:
        """Load a page of the site that has this body."""
        self.context.unroute("**/host")
        self.context.route(
            "**/host", lambda route: route.fulfill(body=body, content_type="text/html")
        )
        self.page.goto(f"{self.site}/host", wait_until="load")
        self.settle()

    def go(self, url: str) -> None:
        """Open a URL as a page; what is for downloading is none."""
        try:
            self.page.goto(url, wait_until="load")
        except Exception as error:
            if "Download is starting" not in str(error):
                raise
        self.settle()

    def has_noticed(self) -> bool:
        """Look a little longer, and say whether a script has run."""
        self.settle()
        return bool(self.ran)

    def settle(self) -> None:
        self.page.wait_for_timeout(200)  # in which Playwright tells of what happens
        if self.page.title() == "ran":
            self.ran.append("title")


@pytest.fixture
def watch(chromium: Any, app: str) -> Iterator[Watch]:
    watch = Watch(chromium, app)
    yield watch
    watch.context.close()


def urls(name: str) -> list[str]:
    """Store a file, and return the paths under which the app may give something of it."""
    original = keys.new_original(name)
    media_storage().save(original, ContentFile(FILES[name]))
    found = [original]
    if name in RESIZED:
        found.append(signing.sign(original, RESIZE))
    return [f"/media/{key}" for key in found]


@pytest.mark.parametrize("name", FILES)
def test_no_upload_runs(name: str, watch: Watch) -> None:
    for path in urls(name):
        watch.go(watch.site + path)
        assert watch.ran == [], f"{path}, opened"
        watch.answers.clear()
        watch.show("".join(WAYS.values()).format(url=path))
        assert watch.ran == [], f"{path}, as a part of a page"
        assert watch.site + path in watch.answers


@pytest.mark.parametrize(
    "path", ["/media/<script>alert(1)</script>", "/media/x/%3Cscript%3Ealert(1)%3C/script%3E.html"]
)
def test_no_name_runs(path: str, watch: Watch) -> None:
    watch.go(watch.site + path)
    assert watch.ran == []


@pytest.mark.parametrize(
    ("way", "body", "content_type"),
    [
        ("a page", HTML, "text/html"),
        ("a drawing", SVG, "image/svg+xml"),
        ("XML", XHTML, "application/xhtml+xml"),
        *((way, HTML, "text/html") for way in ("a frame", "an embed", "an object")),
        *((way, SCRIPT, "text/javascript") for way in ("a script", "a module", "a worker")),
    ],
)
def test_a_script_that_may_run_is_noticed(
    way: str, body: bytes, content_type: str, watch: Watch
) -> None:
    """Else the tests above would see nothing."""
    watch.context.route(
        "**/served", lambda route: route.fulfill(body=body, content_type=content_type)
    )
    if way in WAYS:
        watch.show(WAYS[way].format(url="/served"))
    else:
        watch.go(f"{watch.site}/served")
    wait_until(watch.has_noticed, "a script to run")
