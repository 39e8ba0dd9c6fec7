"""Fixtures of pytest: import them in a ``conftest.py``."""

from collections.abc import Iterator

import pytest

from django_shift_media.storages.base import MediaStorage
from django_shift_media.storages.selection import media_storage
from django_shift_media.testing.isolation import isolated_media


@pytest.fixture
def media() -> Iterator[MediaStorage]:
    """Keep all media of a test in memory; its value is the default media storage."""
    with isolated_media():
        yield media_storage()


@pytest.fixture
def media_with_any_names() -> Iterator[MediaStorage]:
    """Do as ``media``, and let rows name files that do not exist, such as "chair.jpg"."""
    with isolated_media(any_names=True):
        yield media_storage()
