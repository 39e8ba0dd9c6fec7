"""
Follow documents as a newcomer does: to the letter, in an empty folder and a fresh environment.

::

    export PYTHONPATH=testproject
    python -m tests.newcomer dist docs/tutorial.rst
    python -m tests.newcomer dist tests/quickstart_before.rst README.rst tests/quickstart_after.rst

``dist`` is the folder of the source distribution, which takes the place of a clone of the
repository. ``tests.support.instructions`` says which parts of a document are steps;
``--screenshots`` takes the documents' images again. The first step that fails ends the run, with
its document and line.
"""

import argparse
import io
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
from collections import defaultdict
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

from django_shift_media.testing import S3Emulator
from tests.support.instructions import Step, compare, steps
from tests.support.landscapes import write_photos
from tests.support.servers import wait_for, wait_until_free
from tests.support.waiting import PATIENCE

SITE = "http://127.0.0.1:8000"
RUNSERVER = "python manage.py runserver"
# The port of each server that the documents start. They run until they are started again.
SERVERS = {RUNSERVER: 8000, "python s3.py": 9000}
# What readers replace by their own.
THEIRS = {"https://www.example.com": SITE}
USER, PASSWORD = "me", "secret"
CLONE = "django-shift-media"

_OURS = ("AWS_", "COV_", "DJANGO_", "PYTHON", "VIRTUAL_ENV")
_THE_REST = re.compile(r"^(\w+) = \[\n +# …$", re.M)
_LOADED = "() => [...document.images].every(image => image.complete)"
_BROKEN = "images => images.filter(image => !image.naturalWidth).map(image => image.src)"


