"""The modules of a shop whose code is in the documents, and its logo."""

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.support.examples import EXAMPLES
from tests.support.watermarks import watermark

MODULES = ("shop.images", "shop.engines")


def install(monkeypatch: Any, settings: Any, folder: Path) -> None:
    """Make what the documents show importable, and "shop/logo.png" a static file."""
    monkeypatch.setitem(sys.modules, "shop", ModuleType("shop"))
    for name in MODULES:
        module = ModuleType(name)
        exec(code_of(name), vars(module))
        monkeypatch.setitem(sys.modules, name, module)
    (folder / "shop").mkdir()
    watermark(folder / "shop" / "logo.png")
    settings.STATICFILES_DIRS = [folder]


def code_of(name: str) -> str:
    first_line = f"# {name.replace('.', '/')}.py\n"
    (code,) = (example.code for example in EXAMPLES if example.code.startswith(first_line))
    return code
