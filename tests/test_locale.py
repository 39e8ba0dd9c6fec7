"""The message catalogs are complete, compiled and used."""

import gettext
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.utils import translation

import django_shift_media
from django_shift_media.exceptions import FileTooLarge, UnreadableImage
from tests.support.requirements import missing

PACKAGE = Path(django_shift_media.__file__).parent
LANGUAGES = ["de", "es", "fr", "ru"]


def catalog(language: str, root: Path = PACKAGE) -> Path:
    return root / "locale" / language / "LC_MESSAGES" / "django.po"


def run(*command: str, cwd: Path = PACKAGE) -> str:
    if shutil.which("msgfmt") is None:
        missing("gettext: apt-get install gettext")
    environment = {k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def extracted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package with catalogs updated from its sources."""
    root = tmp_path_factory.mktemp("extracted") / "django_shift_media"
    shutil.copytree(PACKAGE, root)
    makemessages = ["makemessages", "--all", "--no-wrap", "--no-location", "--no-obsolete"]
    run(sys.executable, "-m", "django", *makemessages, cwd=root)
    return root


def messages(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.startswith('"POT-Creation-Date')]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_message_is_missing(language: str, extracted: Path) -> None:
    path = catalog(language)
    assert messages(catalog(language, extracted)) == messages(path), "run makemessages"
    assert run("msgattrib", "--untranslated", str(path)) == ""
    assert run("msgattrib", "--only-fuzzy", str(path)) == ""


@pytest.mark.parametrize("language", LANGUAGES)
def test_compiled_catalogs_are_up_to_date(language: str, tmp_path: Path) -> None:
    path = catalog(language)
    run("msgfmt", "--check", "-o", str(tmp_path / "new.mo"), str(path))
    new, committed = (
        gettext.GNUTranslations(file.open("rb"))._catalog  # type: ignore[attr-defined]
        for file in (tmp_path / "new.mo", path.with_suffix(".mo"))
    )
    assert new == committed, "run compilemessages"


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "The file has 1,234,567 bytes; the maximum is 1,000,000."),
        ("de", "Die Datei hat 1.234.567 Bytes; erlaubt sind höchstens 1.000.000."),
        ("ru", "Размер файла в байтах: 1\xa0234\xa0567, допускается не более 1\xa0000\xa0000."),
        ("nl", "The file has 1.234.567 bytes; the maximum is 1.000.000."),
    ],
)
def test_messages_are_translated_with_localized_numbers(language: str, text: str) -> None:
    message = "The file has %(size)s bytes; the maximum is %(limit)s."
    error = FileTooLarge(message, size=1_234_567, limit=1_000_000)
    with translation.override(language):
        assert error.translated() == text
        assert str(error) == "The file has 1,234,567 bytes; the maximum is 1,000,000."


# Where a sentence after a colon would begin with a small letter.
@pytest.mark.parametrize("language", ["es", "fr", "ru"])
def test_a_sentence_does_not_follow_a_colon(language: str) -> None:
    lines = catalog(language).read_text(encoding="utf-8").splitlines()
    text = "\n".join(line for line in lines[10:] if line.startswith("msgstr"))
    assert text.count(". %(reason)s") == 3
    assert not re.search(r": (%\(reason\)s|[A-ZÁÉÀÇÊ¿¡А-Я])(?![A-Z])", text)


def test_a_message_without_parameters_may_contain_a_percent_sign() -> None:
    error = UnreadableImage("100% broken")
    assert (str(error), error.translated()) == ("100% broken", "100% broken")
