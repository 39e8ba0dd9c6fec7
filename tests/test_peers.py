"""The tables of the guides for moving in: each row, the other package's line and ours."""

import json
import re
import subprocess
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest
from PIL import Image

from django_shift_media.generation.generate import find_or_generate
from django_shift_media.storages.selection import media_storage
from gallery.drawings import draw_photo
from gallery.models import Photo
from tests.peers import PYTHON, ROOT
from tests.support import shop_code
from tests.support.buckets import new_bucket
from tests.support.examples import EXAMPLES
from tests.support.requirements import missing
from tests.support.templates import rendered

_GUIDES = ROOT / "docs" / "howto"
_ROW = re.compile(r"^   \* - ``(.+)``\n     - (?:``(.+)``|none)\n     -(?: (.+))?$", re.MULTILINE)
_URL = re.compile(r"/media/[^\s\"'<>,]+")
# The mean difference of a channel: two resampling filters, and two JPEG encoders.
_ALIKE = 4
PEERS = {
    "sorl-thumbnail": ("move-from-sorl-thumbnail", ""),
    "easy-thumbnails": ("move-from-easy-thumbnails", ""),
    "imagekit": ("move-from-imagekit", ""),
    "versatileimagefield": ("move-from-versatileimagefield", ""),
    "pictures": ("move-from-others", "django-pictures"),
    "stdimage": ("move-from-others", "django-stdimage"),
    "filer": ("move-from-others", "django-filer"),
    "wagtail": ("move-from-others", "Wagtail"),
}
SETTINGS: dict[str, dict[str, Any]] = {
    "sorl-thumbnail": {"THUMBNAIL_ALTERNATIVE_RESOLUTIONS": [2]},
    "imagekit": {"IMAGEKIT_DEFAULT_CACHEFILE_BACKEND": "imagekit.cachefiles.backends.Simple"},
    "pictures": {
        "PICTURES": {"FILE_TYPES": ["AVIF", "JPEG"], "USE_PLACEHOLDERS": False},
        "TASKS": {
            "default": {
                "BACKEND": "django.tasks.backends.immediate.ImmediateBackend",
                "QUEUES": ["default", "pictures"],
            }
        },
    },
    "filer": {
        "THUMBNAIL_PROCESSORS": [
            "easy_thumbnails.processors.colorspace",
            "filer.thumbnail_processors.scale_and_crop_with_subject_location",
        ],
    },
    "wagtail": {"WAGTAIL_SITE_NAME": "A site", "WAGTAILADMIN_BASE_URL": "https://example.com"},
}


class Row(NamedTuple):
    peer: str
    before: str
    after: str
    remark: str

    @property
    def is_same(self) -> bool:
        """Whether the remark does not say that the result is another one."""
        return not self.remark.startswith(("Same size", "Other"))


def rows_of(peer: str) -> list[Row]:
    guide, section = PEERS[peer]
    text = (_GUIDES / f"{guide}.rst").read_text()
    if section:
        text = re.split(rf"^{section}\n-+$", text, flags=re.MULTILINE)[1]
        text = re.split(r"^---", text, maxsplit=1, flags=re.MULTILINE)[0]
    return [Row(peer, *match.groups("")) for match in _ROW.finditer(text)]


ROWS = [row for peer in PEERS for row in rows_of(peer)]


def test_each_row_of_the_tables_is_read() -> None:
    pages = {guide for guide, _ in PEERS.values()}
    texts = [(_GUIDES / f"{page}.rst").read_text() for page in pages]
    cells = sum(text.count("\n   * - ``") for text in texts)
    assert len(ROWS) == cells


def shown_settings(peer: str) -> dict[str, Any]:
    """Return the settings that the guide of a package has."""
    found: dict[str, Any] = {}
    for example in EXAMPLES:
        if example.document.stem == PEERS[peer][0] and re.match("[A-Z_]+ = ", example.code):
            exec(example.code, found)
    return {name: value for name, value in found.items() if name.isupper()}


@pytest.fixture(scope="module")
def photo_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("peers") / "photo.jpg"
    path.write_bytes(draw_photo(400, 300, quality=95))
    return path