class Newcomer:
    """Somebody with an empty folder, a terminal, an editor and a browser."""

    def __init__(self, folder: Path, dist: Path, stack: ExitStack) -> None:
        self.stack, self.dist = stack, dist
        self.home, self.programs = folder / "home", folder / "bin"
        self.home.mkdir()
        self.programs.mkdir()
        (self.programs / "python3").symlink_to(Path(sys.executable).resolve())
        self.state, self.log = folder / "environment", folder / "log"
        self.log.touch()
        self.photos = write_photos(folder / "photos")
        self.open_a_terminal()
        self.servers: dict[str, subprocess.Popen[bytes]] = {}
        stack.callback(lambda: [self.stop(command) for command in list(self.servers)])
        path = shutil.which("chromium") or shutil.which("chromium-browser")
        chromium = stack.enter_context(sync_playwright()).chromium
        self.browser = chromium.launch(executable_path=path, args=["--no-sandbox"])
        self.page = self.new_page()

    def follow(self, step: Step, screenshots: bool) -> None:
        if step.kind == "file":
            self.write(step.what, step.text)
        elif step.kind == "by hand":
            getattr(self, step.what.lower().replace(" ", "_"))()
        elif step.kind == "image" and screenshots:
            self.shoot(Path(step.place).parent / step.what)
        elif step.kind == "command" and step.what in SERVERS:
            self.serve(step.what)
        elif step.kind == "command":
            if step.what.endswith("check_media") and RUNSERVER not in self.servers:
                self.serve(RUNSERVER)  # the README takes a site for granted
            compare(step.text, self.run(step.what))

    # -- the terminal -------------------------------------------------------------------------

    def open_a_terminal(self) -> None:
        """Begin with an environment in which nothing is set for Python, Django or AWS."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
        path = f"{self.programs}:/usr/local/bin:/usr/bin:/bin"
        self.environment = {**kept, "PATH": path, "PWD": str(self.home)}

    def clone_the_repository(self) -> None:
        """Unpack the source distribution, without the version in the name of its folder."""
        (archive,) = self.dist.glob("*.tar.gz")
        with tarfile.open(archive) as tar:
            tar.extractall(self.home, filter="data")
        (unpacked,) = self.home.glob("django_shift_media-*")
        unpacked.rename(self.home / CLONE)

    def run(self, command: str) -> str:
        """Run a command and return what it prints; what it exports, and where it goes, stays."""
        for example, own in THEIRS.items():
            command = command.replace(example, own)
        result = subprocess.run(
            ["bash", "-c", f"{command}\ncode=$?; env -0 > {self.state}; exit $code"],
            cwd=self.environment["PWD"],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
        )
        assert result.returncode == 0, f"exit code {result.returncode}\n{result.stdout}"
        variables = self.state.read_text().split("\0")
        self.environment = dict(variable.split("=", 1) for variable in variables if variable)
        return result.stdout

    def serve(self, command: str) -> None:
        """Start a server, or start it again."""
        self.stop(command)
        with self.log.open("ab") as log:
            self.servers[command] = subprocess.Popen(
                command.split(),
                cwd=self.environment["PWD"],
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,  # runserver starts another process
            )
        wait_for(SERVERS[command], self.servers[command])

    def stop(self, command: str) -> None:
        if server := self.servers.pop(command, None):
            with suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGTERM)
            server.wait(PATIENCE)
        wait_until_free(SERVERS[command])

    def start_an_s3(self) -> None:
        self.stack.enter_context(S3Emulator(port=9000, website_port=9001))

    # -- the editor ---------------------------------------------------------------------------

    def write(self, name: str, text: str) -> None:
        """
        Add a snippet to a file, or write the file anew where both define the same class.

        In a list, ``# …`` stands for what the list has already.
        """
        others = {"venv", CLONE}
        found = [path for path in self.home.rglob(name) if others.isdisjoint(path.parts)]
        path = found[0] if found else Path(self.environment["PWD"], name)
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.read_text() if path.exists() else ""
        if any(definition in before for definition in re.findall(r"^class \w+", text, re.M)):
            before = ""
        text = _THE_REST.sub(r"\1 = [\n    *\1,", text)
        path.write_text(f"{before}\n{text}" if before else text)

    # -- the browser --------------------------------------------------------------------------

    def new_page(self) -> Any:
        page = self.browser.new_context(viewport={"width": 1000, "height": 680}).new_page()
        page.set_default_timeout(1000 * PATIENCE)
        self.answers: list[Any] = []
        page.on("response", lambda response: self.answers.append(response))
        return page

    def open(self, path: str) -> None:
        """Open a page of the site, and see all of its pictures."""
        self.answers.clear()
        self.page.goto(f"{SITE}{path}", wait_until="load")
        self.page.wait_for_function(_LOADED)
        failed = [f"{answer.status} {answer.url}" for answer in self.answers if answer.status > 399]
        assert all(answer.endswith("/favicon.ico") for answer in failed), failed
        assert not (broken := self.page.locator("img").evaluate_all(_BROKEN)), broken

    def log_in(self) -> None:
        self.open("/admin/")
        self.page.fill("[name=username]", USER)
        self.page.fill("[name=password]", PASSWORD)
        self.page.click("[type=submit]")
        self.page.wait_for_selector("#user-tools")

    def add_photos(self) -> None:
        for photo in self.photos:
            self.open("/admin/")
            self.page.click("a[href$='/photo/add/']")
            self.page.set_input_files("[name=photo]", photo)
            for title in self.page.locator("[name=title]").all():
                title.fill(photo.stem.capitalize())
            self.save()

    def set_a_focal_point(self) -> None:
        self.open(f"/admin/gallery/photo/{len(self.photos)}/change/")
        self.page.locator(".shift-media-preview").click(position={"x": 280, "y": 106})

    def save(self) -> None:
        self.page.click("[name=_save]")
        self.page.wait_for_selector(".messagelist .success")

    def see_the_gallery(self) -> None:
        self.open("/")

    def see_the_photos_made(self) -> None:
        self.see_resizes(302, 301, 200)

    def see_the_photos_kept(self) -> None:
        self.see_resizes(200)

    def see_resizes(self, *expected: int) -> None:
        """Open the gallery with an empty cache; each resize must come with these statuses."""
        self.page = self.new_page()
        self.open("/")
        came: dict[str, tuple[int, ...]] = defaultdict(tuple)
        for answer in self.answers:
            if resize := re.search(r"/[0-9]*x[0-9]*-[^/]*$", answer.url):
                came[resize[0]] += (answer.status,)
        assert set(came.values()) == {expected}, dict(came)

    def shoot(self, path: Path) -> None:
        self.page.wait_for_function(_LOADED)
        image = Image.open(io.BytesIO(self.page.locator("main").screenshot()))
        image.convert("RGB").save(path, quality=92, method=6)


def main() -> None:
    parser = argparse.ArgumentParser(description="Follow documents as a newcomer does.")
    parser.add_argument("dist", type=Path)
    parser.add_argument("documents", type=Path, nargs="+")
    parser.add_argument("--screenshots", action="store_true", help="take the documents' images")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        newcomer = Newcomer(folder, options.dist, stack)
        for step in [step for document in options.documents for step in steps(document)]:
            print(f"{step.place}: {step.kind} {step.what}", flush=True)  # noqa: T201
            try:
                newcomer.follow(step, options.screenshots)
            except Exception as error:
                sys.exit(
                    f"{step.place}: {error}\n\nThe servers:\n{newcomer.log.read_text()[-3000:]}"
                )


if __name__ == "__main__":
    main()
