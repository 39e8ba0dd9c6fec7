"""Workers of videos are real processes: killed in the middle, and several at a time."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.support import servers
from tests.support.galleries import MANAGE, environment
from tests.support.requirements import missing
from tests.support.servers import ROOT
from tests.support.shells import finish, shell
from tests.support.videos import video
from tests.support.waiting import PATIENCE, wait_until

pytestmark = [pytest.mark.server, pytest.mark.nightly]

UPLOAD = """
import sys
from pathlib import Path
from django.core.files.base import ContentFile
from cinema.models import Clip
from tests.support import video_queue

clip = Clip.objects.create(clip=ContentFile(Path({path!r}).read_bytes(), name="a.mp4"))
print("KEYS", *[key for keys, _ in video_queue.jobs for key in keys])
"""
WORK = """
from django_shift_media.generation import prewarm
prewarm.make_missing({keys!r})
"""
STATE = """
from cinema.models import Clip
print("STATE", Clip.objects.get().clip_state["state"])
"""


class Site:
    def __init__(self, folder: Path, redis: str) -> None:
        self.folder = folder
        (folder / "temporary").mkdir()
        path = os.pathsep.join([str(ROOT), str(MANAGE.parent)])
        self.environment = environment(
            folder,
            PYTHONPATH=path,
            GALLERY_CACHE=redis,
            DJANGO_SETTINGS_MODULE="tests.support.video_settings",
            TMPDIR=str(folder / "temporary"),
            GALLERY_LOCK_SECONDS="5",
        )
        migrate = [sys.executable, str(MANAGE), "migrate", "-v0"]
        subprocess.run(migrate, env=self.environment, check=True)

    def run(self, code: str) -> str:
        return finish(shell(self.environment, code))

    def word(self, code: str, name: str) -> list[str]:
        lines = [line.split() for line in self.run(code).splitlines()]
        return next(line[1:] for line in lines if line[:1] == [name])

    def upload(self, data: bytes) -> list[str]:
        path = self.folder / "upload.mp4"
        path.write_bytes(data)
        return self.word(UPLOAD.format(path=str(path)), "KEYS")

    def stored(self) -> set[str]:
        return {path.name for path in (self.folder / "media").rglob("*-h264-*")}

    def encoders(self) -> list[int]:
        """Return the processes of ffmpeg that work in the folder of this site."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                folder = (process / "cwd").readlink()
                if str(folder).startswith(str(self.folder / "temporary")):
                    found.append(int(process.name))
        return found


@pytest.fixture
def site(tmp_path: Path) -> Any:
    try:
        with servers.redis() as redis:
            yield Site(tmp_path, redis)
    except servers.Missing as error:
        missing(str(error))


def test_a_worker_that_is_killed_leaves_nothing_and_another_one_makes_the_rest(site: Site) -> None:
    keys = site.upload(video(size="640x360", rate=30, seconds=30, sound=False))
    worker = shell(site.environment, WORK.format(keys=keys))
    wait_until(lambda: list((site.folder / "temporary").rglob("made.mp4")), "an encoder")
    os.killpg(worker.pid, signal.SIGKILL) if os.getpgid(worker.pid) == worker.pid else worker.kill()
    worker.wait(PATIENCE)
    wait_until(lambda: not site.encoders(), "the end of its ffmpeg")
    assert site.stored() == set()
    assert site.word(STATE, "STATE") == ["working"]
    # Its lock expires by itself; until then, another worker leaves the work to it.
    wait_until(lambda: site.run(WORK.format(keys=keys)) is not None and site.stored(), "its work")
    assert site.word(STATE, "STATE") == ["ready"]
    assert not list((site.folder / "temporary").rglob("video-*"))


def test_workers_that_get_the_same_job_make_it_once(site: Site) -> None:
    keys = site.upload(video(size="640x360", rate=30, seconds=10, sound=False))
    log = "import logging; logging.basicConfig(level=logging.INFO)\n"
    workers = [shell(site.environment, log + WORK.format(keys=keys)) for _ in range(3)]
    for worker in workers:
        finish(worker)
    assert len(site.stored()) == 1
    assert site.word(STATE, "STATE") == ["ready"]


def test_as_many_encoders_run_as_there_are_processors(site: Site) -> None:
    jobs = [site.upload(video(seconds=1 + number / 10)) for number in range(6)]
    workers = [shell(site.environment, WORK.format(keys=keys)) for keys in jobs]
    most = 0
    while any(worker.poll() is None for worker in workers):
        most = max(most, len(list((site.folder / "temporary").rglob("video-*"))))
    assert 0 < most <= (os.cpu_count() or 1)
    assert len(site.stored()) == 6
