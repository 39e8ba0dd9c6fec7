"""Typos in a command: the error comes first, and nothing else."""

import os
import subprocess
import sys
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from django_shift_media.storages.s3 import S3MediaStorage
from gallery.models import Photo
from tests.support.servers import ROOT

COMMANDS = ["check_media", "configure_media_bucket", "warm_media"]  # one of each base class
WRONG = [
    ("warm_media gallery.Photo.phtoo --preset tile", "Unknown field 'gallery.Photo.phtoo'"),
    ("warm_media gallery.Photo.photo --preset tiel", "Unknown preset 'tiel'"),
    ("import_media gallery.Phto.photo gallery.Photo.photo", "Unknown field 'gallery.Phto.photo'"),
    ("clear_media_resizes --preset tiel", "Unknown preset 'tiel'"),
    ("clear_media_resizes --model gallery.Phto", "Unknown model 'gallery.Phto'"),
    ("copy_media --to meida", "Unknown storage 'meida'. STORAGES has: default, staticfiles."),
]


def manage(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "testproject/manage.py", *arguments],
        cwd=ROOT,
        env={**os.environ, "DJANGO_COLORS": "nocolor"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.django_db
@pytest.mark.parametrize("json", [[], ["--json"]])
@pytest.mark.parametrize(("command", "message"), WRONG)
def test_a_wrong_argument_prints_the_error_only(
    command: str, message: str, json: list[str]
) -> None:
    out, err = StringIO(), StringIO()
    with pytest.raises(CommandError) as raised:
        call_command(*command.split(), *json, stdout=out, stderr=err)
    assert str(raised.value).startswith(message)
    assert (out.getvalue(), err.getvalue()) == ("", "")


@pytest.mark.parametrize("command", COMMANDS)
def test_an_unknown_option_prints_the_error_only(command: str) -> None:
    done = manage(command, "--wrokers", "4")
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"manage.py {command}: error: ")


def test_help_has_the_usage() -> None:
    assert manage("warm_media", "--help").stdout.startswith("usage: manage.py warm_media")


def test_an_error_after_the_first_result_comes_with_the_summary(
    photo: Photo, settings: Any
) -> None:
    Photo.objects.create(photo=photo.photo.name, focal_point="centre")
    nobody_listens = {"bucket_name": "b", "endpoint_url": "http://127.0.0.1:9"}
    keys = {"access_key": "a", "secret_key": "b"}
    media = {"BACKEND": f"{S3MediaStorage.__module__}.S3MediaStorage"}
    settings.STORAGES = {
        **settings.STORAGES,
        "media": {**media, "OPTIONS": {**nobody_listens, **keys}},
    }
    settings.SHIFT_MEDIA_STORAGE = "media"
    out = StringIO()
    with pytest.raises(CommandError, match="Could not list"):
        call_command("warm_media", "gallery.Photo.photo", "--preset=tile", stdout=out)
    assert "1 invalid" in out.getvalue()
