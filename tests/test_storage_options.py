"""Options of the storage that cannot work are refused, and inherited ones are named."""

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command

from django_shift_media.storages.s3 import S3MediaStorage
from django_shift_media.storages.selection import media_storage
from tests.support.system_checks import found

S3 = "django_shift_media.storages.s3.S3MediaStorage"
LOCAL = "django_shift_media.storages.local.LocalMediaStorage"
KEY = "3c72aedc/ba25/41e6/a569/406c8f413974/cat.jpg/cat.jpg"


def with_storage(settings: Any, backend: str = S3, **options: Any) -> None:
    options = (
        {"bucket_name": "b", "region_name": "eu-west-1", **options} if backend == S3 else options
    )
    settings.STORAGES = {**settings.STORAGES, "media": {"BACKEND": backend, "OPTIONS": options}}
    settings.SHIFT_MEDIA_STORAGE = "media"


@pytest.mark.parametrize(
    ("options", "remedy"),
    [
        ({"custom_domain": "https://m.example.com"}, "such as 'm.example.com'"),
        ({"custom_domain": "m.example.com/"}, "such as 'm.example.com'"),
        ({"public_url": "m.example.com"}, "with a scheme and a host"),
        ({"public_url": "//m.example.com"}, "with a scheme and a host"),
        ({"public_url": "ftp://m.example.com"}, "with a scheme and a host"),
        ({"public_url": "https://m.example.com/?v=1"}, "with a scheme and a host"),
        ({"access_key": "a", "secret_key": None}, "'access_key', but not 'secret_key'"),
        ({"secret_key": "a", "access_key": None}, "'secret_key', but not 'access_key'"),
        ({"bucket": "b"}, "bucket"),
    ],
)
def test_an_option_that_cannot_work_is_refused(
    settings: Any, options: dict[str, Any], remedy: str
) -> None:
    with_storage(settings, **options)
    message = found()["shift_media.E004"]
    assert remedy in message.msg
    assert message.hint == "Correct the OPTIONS of STORAGES['media']."
    with pytest.raises(ImproperlyConfigured):
        media_storage()


def test_a_domain_that_is_inherited_is_refused_by_its_name(settings: Any) -> None:
    settings.AWS_S3_CUSTOM_DOMAIN = "https://m.example.com"
    with_storage(settings)
    assert found()["shift_media.E004"].msg.startswith("Invalid AWS_S3_CUSTOM_DOMAIN")


def test_half_a_credential_is_no_traceback_of_a_command(settings: Any, monkeypatch: Any) -> None:
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY", raising=False)
    with_storage(settings, access_key="a", public_url="https://m.example.com")
    with pytest.raises(CommandError, match="'access_key', but not 'secret_key'"):
        call_command("check_media")


def test_an_unknown_option_of_the_local_storage_is_named(settings: Any) -> None:
    with_storage(settings, LOCAL, directory="/srv/media")
    message = found()["shift_media.E004"]
    assert "directory" in message.msg
    assert message.hint == "Correct the OPTIONS of STORAGES['media']."


@pytest.mark.parametrize(
    ("setting", "value", "remedy"),
    [
        ("AWS_S3_OBJECT_PARAMETERS", {"ACL": "public-read"}, '"object_parameters": {}'),
        ("AWS_S3_OBJECT_PARAMETERS", {"GrantRead": "x"}, '"object_parameters": {}'),
        ("AWS_DEFAULT_ACL", "public-read", '"default_acl": None'),
    ],
)
def test_an_acl_of_the_global_settings_is_refused(
    settings: Any, setting: str, value: Any, remedy: str
) -> None:
    setattr(settings, setting, value)
    with_storage(settings)
    message = found()["shift_media.E004"]
    assert setting in message.msg
    assert remedy in message.msg
    with_storage(settings, object_parameters={}, default_acl=None)
    assert found() == {}
    assert "ACL" not in media_storage()._get_write_parameters(KEY)


@pytest.mark.parametrize(
    ("setting", "value", "option"),
    [
        ("AWS_LOCATION", "static", {"location": ""}),
        ("AWS_S3_OBJECT_PARAMETERS", {"CacheControl": "max-age=60"}, {"object_parameters": {}}),
        ("AWS_S3_CUSTOM_DOMAIN", "static.example.com", {"custom_domain": None}),
    ],
)
def test_a_global_setting_that_changes_media_is_named(
    settings: Any, setting: str, value: Any, option: dict[str, Any]
) -> None:
    setattr(settings, setting, value)
    with_storage(settings)
    message = found()["shift_media.W013"]
    assert f"{setting} = {value!r}" in message.msg
    assert next(iter(option)) in message.hint
    assert "STORAGES['media']" in message.hint
    with_storage(settings, **option)
    assert found() == {}


@pytest.mark.parametrize(
    "host",
    [
        "b.s3.amazonaws.com",
        "b.s3.eu-west-1.amazonaws.com",
        "b.s3-eu-west-1.amazonaws.com",
        "b.s3.dualstack.eu-west-1.amazonaws.com",
        "b.s3-accelerate.amazonaws.com",
        "b.s3.cn-north-1.amazonaws.com.cn",
        "B.S3.eu-west-1.AmazonAWS.com",
        "b.s3.us-iso-east-1.c2s.ic.gov",
        "s3.eu-west-1.amazonaws.com/b",
    ],
)
def test_the_rest_endpoint_is_named(settings: Any, host: str) -> None:
    for options in ({"custom_domain": host}, {"public_url": f"https://{host}"}):
        with_storage(settings, **options)
        message = found()["shift_media.W014"]
        assert next(iter(options)) in message.msg
        assert "REST endpoint" in message.msg


@pytest.mark.parametrize(
    "host",
    [
        "b.s3-website-eu-west-1.amazonaws.com",
        "b.s3-website.eu-central-1.amazonaws.com",
        "b.s3-website.cn-north-1.amazonaws.com.cn",
        "b.s3.eu-west-1.amazonaws.com.example.com",
        "s3.example.com",
        "d1234.cloudfront.net",
    ],
)
def test_other_hosts_are_accepted(settings: Any, host: str) -> None:
    with_storage(settings, custom_domain=host)
    assert found() == {}


# -- local disk -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "value", "reason"),
    [
        ("MEDIA_URL", "https://cdn.example.com/media/", "'cdn.example.com'"),
        ("STORAGES", {"BACKEND": "storages.backends.s3.S3Storage"}, "S3Storage"),
    ],
)
def test_media_that_fall_back_to_local_disk_are_warned_of(
    settings: Any, setting: str, value: Any, reason: str
) -> None:
    settings.STORAGES = dict(settings.STORAGES)
    if setting == "STORAGES":
        settings.STORAGES["default"] = value
    else:
        setattr(settings, setting, value)
    message = found()["shift_media.W012"]
    assert str(settings.MEDIA_ROOT) in message.msg
    assert reason in message.msg
    assert 'SHIFT_MEDIA_STORAGE = "media"' in message.hint
    settings.SHIFT_MEDIA_STORAGE = None
    assert found() == {}


def test_on_local_disk_urls_begin_where_they_are_included(settings: Any) -> None:
    """So the rest of MEDIA_URL goes on as it was."""
    settings.ROOT_URLCONF = "tests.support.urls_elsewhere"
    assert media_storage().media_url == "/user/pictures/"
    assert S3MediaStorage(bucket_name="b", mode="app").media_url == "/user/pictures/"
    assert found() == {}
    settings.MEDIA_URL = "https://cdn.example.com/user/pictures/"
    assert media_storage().url(KEY) == f"https://cdn.example.com/user/pictures/{KEY}"
