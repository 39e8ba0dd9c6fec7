"""The public API exists, and is documented."""

from importlib import import_module

import pytest
from django.dispatch import Signal

from django_shift_media.public_api import PUBLIC_API

NAMES = [(module, name) for module, names in PUBLIC_API.items() for name in names]


@pytest.mark.parametrize("module", PUBLIC_API)
def test_each_public_module_can_be_imported(module: str) -> None:
    assert import_module(f"django_shift_media.{module}").__name__.endswith(module)


@pytest.mark.parametrize(("module", "name"), NAMES)
def test_each_public_name_exists_and_has_a_docstring(module: str, name: str) -> None:
    public = getattr(import_module(f"django_shift_media.{module}"), name)
    assert isinstance(public, Signal) or public.__doc__
