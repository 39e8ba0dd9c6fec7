"""The benchmarks run, with no peer: how long things take is not looked at, what is counted is."""

import subprocess
import sys
from pathlib import Path

import pytest

from django_shift_media.engines.selection import ENGINES
from django_shift_media.naming.formats import OUTPUT_FORMATS
from gallery.drawings import draw_photo
from tests.support import servers
from tests.support.proxies import nginx
from tests.support.requirements import missing
from tests.support.waiting import PATIENCE

pytestmark = [pytest.mark.nightly, pytest.mark.server]
# In no peer's name.
ALONE = ("--only", "nobody")


@pytest.fixture(scope="module", autouse=True)
def _installed() -> None:
    try:
        with servers.redis(), nginx("return 204;"):
            pass
    except servers.Missing as error:
        missing(str(error))


def measure(folder: Path, *arguments: str) -> list[list[str]]:
    """Run a measurement; return the lines of its tables, each as its words."""
    command = [sys.executable, "-m", "benchmarks", "--output", str(folder), *arguments]
    result = subprocess.run(
        command, cwd=servers.ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert result.returncode == 0, result.stderr
    text = (folder / f"{arguments[0]}.rst").read_text()
    assert text in result.stdout
    return [line.split() for line in text.splitlines()]


@pytest.mark.parametrize("cache", ["memory", "redis"])
@pytest.mark.parametrize("storage", ["local", "s3", "s3-domain"])
def test_a_page_of_resizes_asks_nothing_of_anybody(
    tmp_path: Path, storage: str, cache: str
) -> None:
    where = ("--storage", storage, "--cache", cache)
    small = ("--objects", "3", "--cold-objects", "2", "--cold-side", "50", "--seconds", "0.01")
    lines = measure(tmp_path, "page", *where, *ALONE, *small)
    ours = [words for words in lines if words[:1] in (["{%"], ["{{"])]
    assert len(ours) == 3 * 4  # warm, emptied and cold
    assert all(words[-3:] == ["0"] * 3 for words in ours)


@pytest.mark.parametrize("server", [(), ("--server", "moto")])
def test_first_views_give_what_was_asked_for(tmp_path: Path, server: tuple[str, ...]) -> None:
    small = ("--rounds", "1", "--views", "4", "--side", "150", "--clients", "2", "3")
    lines = measure(tmp_path, "first-view", *server, *ALONE, *small)
    assert [words[2] for words in lines if words[:1] == ["django-shift-media"]] == ["1.00"] * 2


def test_no_request_of_a_second_viewer_reaches_the_app(tmp_path: Path) -> None:
    lines = measure(tmp_path, "second-view", "--images", "3", *ALONE)
    assert ["django-shift-media", "3", "0"] in lines


def test_a_stampede_makes_one_resize(tmp_path: Path) -> None:
    lines = measure(tmp_path, "stampede", "--clients", "10", "--side", "100")
    counts = [words[-4:-1] for words in lines if words[:2] == ["one", "size,"]]
    assert counts[:2] == [["1", "1", "1"]] * 2


def test_a_backfill_makes_all_resizes(tmp_path: Path) -> None:
    small = ("--photos", "3", "--many", "5", "10", "--side", "50", "--rounds", "1")
    lines = measure(tmp_path, "backfill", "--workers", "1", "2", *small)
    labels = [words[:2] for words in lines]
    assert all([number, "workers"] in labels for number in "12")
    assert all([number, "images"] in labels for number in ("5", "10"))


def test_the_upkeep_finds_what_was_put_there(tmp_path: Path) -> None:
    lines = measure(tmp_path, "maintenance", "local", "--objects", "40")
    found = [" ".join(words) for words in lines]
    for wanted in ("10 orphaned", "Nothing to do", "20 would be deleted", "20 deleted"):
        assert sum(wanted in line for line in found) == 1


def test_engines_and_bare_libraries_make_the_same_resizes(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "held.jpg").write_bytes(draw_photo(400, 300, orientation=6))
    cases = (
        "jpg 0.2 to 200 fill jpg",
        "png 0.2 to 800 fit avif",
        "animation 0.2 to 200 fit gif",
        "held.jpg to 200 fill jpg",
    )
    small = ("--sizes", "0.2", "--rounds", "1", "--warm", "0", "--renders", "1")
    where = ("--photos", str(photos), "--only", *cases)
    lines = [" ".join(words) for words in measure(tmp_path, "engine", *small, *where)]
    assert all(case in lines for case in cases)
    ours = [f"ours: {engine}" for engine in ENGINES]
    for name in (*ours, "Pillow, tuned", "pyvips, tuned", "Pillow, naive"):
        rows = [line.split() for line in lines if line.startswith(f"{name} ")]
        assert len(rows) == len(cases)
        assert all(float(row[-1]) > 0.5 for row in rows)
    assert sum(line.startswith("scaled decode ") for line in lines) == 2


def test_an_upload_is_decoded_in_every_way(tmp_path: Path) -> None:
    lines = measure(tmp_path, "upload", "--megapixels", "0.2", "--rounds", "1")
    rows = [words for words in lines if "pillow" in words or "auto" in words]
    assert len(rows) == 10


def test_the_bytes_of_direct_uploads_do_not_pass_the_app(tmp_path: Path) -> None:
    small = ("--uploads", "2", "--megabytes", "9", "--side", "100")
    lines = measure(tmp_path, "direct-upload", "moto", *small)
    rows = {
        name: [words[3:] for words in lines if words[:3] == ["-", *name.split()]]
        for name in ("from clients", "to S3")
    }
    for through, direct in (*rows["from clients"], *rows["to S3"]):
        assert float(through) >= 18  # rounded
        assert float(direct) < 1
    assert [len(found) for found in rows.values()] == [2, 2]


def test_default_qualities_look_alike_and_lossless_is_lossless(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "bay.jpg").write_bytes(draw_photo(800, 600))
    lines = measure(tmp_path, "formats", "--photos", str(photos))
    rows = [words for words in lines if words and words[0] in OUTPUT_FORMATS]
    scores = [float(words[2]) for words in rows]
    assert [words[0] for words in rows] == ["jpg", "webp", "avif", "jxl", "png", "webp", "jxl"]
    assert max(scores[:4]) - min(scores[:4]) < 10
    assert scores[4:] == [100] * 3
