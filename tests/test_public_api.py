"""The public API exists, and is documented."""

import re
import subprocess
import sys
from importlib import import_module

import pytest
from django.dispatch import Signal

from django_shift_media.public_api import PUBLIC_API
from tests.support.servers import ROOT

NAMES = [(module, name) for module, names in PUBLIC_API.items() for name in names]


@pytest.mark.parametrize("module", PUBLIC_API)
def test_each_public_module_can_be_imported(module: str) -> None:
    assert import_module(f"django_shift_media.{module}").__name__.endswith(module)


@pytest.mark.parametrize(("module", "name"), NAMES)
def test_each_public_name_exists_and_has_a_docstring(module: str, name: str) -> None:
    public = getattr(import_module(f"django_shift_media.{module}"), name)
    assert isinstance(public, Signal) or public.__doc__


@pytest.mark.parametrize("page", ["api", "exceptions"])
def test_the_page_is_what_the_source_code_says(page: str) -> None:
    command = [sys.executable, "docs/public_api.py", page]
    made = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=True)
    path = ROOT / "docs" / "reference" / f"{page}.rst"
    assert path.read_text("utf-8") == made.stdout, f"python docs/public_api.py {page} > {path}"


def test_the_pages_list_every_public_name_and_no_other() -> None:
    pages = [(ROOT / "docs" / "reference" / f"{page}.rst") for page in ("api", "exceptions")]
    found: dict[str, list[str]] = {}
    directive = re.compile(r"^\.\. py:(\w+):: ([\w.]+)", re.MULTILINE)
    for kind, name in (match for page in pages for match in directive.findall(page.read_text())):
        if kind == "module":
            names = found.setdefault(name.removeprefix("django_shift_media."), [])
        else:
            names.append(name)
    assert found == {module: list(names) for module, names in PUBLIC_API.items()}


def test_each_exception_says_what_raises_it_and_what_the_view_answers() -> None:
    page = (ROOT / "docs" / "reference" / "exceptions.rst").read_text()
    for name in PUBLIC_API["exceptions"]:
        text = page.partition(f".. py:exception:: {name}\n")[2].partition(".. py:exception::")[0]
        assert name == "MediaError" or ("Raised " in text and " answers " in " ".join(text.split()))
