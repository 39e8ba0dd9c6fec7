"""The contract of media storages: every storage keeps it, and each rule is tested."""

from typing import Any

import pytest
from django.core.files.storage import FileSystemStorage

from django_shift_media.storages.base import MediaStorage
from django_shift_media.storages.contract import missing_methods
from django_shift_media.testing import StorageConformance
from tests.support.broken_storages import BROKEN
from tests.support.buckets import new_bucket
from tests.support.clouds import use_cloud
from tests.support.system_checks import found

RULES = sorted(name for name in dir(StorageConformance) if name.startswith("test_"))

# s3rver ignores If-None-Match, and shows a file while it is written.
OVERWRITTEN = "test_an_original_is_never_overwritten"
# Django's storages write in parts, which no adapter can hide.
IN_PARTS = "test_a_resize_appears_whole"


def expect_failures(request: Any, *rules: str) -> None:
    if request.node.originalname in rules:
        # It depends on the moment whether a thread sees a part of a file.
        strict = request.node.originalname != IN_PARTS
        request.applymarker(pytest.mark.xfail(strict=strict, reason="the server cannot do it"))


class TestMediaStorages(StorageConformance):
    """Local disk, memory, and each S3 server and other cloud."""

    @pytest.fixture(autouse=True)
    def _storage(self, request: Any, any_storage: Any) -> None:
        self.storage = any_storage
        if request.node.callspec.params["any_storage"] == "s3rver":
            expect_failures(request, OVERWRITTEN, IN_PARTS)


@pytest.mark.nightly
class TestVersionedBucket(StorageConformance):
    @pytest.fixture(autouse=True)
    def _storage(self, settings: Any, moto: Any) -> None:
        self.storage = storage = new_bucket(settings, moto, delete_versions=True)
        storage.client.put_bucket_versioning(
            Bucket=storage.bucket_name, VersioningConfiguration={"Status": "Enabled"}
        )


class TestGoogleCloud(StorageConformance):
    """Google Cloud Storage; its emulator is quick."""

    @pytest.fixture(autouse=True)
    def _storage(self, settings: Any, running: Any) -> None:
        self.storage = use_cloud(settings, running("gcs"), location="some/where")

    pytestmark = pytest.mark.server


class TestAdaptedStorages(StorageConformance):
    """Django's storages on disk and in memory, and django-storages' for SFTP and S3."""

    @pytest.fixture(autouse=True)
    def _storage(self, request: Any, adapted: Any) -> None:
        self.storage = adapted
        if request.node.callspec.params["adapted"] != "moto":
            expect_failures(request, IN_PARTS)


def failures(storage: Any) -> set[str]:
    """Return the rules that a storage breaks."""
    tests = StorageConformance()
    tests.storage = storage
    broken = set()
    for rule in RULES:
        try:
            getattr(tests, rule)()
        except Exception:
            broken.add(rule)
    return broken


@pytest.mark.parametrize("rule", RULES)
def test_a_storage_that_breaks_a_rule_fails_exactly_its_test(rule: str) -> None:
    assert failures(BROKEN[rule]()) == {rule}


def test_each_broken_storage_is_of_a_rule() -> None:
    assert set(BROKEN) == set(RULES)


# -- missing methods ------------------------------------------------------------------------------


class Unfinished(MediaStorage):
    """A storage with the methods of the first page that somebody has read."""

    def exists(self, key: str) -> bool:
        return False

    def get(self, key: str, *, max_bytes: int | None = None) -> bytes:
        raise FileNotFoundError(key)

    def put(self, key: str, data: bytes) -> None:
        pass

    @property
    def media_url(self) -> str:
        return "/media/"


class OfDjango(MediaStorage, FileSystemStorage):
    """A storage of Django's as a media storage, without an adapter."""


@pytest.mark.parametrize(
    ("storage", "missing"),
    [
        (Unfinished, "_open, _save, size, place, list_pages, delete_many"),
        (OfDjango, "place, media_url, exists, get, put, list_pages, delete_many"),
    ],
)
def test_a_check_names_what_a_storage_lacks(
    settings: Any, storage: type[MediaStorage], missing: str
) -> None:
    backend = {"BACKEND": f"{__name__}.{storage.__name__}"}
    settings.STORAGES = {**settings.STORAGES, "media": backend}
    settings.SHIFT_MEDIA_STORAGE = "media"
    message = found()["shift_media.E027"].msg
    assert message == f"{storage.__name__} does not define: {missing}."


@pytest.mark.parametrize(
    "any_storage",
    [
        "local",
        "memory",
        "moto",
        pytest.param("gcs", marks=pytest.mark.nightly),
        pytest.param("azurite", marks=pytest.mark.nightly),
    ],
    indirect=True,
)
def test_the_storages_of_the_package_lack_nothing(any_storage: Any) -> None:
    assert missing_methods(any_storage) == []
