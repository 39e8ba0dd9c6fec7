"""A media storage on top of any storage of Django."""

import io
from ast import literal_eval
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, Storage
from django.test import Client
from PIL import Image

from django_shift_media.exceptions import StorageUnavailable
from django_shift_media.storages.selection import media_storage
from gallery.models import Photo
from tests.support.adapters import IN_MEMORY, adapt, in_folder
from tests.support.concurrency import at_once
from tests.support.stored_objects import new_key, resize_of, tend
from tests.support.system_checks import found

pytestmark = pytest.mark.django_db


def keys_in(storage: Any) -> set[str]:
    return {item.key for page in storage.list_pages("") for item in page}


def test_the_app_makes_and_serves_resizes(client: Client, adapted: Any, photo: Photo) -> None:
    url = photo.photo.resize("50x50", format="webp")
    for _ in range(2):  # made, and stored
        answer = client.get(url)
        assert answer.status_code == 200
        assert answer["Content-Type"] == "image/webp"
        assert Image.open(io.BytesIO(answer.content)).size == (50, 38)
    assert keys_in(adapted) == {photo.photo.name, str(url).removeprefix("/media/")}


@pytest.mark.django_db(transaction=True)
def test_a_deletion_takes_the_resizes_with_it(client: Client, adapted: Any, photo: Photo) -> None:
    url = photo.photo.resize("50x50")
    assert client.get(url).status_code == 200
    photo.photo.delete()
    assert keys_in(adapted) == set()
    assert client.get(url).status_code == 404


def test_originals_have_the_urls_of_the_storage(adapted: Any, photo: Photo) -> None:
    name = photo.photo.name
    assert photo.photo.url.partition("?")[0] == adapted.backend.url(name).partition("?")[0]


def test_with_a_base_url_all_urls_begin_with_it(settings: Any, photo: Photo) -> None:
    adapt(settings, IN_MEMORY, base_url="https://media.example/")
    photo = Photo(photo=photo.photo.name)
    for url in (photo.photo.url, photo.photo.resize("50x50")):
        assert str(url).startswith(f"https://media.example/{str(photo.photo.name)[:36]}/")


def test_commands_work(client: Client, adapted: Any, photo: Photo) -> None:
    assert client.get(photo.photo.resize("50x50")).status_code == 200
    assert tend("clear_media_resizes")["counts"] == {"deleted": 1}
    assert keys_in(adapted) == {photo.photo.name}
    orphan = adapted.save(new_key(), ContentFile(b"data"))
    tend("clean_media_orphans", "--delete", "--grace", "0s")
    assert keys_in(adapted) == {photo.photo.name}, orphan


def test_the_app_serves_a_private_storage(
    admin_client: Client, settings: Any, tmp_path: Path, small_jpeg: bytes
) -> None:
    adapt(settings, in_folder(tmp_path / "files"), access="private")
    photo = Photo.objects.create(photo=ContentFile(small_jpeg, name="small.jpg"))
    for url in (photo.photo.url, photo.photo.resize("50x50")):
        assert admin_client.get(url).status_code == 200
        assert Client().get(url).status_code == 404


def test_concurrent_processes_leave_one_resize(settings: Any, tmp_path: Path) -> None:
    # FileSystemStorage stores what comes second under another name.
    adapted = adapt(settings, in_folder(tmp_path / "files"))
    key = resize_of(new_key())
    assert at_once([lambda: adapted.put(key, b"data")] * 8) == [None] * 8
    assert keys_in(adapted) == {key}
    assert adapted.get(key) == b"data"


class FullDisk(FileSystemStorage):
    """A disk that is full after a few bytes."""

    def _save(self, name: str, content: Any) -> str:
        super()._save(name, ContentFile(b"half"))  # type: ignore[misc]  # not in the stubs
        raise OSError("No space left on device")


def test_a_failure_leaves_no_part_of_a_file(
    client: Client, settings: Any, tmp_path: Path, photo: Photo
) -> None:
    backend = {"BACKEND": f"{__name__}.FullDisk", "OPTIONS": {"location": str(tmp_path / "files")}}
    adapted = adapt(settings, backend)
    with pytest.raises(StorageUnavailable, match="No space left on device"):
        adapted.put(resize_of(new_key()), b"data")
    with pytest.raises(StorageUnavailable, match="No space left on device"):
        adapted.save(new_key(), ContentFile(b"data"))
    assert keys_in(adapted) == set()


class Renaming(FileSystemStorage):
    """A storage that changes names."""

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        return f"other/{name}"


def test_a_storage_that_changes_the_name_of_an_original_is_refused(
    settings: Any, tmp_path: Path
) -> None:
    backend = {"BACKEND": f"{__name__}.Renaming", "OPTIONS": {"location": str(tmp_path / "files")}}
    adapted = adapt(settings, backend)
    with pytest.raises(StorageUnavailable, match="as 'other/"):
        adapted.save(new_key(), ContentFile(b"data"))
    assert keys_in(adapted) == set()


class Unreachable(Storage):
    """A storage whose server cannot be reached, with an error of its own."""

    def exists(self, name: str) -> bool:
        raise RuntimeError("The server does not answer.")

    _open = _save = size = delete = listdir = get_modified_time = exists


def test_a_failing_storage_is_a_503(client: Client, settings: Any) -> None:
    adapt(settings, {"BACKEND": f"{__name__}.Unreachable"})
    answer = client.get(Photo(photo=new_key()).photo.resize("50x50"))
    assert answer.status_code == 503
    assert answer["Retry-After"] == "10"


# -- configuration --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"storage": "media2"}, "Could not find config for 'media2'"),
        ({"storage": "local"}, r"STORAGES\['local'\] is a media storage, which needs no adapter"),
        ({"base_url": "/media"}, "Invalid base_url '/media'. Add a slash at its end."),
        ({"bucket_name": "x"}, "Unknown option 'bucket_name'"),
        ({"url_seconds": 60}, "'url_seconds' requires"),
    ],
)
def test_invalid_options_are_refused(settings: Any, options: Any, message: str) -> None:
    local = {"BACKEND": "django_shift_media.storages.local.LocalMediaStorage"}
    settings.STORAGES = {**settings.STORAGES, "local": local}
    with pytest.raises(ImproperlyConfigured, match=message):
        adapt(settings, IN_MEMORY, **options)


def test_the_hint_for_a_plain_storage_is_a_setting_that_works(settings: Any) -> None:
    settings.STORAGES = {**settings.STORAGES, "files": IN_MEMORY}
    settings.SHIFT_MEDIA_STORAGE = "files"
    hint = found()["shift_media.E004"].hint
    written = hint.partition('"media": ')[2].partition("}, and use")[0]
    settings.STORAGES = {**settings.STORAGES, "media": literal_eval(written)}
    settings.SHIFT_MEDIA_STORAGE = "media"
    assert "shift_media.E004" not in found()
    assert media_storage().place == ("adapted", "files")


class WithoutListing(Storage):
    """A storage that cannot list folders, as some cannot."""

    def open(self, name: str, mode: str = "rb") -> Any:
        """Open a file: in place of ``_open()``."""

    def exists(self, name: str) -> bool:
        return False

    _save = size = delete = exists


def test_a_check_names_what_the_adapted_storage_lacks(settings: Any) -> None:
    adapt(settings, {"BACKEND": f"{__name__}.WithoutListing"})
    message = found()["shift_media.E027"].msg
    assert message == "WithoutListing does not define: get_modified_time, listdir."


def test_storages_of_django_lack_nothing(adapted: Any) -> None:
    assert "shift_media.E027" not in found()
