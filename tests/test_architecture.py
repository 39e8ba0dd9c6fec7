"""The map of the code: it names what exists, and each package, in the layers of the contract."""

import re
import tomllib
from importlib import import_module
from typing import Any

import pytest

from tests.support.servers import ROOT

PACKAGE = ROOT / "django_shift_media"
PAGE = (ROOT / "docs" / "contributing" / "architecture.rst").read_text()
LITERALS = set(re.findall(r"``([^`]+)``", PAGE))
NAMES = sorted(name for name in LITERALS if re.fullmatch(r"[a-z]\w*(\.\w+)+(\(\))?", name))
NAMES_OF_OTHERS = {"django.tasks", "pyproject.toml"}
PACKAGES = [
    path.parent.relative_to(PACKAGE).as_posix().replace("/", ".")
    for path in sorted(PACKAGE.glob("*/**/__init__.py"))
]
MODULES = sorted(path.stem for path in PACKAGE.glob("*.py") if path.stem != "__init__")


def resolve(name: str) -> Any:
    """Import the modules in a dotted name, and return the attribute that the rest of it names."""
    found: Any = import_module("django_shift_media")
    path = "django_shift_media"
    for part in name.split("."):
        path = f"{path}.{part}"
        is_package = hasattr(found, "__path__")
        found = import_module(path) if is_package else getattr(found, part)
    return found


@pytest.mark.parametrize("name", [name for name in NAMES if name not in NAMES_OF_OTHERS])
def test_each_name_on_the_page_exists(name: str) -> None:
    found = resolve(name.removesuffix("()"))
    assert callable(found) or not name.endswith("()")


@pytest.mark.parametrize("name", [*PACKAGES, *MODULES])
def test_each_package_and_each_module_at_the_root_is_on_the_page(name: str) -> None:
    assert name in LITERALS


def test_the_drawing_shows_the_layers_of_the_contract() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (contract,) = (item for item in settings["contracts"] if item["id"] == "layers")
    drawing = PAGE.partition("this drawing with them::\n\n")[2].partition("\n\n")[0]
    assert re.findall(r"│ (.*\S) +│", drawing) == contract["layers"]
