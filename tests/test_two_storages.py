"""Two media storages beside each other: the default one, and one with the alias "private"."""

import io
from threading import Event
from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import connection, models
from django.db.migrations.state import ProjectState
from django.db.migrations.writer import MigrationWriter
from django.forms import modelform_factory
from django.template import engines
from django.test import Client
from django.test.utils import CaptureQueriesContext, isolate_apps
from django.urls import reverse
from PIL import Image

from django_shift_media.contrib.rest_framework import MediaSerializerField
from django_shift_media.fields import MediaField
from django_shift_media.generation import cache_lock, single_flight
from django_shift_media.storages.base import MediaStorage
from django_shift_media.storages.selection import media_storage
from gallery.drawings import draw_photo
from gallery.models import Attachment, Photo
from tests.support.concurrency import at_once
from tests.support.second_storage import on_disk, store_attachments_in
from tests.support.stored_objects import keys_of
from tests.support.system_checks import found
from tests.support.waiting import PATIENCE

pytestmark = pytest.mark.django_db


@pytest.fixture
def private(settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> MediaStorage:
    return store_attachments_in(settings, monkeypatch, on_disk(tmp_path / "private"))


def attach(name: str = "secret.jpg", side: int = 80) -> Attachment:
    return Attachment.objects.create(preview=ContentFile(draw_photo(side, side), name=name))


# -- the field ------------------------------------------------------------------------------------


@isolate_apps("gallery")
def test_a_migration_has_the_alias_and_nothing_of_the_storage(settings: Any, private: Any) -> None:
    class Document(models.Model):
        file = MediaField(storage="private")
        photo = MediaField()

        class Meta:
            app_label = "gallery"

    def written() -> list[str]:
        fields = Document._meta.get_field("file"), Document._meta.get_field("photo")
        return [MigrationWriter.serialize(field)[0] for field in fields]

    before = written()
    assert before == [
        "django_shift_media.fields.MediaField(storage='private')",
        "django_shift_media.fields.MediaField()",
    ]
    settings.SHIFT_MEDIA_STORAGE = "private"
    settings.STORAGES = {**settings.STORAGES, "private": on_disk("/elsewhere")}
    assert written() == before


@isolate_apps("gallery")
def test_a_model_of_a_migration_has_the_same_storage(private: MediaStorage) -> None:
    class Document(models.Model):
        file = MediaField(storage="private")

        class Meta:
            app_label = "gallery"

    state = ProjectState.from_apps(Document._meta.apps)
    field = state.apps.get_model("gallery", "Document")._meta.get_field("file")
    assert field.storage is private


@pytest.mark.django_db(transaction=True)
@isolate_apps("gallery")
def test_another_alias_changes_nothing_in_the_database() -> None:
    class Document(models.Model):
        file = MediaField()

        class Meta:
            app_label = "gallery"

    moved = MediaField(storage="private")
    moved.set_attributes_from_name("file")
    moved.model = Document
    with connection.schema_editor() as editor, CaptureQueriesContext(connection) as queries:
        editor.alter_field(Document, Document._meta.get_field("file"), moved)
    assert queries.captured_queries == []


def test_an_alias_is_resolved_when_it_is_used(settings: Any, private: Any, tmp_path: Any) -> None:
    settings.STORAGES = {**settings.STORAGES, "private": on_disk(tmp_path / "moved")}
    attachment = attach()
    assert (tmp_path / "moved" / str(attachment.preview.name)).is_file()


@pytest.mark.parametrize(
    ("alias", "message"),
    [
        ("privat", "Unknown storage 'privat'. STORAGES has: default, staticfiles."),
        ("default", "STORAGES\\['default'\\] is a FileSystemStorage, not a media storage."),
    ],
)
def test_an_alias_of_no_media_storage_is_refused(alias: str, message: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=message):
        media_storage(alias)


# -- URLs -----------------------------------------------------------------------------------------


def test_each_storage_has_its_files_and_its_urls(photo: Photo, private: MediaStorage) -> None:
    attachment = attach()
    assert keys_of(private) == {attachment.preview.name}
    assert keys_of(media_storage()) == {photo.photo.name}
    assert photo.photo.url == reverse("django_shift_media:media", args=[photo.photo.name])
    assert attachment.preview.url == reverse("private:media", args=[attachment.preview.name])
    folder = str(attachment.preview.name).removesuffix("secret.jpg")
    for url in (
        attachment.preview.resize("20x20"),
        attachment.preview.picture(widths="20,40").img.url,
    ):
        assert url.startswith(f"/documents/{folder}")


def test_urls_need_no_io(
    private: Any, django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    attachment = attach()
    monkeypatch.setattr("builtins.open", lambda *_: pytest.fail("reads a file"))
    monkeypatch.setattr("os.stat", lambda *_: pytest.fail("looks at a file"))
    with django_assert_num_queries(0):
        assert attachment.preview.resize("20x20")


def test_a_storage_knows_its_urls_however_it_is_found(settings: Any, private: Any) -> None:
    settings.STORAGES = {**settings.STORAGES}  # so that no storage has been created
    assert storages["private"].url("a.jpg") == "/documents/a.jpg"


def test_a_host_in_media_url_is_for_the_default_storage(settings: Any, private: Any) -> None:
    settings.MEDIA_URL = "https://cdn.example.com/"
    assert media_storage().url("a.jpg") == "https://cdn.example.com/a.jpg"
    assert media_storage("private").url("a.jpg") == "/documents/a.jpg"


def test_the_default_storage_may_be_included_by_its_alias(settings: Any, private: Any) -> None:
    settings.SHIFT_MEDIA_STORAGE = "private"
    assert media_storage().url("a.jpg") == "/media/a.jpg"  # included without a namespace, too
    settings.ROOT_URLCONF = "tests.support.urls_of_one_alias"
    assert media_storage().url("a.jpg") == "/documents/a.jpg"


def test_a_storage_without_urls_raises(settings: Any, private: Any) -> None:
    settings.ROOT_URLCONF = "testproject.urls"
    with pytest.raises(ImproperlyConfigured, match="with the namespace 'private'"):
        attach().preview.resize("20x20")


@pytest.mark.parametrize("engine", ["django", "jinja2"])
def test_tags_use_the_storage_of_the_field(
    private: Any, jinja2_templates: None, engine: str
) -> None:
    load, call = {
        "django": ("{% load shift_media %}", '{% img file "20x20" alt="" %}'),
        "jinja2": ("", '{{ img(file, "20x20", alt="") }}'),
    }[engine]
    template = engines[engine].from_string(load + call)
    assert 'src="/documents/' in template.render({"file": attach().preview})


def test_forms_use_the_storage_of_the_field(private: Any) -> None:
    form = modelform_factory(Attachment, fields=["preview"])(instance=attach())
    page = form.as_p()
    assert "/documents/" in page
    assert "/media/" not in page


def test_serializers_use_the_storage_of_the_field(private: Any) -> None:
    field = MediaSerializerField(resizes=["20x20"])
    document = field.to_representation(attach().preview)
    assert document is not None
    for url in (document["url"], document["resizes"]["20x20"]):
        assert url.startswith("/documents/")


# -- the view -------------------------------------------------------------------------------------


def test_a_resize_is_made_in_the_storage_of_its_urls(
    client: Client, photo: Photo, private: MediaStorage
) -> None:
    for file, storage in ((photo.photo, media_storage()), (attach().preview, private)):
        url = file.resize("20x20")
        answer = client.get(url)
        assert Image.open(io.BytesIO(answer.content)).size[0] == 20
        assert url.removeprefix(storage.media_url) in keys_of(storage)


def elsewhere(url: str) -> str:
    """Return the same key under the URLs of the other storage."""
    assert url.startswith("/documents/")
    return url.replace("/documents/", "/media/")


@pytest.mark.parametrize("is_stored", [False, True])
def test_urls_of_another_storage_do_not_reach_a_file(
    client: Client, private: MediaStorage, settings: Any, is_stored: bool
) -> None:
    settings.DEBUG = True
    preview = attach().preview
    url = preview.resize("20x20")
    if is_stored:
        assert client.get(url).status_code == 200
    assert client.get(elsewhere(url)).status_code == 404
    assert client.get(elsewhere(preview.url)).status_code == 404
    # Nor do they keep it from those who ask correctly.
    assert client.get(url).status_code == 200
    assert keys_of(media_storage()) == set()


@pytest.mark.parametrize("is_stored", [False, True])
def test_requests_for_the_same_key_share_nothing_across_storages(
    private: MediaStorage, monkeypatch: pytest.MonkeyPatch, is_stored: bool
) -> None:
    url = attach().preview.resize("20x20")
    if is_stored:
        assert Client().get(url).status_code == 200
    # Nobody waits for anybody here; otherwise, this ends it soon.
    for module in (single_flight, cache_lock):
        monkeypatch.setattr(module, "WAIT_SECONDS", 1)
    is_read, may_continue = Event(), Event()
    get = type(private).get

    def wait(storage: MediaStorage, key: str, **options: Any) -> bytes:
        data = get(storage, key, **options)
        if storage is private:
            is_read.set()
            may_continue.wait(PATIENCE)
        return data

    monkeypatch.setattr(type(private), "get", wait)

    def ask_elsewhere() -> int:
        is_read.wait(PATIENCE)
        try:
            return Client().get(elsewhere(url)).status_code
        finally:
            may_continue.set()

    assert at_once([lambda: Client().get(url).status_code, ask_elsewhere]) == [200, 404]
    assert keys_of(media_storage()) == set()


# -- system checks --------------------------------------------------------------------------------


def test_good_settings_have_no_messages(private: Any) -> None:
    assert run_checks() == []


def test_the_check_names_a_missing_include(settings: Any, private: Any) -> None:
    settings.ROOT_URLCONF = "testproject.urls"
    message = found()["shift_media.E007"]
    assert message.msg.endswith(
        "does not include django_shift_media.urls with the namespace 'private'."
    )
    assert "include('django_shift_media.urls', namespace='private')" in message.hint
    settings.ROOT_URLCONF = "tests.support.urls_of_one_alias"
    assert "path('shift-media/', include(" in found()["shift_media.E007"].hint


def test_the_check_names_what_uses_an_unknown_alias(settings: Any, private: Any) -> None:
    settings.STORAGES = {alias: settings.STORAGES[alias] for alias in ("default", "staticfiles")}
    message = found()["shift_media.E004"]
    assert message.msg == "Unknown storage 'private'. STORAGES has: default, staticfiles."
    for user in ("gallery.Attachment.file", "gallery.Attachment.preview", "urls_of_two_storages"):
        assert user in message.hint


def test_the_check_finds_wrong_options_of_each_storage(settings: Any, private: Any) -> None:
    storage = {"BACKEND": "django_shift_media.storages.s3.S3MediaStorage"}
    settings.STORAGES = {**settings.STORAGES, "private": {**storage, "OPTIONS": {"mode": "cdn"}}}
    assert "OPTIONS of STORAGES['private']" in found()["shift_media.E004"].hint
    settings.STORAGES = {**settings.STORAGES, "private": storage}
    assert "STORAGES['private']" in found()["shift_media.E005"].hint


def test_the_check_finds_storages_that_have_the_same_files(settings: Any, private: Any) -> None:
    location = {"location": settings.MEDIA_ROOT}
    settings.STORAGES = {**settings.STORAGES, "private": {**on_disk(""), "OPTIONS": location}}
    assert found()["shift_media.W020"].msg == (
        "These storages have the same files: the default media storage, 'private'."
    )


def test_the_check_finds_urls_that_others_handle(settings: Any, private: Any) -> None:
    settings.ROOT_URLCONF = "tests.support.urls_that_overlap"
    message = found()["shift_media.E015"]
    assert "'/media/documents/'" in message.msg
    assert "namespace='private'" in message.hint
