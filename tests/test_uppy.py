"""Uppy's plugin for S3 in Chromium, by the script of the documentation, on Ceph."""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.urls import path

from django_shift_media.storages.selection import media_storage
from gallery.drawings import draw_photo
from gallery.models import Photo
from tests.support import rest_uploads
from tests.support.direct_uploads import stored, unfinished
from tests.support.requirements import missing
from tests.support.servers import ROOT
from tests.support.upload_desks import bucket_for_uploads
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.nightly, pytest.mark.server, pytest.mark.browser]
RECIPE = ROOT / "docs" / "examples" / "uploads" / "uppy.js"
MODULES = ROOT / "node_modules"
VERSION = "5.1.0"  # of @uppy/aws-s3; with version 6, there are no functions to give it
SMALL = draw_photo(400, 300)
PART = re.compile(r"partNumber=|/part/\?part=")
LARGE = SMALL + bytes(20_000_000 - len(SMALL))  # three parts
PAGE = """<!doctype html><title>Uppy</title>
<script type="importmap">{"imports": IMPORTS}</script>
<script type="module">
import Uppy from "@uppy/core";
import { sendDirectly } from "/recipe.js";

const headers = { Authorization: "Bearer ann" };
window.uppy = new Uppy({ debug: true });
sendDirectly(window.uppy, {
    api: new URL("/api/uploads/", location.href), field: "gallery.photo.photo", headers,
});
window.done = [];
window.failed = [];
window.uppy.on("upload-success", (file, { body }) => window.done.push(body.value));
window.uppy.on("upload-error", (file, error) => window.failed.push(error.message));
window.add = (name, size, head) => window.uppy.addFile({
    name, type: "image/jpeg", data: new Blob([new Uint8Array(head), new Uint8Array(size)]),
});
</script>
"""


@cache
def imports() -> dict[str, str]:
    """Return an import map of all installed packages, as a bundler resolves them."""
    found = {}
    for manifest in (*MODULES.glob("*/package.json"), *MODULES.glob("@*/*/package.json")):
        name = str(manifest.parent.relative_to(MODULES))
        found[f"{name}/"] = f"/node_modules/{name}/"
        package = json.loads(manifest.read_text())
        exports = package.get("exports") or {}
        if not isinstance(exports, dict) or "." not in exports:
            exports = {".": exports or package.get("module") or package.get("main", "index.js")}
        for place, target in exports.items():
            if (file := _file_of(target)) and "*" not in place:
                found[name + place[1:]] = f"/node_modules/{name}/{file.removeprefix('./')}"
    return found


def _file_of(target: Any) -> str | None:
    """Return the file of an entry of "exports", for a module in a browser."""
    if isinstance(target, dict):
        names = ("browser", "import", "default", "module")
        return next((_file_of(target[name]) for name in names if name in target), None)
    return target if isinstance(target, str) else None


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(PAGE.replace("IMPORTS", json.dumps(imports())))


def script(request: HttpRequest, name: str = "") -> HttpResponse:
    file = MODULES / name if name else RECIPE
    if not file.is_file():  # Node adds it
        file = file.with_name(f"{file.name}.js")
    text = file.read_text()
    if file.suffix == ".json":
        return HttpResponse(text, content_type="application/json")
    if "exports" in text and not re.search(r"^(import|export)\b", text, re.MULTILINE):
        text = _wrapped(text)
    return HttpResponse(text, content_type="text/javascript")


def _wrapped(text: str) -> str:
    """Make a module of a script for Node, as a bundler does."""
    needed = dict.fromkeys(re.findall(r"require\(['\"]([^'\"]+)['\"]\)", text))
    heads = [f'import m{number} from "{name}";' for number, name in enumerate(needed)]
    names = ", ".join(f'"{name}": m{number}' for number, name in enumerate(needed))
    return (
        "\n".join(heads) + "\nconst module = { exports: {} }; const exports = module.exports;"
        f"\nconst require = (name) => ({{{names}}})[name];"
        f"\n(function () {{\n{text}\n}}).call(globalThis);\nexport default module.exports;\n"
    )


