"""What a type checker, and with it an editor, knows of a project's own models."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.requirements import missing
from tests.support.servers import ROOT

CODE = """
from django.db import models
from django_shift_media.fields import MediaField

class Cat(models.Model):
    photo = MediaField()

    class Meta:
        app_label = "cats"

cat = Cat()
cat.photo.resize("200x200", how="fill", format="webp", quality=65, upscale=True)
cat.photo.picture("hero", widths=[320, 640], ratio="16/9").img.srcset[0].url.upper()
cat.photo.resize("200x200", how="cover")
cat.photo.resize("200x200", hwo="fill")
cat.photo.picture(widhts="320")
"""


@pytest.mark.nightly
def test_options_are_known_to_type_checkers(tmp_path: Path) -> None:
    for package in ("mypy", "mypy_django_plugin"):
        if importlib.util.find_spec(package) is None:
            missing("mypy and django-stubs: pip install mypy django-stubs")
    file = tmp_path / "cats.py"
    file.write_text(CODE)
    command = [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml")]
    result = subprocess.run(
        [*command, "--cache-dir", str(tmp_path / "cache"), str(file)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'testproject'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    errors = [line for line in result.stdout.splitlines() if " error: " in line]
    wrong = [CODE.splitlines().index(line) + 1 for line in CODE.splitlines()[-3:]]
    assert [int(error.split(":")[1]) for error in errors] == wrong, result.stdout
    for error, word in zip(errors, ("cover", "hwo", "widhts"), strict=True):
        assert word in error