@pytest.fixture(scope="module")
def results(photo_file: Path) -> Any:
    """What each package makes of all of its lines, in one process for each."""
    if not PYTHON.exists():
        missing("other packages for thumbnails: python -m tests.peers")

    @cache
    def run(peer: str) -> dict[str, Any]:
        lines = [row.before for row in ROWS if row.peer == peer]
        return dict(zip(lines, run_lines(peer, photo_file.parent, lines), strict=True))

    return run


def run_lines(peer: str, folder: Path, lines: list[str], **more: Any) -> list[Any]:
    shown = {
        name: value for name, value in shown_settings(peer).items() if "SHIFT_MEDIA" not in name
    }
    task = {"lines": lines, "settings": {**SETTINGS.get(peer, {}), **shown, **more}}
    made = subprocess.run(
        [PYTHON, "-W", "ignore", ROOT / "tests" / "peers" / "runner.py", peer, folder],
        input=json.dumps(task),
        capture_output=True,
        text=True,
    )
    assert made.returncode == 0, made.stderr
    found: list[Any] = json.loads(made.stdout)
    return found


@pytest.fixture
def ours(db: None, photo_file: Path) -> SimpleNamespace:
    photo = Photo()
    with photo_file.open("rb") as file:
        photo.photo.save("upload.jpg", file)
    return SimpleNamespace(photo=photo.photo, cover=Photo().photo)


def run_ours(line: str, obj: SimpleNamespace) -> tuple[str, list[Image.Image]]:
    """Return the text without its URLs, and the pictures that these lead to."""
    is_template = "{%" in line or "{{" in line
    text = rendered(line, obj=obj).strip() if is_template else str(eval(line, {"obj": obj}))
    storage = media_storage()
    pictures = []
    for url in _URL.findall(text):
        key = url.removeprefix(storage.media_url)
        if key != obj.photo.name:
            find_or_generate(storage, key)
        pictures.append(Image.open(storage.path(key)))
    return _URL.sub("URL", text), pictures


@pytest.mark.nightly
@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.peer} {row.before}")
def test_a_row(
    row: Row, results: Any, ours: Any, settings: Any, monkeypatch: Any, tmp_path: Path
) -> None:
    before = results(row.peer)[row.before]
    assert before.get("error") is None
    theirs = [Image.open(path) for path in before["pictures"]]
    assert theirs or before["text"]
    if not row.after:
        return
    shop_code.install(monkeypatch, settings, tmp_path)
    for name in ("SHIFT_MEDIA_PRESETS", "SHIFT_MEDIA_STEPS"):
        setattr(settings, name, shown_settings(row.peer).get(name, {}))
    text, pictures = run_ours(row.after, ours)
    if row.remark.startswith("Other"):
        assert bool(pictures) == bool(theirs)
        return
    assert text == before["text"]
    assert [picture.size for picture in pictures] == [picture.size for picture in theirs]
    if row.is_same:
        for one, other in zip(pictures, theirs, strict=True):
            assert difference(one, other) < _ALIKE


def difference(one: Image.Image, other: Image.Image) -> float:
    """Return the mean difference of a channel, in levels of 255."""
    values = [np.asarray(picture.convert("RGB"), float) for picture in (one, other)]
    return float(np.abs(values[0] - values[1]).mean())


@pytest.mark.nightly
@pytest.mark.parametrize("place", ["local", "s3"])
@pytest.mark.parametrize("peer", ["sorl-thumbnail", "easy-thumbnails"])
def test_tags_of_before_work_on_a_media_file(
    peer: str, place: str, results: Any, photo_file: Path, request: Any, settings: Any
) -> None:
    more: dict[str, Any] = {}
    if place == "s3":
        new_bucket(settings, request.getfixturevalue("moto"))
        more = {"STORAGES": settings.STORAGES, "SHIFT_MEDIA_STORAGE": settings.SHIFT_MEDIA_STORAGE}
    lines = [row.before for row in ROWS if row.peer == peer and "obj.image " in row.before][:6]
    on_media = [line.replace("obj.image", "obj.photo") for line in lines]
    expected = results(peer)
    for line, made in zip(lines, run_lines(peer, photo_file.parent, on_media, **more), strict=True):
        assert made.get("error") is None
        assert made["text"] == expected[line]["text"]
        for path, other in zip(made["pictures"], expected[line]["pictures"], strict=True):
            assert difference(Image.open(path), Image.open(other)) == 0