urlpatterns = [
    path("uppy/", page),
    path("recipe.js", script),
    path("node_modules/<path:name>", script),
    *rest_uploads.urlpatterns,
]


@pytest.fixture
def site(settings: Any, monkeypatch: pytest.MonkeyPatch, live_server: Any) -> str:
    manifest = MODULES / "@uppy" / "aws-s3" / "package.json"
    if not manifest.exists() or json.loads(manifest.read_text())["version"] != VERSION:
        missing(f"Uppy: npm install --no-save @uppy/core@5.2.0 @uppy/aws-s3@{VERSION}")
    rest_uploads.use(settings, monkeypatch)
    settings.ROOT_URLCONF = __name__
    User.objects.create_superuser("ann")
    url: str = live_server.url
    return url


@pytest.fixture(params=["local", "ceph"])
def storage(request: Any, settings: Any, running: Any, site: str) -> Any:
    if request.param == "local":
        return media_storage()
    return bucket_for_uploads(settings, running("ceph"), site)


@pytest.fixture
def tab(chromium: Any, storage: Any, site: str) -> Iterator[Any]:
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{site}/uppy/")
    page.wait_for_function("() => Boolean(window.add)")
    yield page
    context.close()


def add(tab: Any, name: str, data: bytes = SMALL, size: int = 0) -> str:
    """Add a file that begins with these bytes, and then has zeros; return its ID."""
    file: str = tab.evaluate("([name, size, head]) => add(name, size, head)", [name, size, [*data]])
    return file


def save(tab: Any) -> Photo:
    """Save the file that was uploaded last, as a page does."""
    status = tab.evaluate(
        """async () => (await fetch("/api/photos/", {
            method: "POST",
            headers: { "Content-Type": "application/json", Authorization: "Bearer ann" },
            body: JSON.stringify({ title: "Cat", photo: window.done.at(-1) }),
        })).status"""
    )
    assert status == 201
    photo = Photo.objects.order_by("pk").last()
    assert photo is not None
    return photo


@pytest.mark.django_db(transaction=True)
def test_a_small_file_and_one_of_several_parts(tab: Any, storage: Any) -> None:
    for name, size in (("Größe.jpg", 0), ("large.jpg", len(LARGE) - len(SMALL))):
        add(tab, name, size=size)
        tab.evaluate("() => uppy.upload()")
        photo = save(tab)
        assert storage.get(photo.photo.name) == SMALL + bytes(size)
        assert (photo.width, photo.height) == (400, 300)
    assert unfinished(storage) == []


@pytest.mark.django_db(transaction=True)
def test_a_refused_file_has_the_message_of_the_form(tab: Any, storage: Any) -> None:
    add(tab, "cat.jpg", b"<html>")
    tab.evaluate("() => uppy.upload()")
    assert "We couldn’t process “cat.jpg”" in tab.evaluate("() => window.failed")[0]
    assert stored(storage) == unfinished(storage) == []


@pytest.mark.django_db(transaction=True)
def test_an_upload_is_paused_resumed_and_cancelled(tab: Any, storage: Any) -> None:
    tab.route(PART, lambda route: None)  # it never arrives
    add(tab, "large.jpg", size=len(LARGE) - len(SMALL))
    with tab.expect_request(PART):
        tab.evaluate("() => { uppy.upload(); }")
    tab.evaluate("() => uppy.pauseAll()")
    tab.unroute(PART)
    tab.evaluate("() => uppy.resumeAll()")
    tab.wait_for_function("() => window.done.length + window.failed.length")
    assert tab.evaluate("() => window.failed") == []
    assert storage.get(save(tab).photo.name) == LARGE
    tab.route(PART, lambda route: None)
    add(tab, "other.jpg")
    with tab.expect_request(PART):
        tab.evaluate("() => { uppy.upload(); }")
    assert len(unfinished(storage)) == 1
    tab.evaluate("() => uppy.cancelAll()")
    wait_until(lambda: not unfinished(storage), "abort")
    assert len(stored(storage)) == 1
