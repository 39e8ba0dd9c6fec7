"""Warming by real queues, whose workers are real processes, one of them killed in the middle."""

import importlib.util
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.support import servers
from tests.support.galleries import MANAGE, environment
from tests.support.requirements import missing
from tests.support.servers import ROOT
from tests.support.shells import finish, shell
from tests.support.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.server

MANAGED = [sys.executable, str(MANAGE)]
CELERY = [sys.executable, "-m", "celery", "-A", "tests.support.queue_settings", "worker"]
# Each with one process that works.
WORKERS = {
    "database": [*MANAGED, "db_worker", "--interval", "0.2"],
    "rq": [*MANAGED, "rqworker", "default", "--job-class", "django_tasks_rq.Job"],
    "celery": [*CELERY, "--concurrency", "1", "--loglevel", "WARNING"],
}
PACKAGES = {"database": "django-tasks-db", "rq": "django-tasks-rq", "celery": "celery"}
PHOTOS = 12

UPLOAD = f"""
from django.core.files.base import ContentFile
from gallery.drawings import draw_photo
from gallery.models import Photo

data = draw_photo(2400, 1800)
for number in range({PHOTOS}):
    Photo.objects.create(photo=ContentFile(data, name="a.jpg"))
"""


class Site:
    """A gallery with a queue."""

    def __init__(self, queue: str, folder: Path, redis: str, stack: ExitStack) -> None:
        self.queue, self.folder, self.stack = queue, folder, stack
        path = os.pathsep.join([str(ROOT), str(MANAGE.parent)])
        self.environment = environment(
            folder,
            DJANGO_SETTINGS_MODULE="tests.support.queue_settings",
            GALLERY_QUEUE=queue,
            GALLERY_REDIS=redis,
            PYTHONPATH=path,
        )
        self.manage("migrate", "-v0")
        finish(shell(self.environment, UPLOAD))

    def manage(self, *arguments: str) -> str:
        command = [*MANAGED, *arguments]
        ran = subprocess.run(command, env=self.environment, check=True, capture_output=True)
        return ran.stdout.decode()

    def enqueue(self) -> str:
        arguments = ("gallery.Photo.photo", "--preset", "avatar,card", "--enqueue")
        return self.manage("warm_media", *arguments).strip()

    def worker(self) -> "subprocess.Popen[bytes]":
        log = self.stack.enter_context((self.folder / "workers.log").open("ab"))
        process = subprocess.Popen(
            WORKERS[self.queue],
            cwd=ROOT,
            env=self.environment,
            stdout=log,
            stderr=log,
            start_new_session=True,  # so that its children are killed with it
        )
        self.stack.callback(kill, process)
        return process

    def made(self) -> int:
        log = (self.folder / "workers.log").read_text()
        return len(re.findall("^Made ", log, re.MULTILINE))  # Celery notes them again, indented

    def resizes(self) -> int:
        return sum(1 for _ in (self.folder / "media").rglob("*-noupscale-*"))

    def wait_for(self, resizes: int) -> None:
        log = self.folder / "workers.log"
        wait_until(
            lambda: self.resizes() >= resizes,
            lambda: f"{resizes} resizes, there are {self.resizes()}\n{log.read_text()}",
        )


def kill(process: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(PATIENCE)


@contextmanager
def running(queue: str, folder: Path) -> Iterator[Site]:
    with ExitStack() as stack:
        try:
            redis = stack.enter_context(servers.redis())
        except servers.Missing as error:
            missing(str(error))
        yield Site(queue, folder, redis, stack)


@pytest.fixture(params=["celery", "database", pytest.param("rq", marks=pytest.mark.nightly)])
def site(request: Any, tmp_path: Path) -> Iterator[Site]:
    package = PACKAGES[request.param]
    if importlib.util.find_spec(package.replace("-", "_")) is None:
        missing(f"{package}: pip install {package}")
    with running(request.param, tmp_path) as site:
        yield site


def test_a_worker_that_is_killed_loses_nothing(site: Site) -> None:
    assert site.enqueue() == f"{3 * PHOTOS} enqueued."
    victim = site.worker()
    site.wait_for(4)  # the second photo is in its hands
    kill(victim)
    left = 3 * PHOTOS - site.resizes()
    assert left > 0
    site.worker()
    if site.queue == "celery":  # gives it to another by itself
        site.wait_for(3 * PHOTOS)
    else:  # keeps it as failed or running: what is missing is enqueued again
        site.wait_for(3 * (PHOTOS - 1))
        site.enqueue()
        site.wait_for(3 * PHOTOS)
    # Only what the victim had in its hands was made twice.
    assert site.made() <= 3 * PHOTOS + 3
