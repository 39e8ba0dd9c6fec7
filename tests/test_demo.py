"""manage.py demo, as a newcomer runs it."""

import re
import subprocess
import sys
from pathlib import Path

from gallery.drawings import draw_photo

MANAGE = Path(__file__).resolve().parent.parent / "testproject" / "manage.py"


def demo(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, str(MANAGE), "demo", "--once", "--port", "0", *arguments],
        capture_output=True,
        text=True,
        timeout=300,
    )


def hops(output: str, title: str) -> list[list[str]]:
    """The status codes of each view of that title."""
    blocks = re.split(r"\n(?=First view|Second view|The gallery)", output)
    return [re.findall(r"^  (\d{3})  ", block, re.M) for block in blocks if block.startswith(title)]


def test_the_demo_shows_the_whole_loop() -> None:
    result = demo()
    assert result.returncode == 0, result.stdout + result.stderr
    assert "done           website and routing rules" in result.stdout
    assert hops(result.stdout, "First view") == [["302", "301", "200"]] * 6
    assert hops(result.stdout, "Second view") == [["200"]] * 6
    assert "image/webp, public, max-age=31536000, immutable" in result.stdout
    assert "The gallery runs at http://127.0.0.1:" in result.stdout


def test_the_demo_takes_photos_of_one_s_own(tmp_path: Path) -> None:
    photo = tmp_path / "Meine Größe.jpeg"
    photo.write_bytes(draw_photo(400, 300))
    result = demo(str(photo))
    assert result.returncode == 0, result.stdout + result.stderr
    assert hops(result.stdout, "First view") == [["302", "301", "200"]] * 2
    assert "/meine-groe.jpg/" in result.stdout


def test_the_demo_names_what_it_cannot_use(tmp_path: Path) -> None:
    result = demo(str(tmp_path / "none.jpg"))
    assert result.returncode == 1
    assert result.stderr == f"CommandError: There is no file {tmp_path / 'none.jpg'}.\n"
    (tmp_path / "page.jpg").write_bytes(b"<html>")
    result = demo(str(tmp_path / "page.jpg"))
    assert result.returncode == 1
    assert "page.jpg was refused: We couldn’t process “page.jpg”" in result.stderr
