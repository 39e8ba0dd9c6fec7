"""What an encoder may use, and that projects without videos load nothing of them."""

import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from django_shift_media.exceptions import UnreadableVideo
from django_shift_media.video.processes import Limits, run
from tests.support.servers import ROOT

PROGRAMS = {
    "time": "while True: pass",
    "memory": "bytearray(1_000_000_000)",
    "output": "open('made', 'wb').write(bytes(2_000_000))",
    "open files": "[open('/dev/null') for _ in range(100)]",
}


@pytest.mark.parametrize("what", PROGRAMS)
def test_a_process_ends_at_its_limits(what: str, tmp_path: Path) -> None:
    limits = Limits(seconds=1, memory=500_000_000, file_size=1_000_000)
    with pytest.raises(UnreadableVideo, match="The video cannot be decoded: "):
        run([sys.executable, "-S", "-c", PROGRAMS[what]], tmp_path, limits)


def test_the_reason_names_no_file_of_the_worker(tmp_path: Path) -> None:
    program = f"raise SystemExit('file:{tmp_path}/original: no such stream')"
    with pytest.raises(UnreadableVideo) as caught:
        run([sys.executable, "-S", "-c", program], tmp_path, Limits(seconds=9, file_size=1_000_000))
    assert str(caught.value) == "The video cannot be decoded: original: no such stream."


def test_lines_are_reported_as_they_are_printed_whatever_they_are(tmp_path: Path) -> None:
    lines: list[str] = []
    program = r"import sys; sys.stdout.buffer.write(b'a=1\n\xff\n')"
    limits = Limits(seconds=9, file_size=100)
    run([sys.executable, "-S", "-c", program], tmp_path, limits, lines.append)
    assert lines == ["a=1", "�"]


def test_a_process_does_not_get_the_environment_of_the_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    program = "import os; print(sorted(os.environ))"
    limits = Limits(seconds=9, file_size=100)
    printed = run([sys.executable, "-S", "-c", program], tmp_path, limits)
    assert printed.strip() == "['HOME', 'LC_ALL', 'PATH', 'SVT_LOG', 'TMPDIR']"


def test_a_program_that_is_not_installed_is_a_mistake_of_the_site(tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match="no-such-program is not installed"):
        run(["no-such-program"], tmp_path, Limits(seconds=9, file_size=100))


SITE = """
import sys
import django
from django.conf import settings

settings.configure(
    INSTALLED_APPS=["django.contrib.contenttypes", "django_shift_media"],
    ROOT_URLCONF="site_urls",
    SECRET_KEY="x" * 50,
)
django.setup()
from django.core.management import call_command
from django.db import models
from django_shift_media.fields import MediaField
from django_shift_media.templatetags import shift_media


class Photo(models.Model):
    photo = MediaField()

    class Meta:
        app_label = "django_shift_media"


call_command("check", fail_level="CRITICAL")
assert str(Photo(photo="3c72aedc/ba25/41e6/a569/406c8f413974/a.jpg/a.jpg").photo.resize("9x9"))
print([name for name in sys.modules if name.startswith("django_shift_media.video")])
"""


def test_a_project_without_videos_loads_nothing_of_them(tmp_path: Path) -> None:
    script = tmp_path / "site.py"
    script.write_text(SITE)
    urls = 'from django.urls import include, path\nurlpatterns = [path("media/", include(URLS))]'
    (tmp_path / "site_urls.py").write_text(urls.replace("URLS", '"django_shift_media.urls"'))
    environment = {"PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        [sys.executable, script], env=environment, capture_output=True, text=True, check=True
    )
    assert ran.stdout.splitlines()[-1] == "[]"
