import sys
from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.forms import modelform_factory
from django.urls import clear_script_prefix, include, path, re_path, set_script_prefix
from django.views.static import serve

from django_shift_media.conf import NAMES, conf
from gallery.models import Photo
from tests.support.system_checks import found

S3 = "django_shift_media.storages.s3.S3MediaStorage"
LOCAL = "django_shift_media.storages.local.LocalMediaStorage"


def with_storage(settings: Any, backend: str, **options: Any) -> None:
    settings.STORAGES = {**settings.STORAGES, "media": {"BACKEND": backend, "OPTIONS": options}}
    settings.SHIFT_MEDIA_STORAGE = "media"


def test_a_good_configuration_has_no_messages() -> None:
    assert found() == {}


def test_a_misspelt_setting_is_named(settings: Any) -> None:
    settings.SHIFT_MEDIA_MAX_PIXEL = 5
    settings.SHIFT_MEDIA_XYZ = 5
    messages = [message for message in run_checks() if message.id == "shift_media.E001"]
    assert [message.msg for message in messages] == [
        "Unknown setting SHIFT_MEDIA_MAX_PIXEL.",
        "Unknown setting SHIFT_MEDIA_XYZ.",
    ]
    assert messages[0].hint == "Did you mean SHIFT_MEDIA_MAX_PIXELS?"
    assert "Did you mean" not in messages[1].hint
    assert "SHIFT_MEDIA_STORAGE" in str(messages[1].hint)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SHIFT_MEDIA_MAX_PIXELS", "many"),
        ("SHIFT_MEDIA_MAX_BYTES", 0),
        ("SHIFT_MEDIA_MAX_FRAMES", 0),
        ("SHIFT_MEDIA_MAX_RESPONSE_BYTES", 0),
        ("SHIFT_MEDIA_MAX_RESPONSE_BYTES", "many"),
        ("SHIFT_MEDIA_CONCURRENCY", True),
        ("SHIFT_MEDIA_THREADS", 0),
        ("SHIFT_MEDIA_THREADS", "all"),
        ("SHIFT_MEDIA_STORAGE", 5),
        ("SHIFT_MEDIA_SIGNING_KEY", None),
        ("SHIFT_MEDIA_SIGNING_KEY_FALLBACKS", "one"),
        ("SHIFT_MEDIA_ENGINE", None),
        ("SHIFT_MEDIA_CACHE", 1.5),
        ("SHIFT_MEDIA_FORMATS", "jpg"),
        ("SHIFT_MEDIA_FORMATS", []),
        ("SHIFT_MEDIA_FORMATS", ["jpg", "jpeg"]),
        ("SHIFT_MEDIA_COLOR", "cmyk"),
        ("SHIFT_MEDIA_TRUNCATED", True),
        ("SHIFT_MEDIA_KEEP_CREDIT", "yes"),
        ("SHIFT_MEDIA_FOCAL_POINT", True),
    ],
)
def test_a_wrong_value_is_named(settings: Any, name: str, value: Any) -> None:
    assert name in NAMES
    setattr(settings, name, value)
    message = found()["shift_media.E002"]
    assert message.msg.startswith(f"{name} is {value!r}. It")
    with pytest.raises(ImproperlyConfigured):
        getattr(conf, name.removeprefix("SHIFT_MEDIA_").lower())


def test_an_unknown_engine_is_named(settings: Any) -> None:
    settings.SHIFT_MEDIA_ENGINE = "paint"
    assert found()["shift_media.E003"].msg == (
        "SHIFT_MEDIA_ENGINE is 'paint'. It must be one of: pillow, auto, vips; or a dotted path."
    )


def test_a_package_that_a_format_needs_is_named(settings: Any, monkeypatch: Any) -> None:
    settings.SHIFT_MEDIA_FORMATS = ["jpg", "heic"]
    assert found() == {}
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    message = found()["shift_media.E011"]
    assert message.msg == (
        "SHIFT_MEDIA_FORMATS contains 'heic', but the package pillow_heif is not installed."
    )
    assert message.hint == 'Run: pip install "django-shift-media[heic]"'


def test_an_unknown_alias_is_named(settings: Any) -> None:
    settings.SHIFT_MEDIA_STORAGE = "cellar"
    assert "'cellar'" in found()["shift_media.E004"].msg


def test_a_storage_of_another_kind_is_named(settings: Any) -> None:
    with_storage(settings, "django.core.files.storage.InMemoryStorage")
    assert "InMemoryStorage, not a media storage" in found()["shift_media.E004"].msg


@pytest.mark.parametrize(
    "options", [{"mode": "cdn"}, {"default_acl": "public-read"}, {"bucket": "misspelt"}]
)
def test_a_wrong_option_of_the_storage_is_named(settings: Any, options: dict[str, Any]) -> None:
    with_storage(settings, S3, bucket_name="b", **options)
    (value,) = options
    assert value in found()["shift_media.E004"].msg


def test_a_missing_bucket_name_is_named(settings: Any) -> None:
    with_storage(settings, S3)
    assert "bucket_name" in str(found()["shift_media.E005"].hint)


def test_a_missing_media_root_is_named(settings: Any) -> None:
    settings.MEDIA_ROOT = ""
    assert "MEDIA_ROOT" in found()["shift_media.E006"].msg


def test_urls_that_are_not_mounted_are_named(settings: Any) -> None:
    settings.ROOT_URLCONF = "gallery.urls"
    message = found()["shift_media.E007"]
    assert "include('django_shift_media.urls')" in str(message.hint)
    assert "gallery.urls" in str(message.hint)


def test_urls_that_are_mounted_elsewhere_are_named(settings: Any) -> None:
    with_storage(settings, LOCAL, base_url="/files/")
    assert "'/files/'" in found()["shift_media.E008"].msg
    with_storage(settings, S3, bucket_name="b", region_name="eu-west-1")
    assert "shift_media.E008" not in found()


def test_a_cdn_in_front_of_the_app_is_not_another_path(settings: Any) -> None:
    settings.SHIFT_MEDIA_STORAGE = None
    for url in ("https://cdn.example.com/m/", "//cdn.example.com/m/"):
        settings.MEDIA_URL = url
        assert "shift_media.E008" not in found()


def test_an_empty_signing_key_is_an_error(settings: Any) -> None:
    settings.SHIFT_MEDIA_SIGNING_KEY = ""
    assert "anyone could sign" in found()["shift_media.E002"].msg


@pytest.mark.parametrize("name", ["SHIFT_MEDIA_SIGNING_KEY_FALLBACKS", "SECRET_KEY_FALLBACKS"])
@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ("", "is empty"),
        (b"", "is empty"),
        (None, "is a NoneType"),
        (5, "is a int"),
        ("hunter2", "has 7 bytes"),
    ],
)
def test_a_fallback_that_lets_others_sign_is_refused(
    settings: Any, name: str, key: Any, problem: str
) -> None:
    setattr(settings, name, ["a-key-of-32-characters-or-more-..", key])
    message = found()["shift_media.E002"]
    assert message.msg.startswith(f"{name}[1] {problem}")
    assert "hunter2" not in message.msg + message.hint
    assert "SHIFT_MEDIA_SIGNING_KEY_FALLBACKS" in message.hint
    with pytest.raises(ImproperlyConfigured, match="Remove it from the list"):
        _ = conf.signing_key_fallbacks


def test_a_short_signing_key_is_named(settings: Any) -> None:
    settings.SHIFT_MEDIA_SIGNING_KEY = "secret"
    assert "has 6 bytes" in found()["shift_media.W009"].msg


# -- URLs -----------------------------------------------------------------------------------------


class Urls:
    """A URLconf, as a module would be one."""

    def __init__(self, *urlpatterns: Any) -> None:
        self.urlpatterns = urlpatterns


MOUNTED = path("media/", include("django_shift_media.urls"))


@pytest.mark.parametrize(
    "pattern",
    [
        re_path(r"^media/(?P<path>.*)$", serve, {"document_root": "/"}),  # as static() makes it
        path("<path:page>", serve, {"document_root": "/"}),
    ],
)
def test_a_pattern_that_shadows_the_urls_is_named(settings: Any, pattern: Any) -> None:
    settings.ROOT_URLCONF = Urls(pattern, MOUNTED)
    message = found()["shift_media.E015"]
    assert repr(str(pattern.pattern)) in message.msg
    assert "path('shift-media/', include('django_shift_media.urls'))" in message.hint
    settings.ROOT_URLCONF = Urls(MOUNTED, pattern)
    assert found() == {}
    settings.ROOT_URLCONF = Urls(
        re_path("^media/(?P<path>.*)$", serve),
        path("shift-media/", include("django_shift_media.urls")),
    )
    assert found() == {}


def test_urls_under_a_script_prefix_are_found(settings: Any) -> None:
    try:
        set_script_prefix("/app/")
        assert found() == {}
    finally:
        clear_script_prefix()


# -- the cache and the queue ----------------------------------------------------------------------


def test_an_unknown_cache_is_named(settings: Any) -> None:
    settings.SHIFT_MEDIA_CACHE = "meida"
    message = found()["shift_media.E016"]
    assert "'meida'" in message.msg
    assert message.hint == "Use one of: 'default'."


@pytest.mark.parametrize(
    "dotted_path", ["enqueue", "nowhere.enqueue", "os.nothing", "os.sep", "gallery.nothing.enqueue"]
)
def test_a_queue_that_cannot_be_used_is_named(settings: Any, dotted_path: str) -> None:
    settings.SHIFT_MEDIA_ENQUEUE = dotted_path
    message = found()["shift_media.E017"]
    assert repr(dotted_path) in message.msg
    assert "django_shift_media.contrib.celery.enqueue" in message.hint
    settings.SHIFT_MEDIA_ENQUEUE = "os.getpid"
    assert found() == {}


def test_forms_are_defined_with_a_wrong_setting_which_the_check_reports(settings: Any) -> None:
    settings.SHIFT_MEDIA_FORMATS = ["jpeg"]
    form = modelform_factory(Photo, fields=["photo"])()  # as when the module of a form is imported
    assert "'jpeg'" in found()["shift_media.E002"].msg
    settings.SHIFT_MEDIA_FORMATS = ["jpg", "webp"]
    assert 'accept="image/jpeg,image/webp"' in str(form)
