"""``MediaSerializerField`` through an API on a live server."""

import io
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.settings import patched_settings
from PIL import Image

from gallery.models import Attachment, Photo
from tests.conftest import configured_bucket, fetch, follow
from tests.hostile import HARMLESS, HOSTILE, REFUSED, hostile
from tests.rest_api import PRESETS, urlpatterns

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def api(live_server: Any, settings: Any) -> str:
    settings.ROOT_URLCONF = "tests.rest_api"
    settings.SHIFT_MEDIA_PRESETS = PRESETS
    return f"{live_server.url}/api/"


def post(url: str, field: str, data: bytes, name: str = "Köln.jpeg", **values: str) -> Any:
    return requests.post(url, values, files={field: (name, data, "image/jpeg")}, timeout=60)


def test_an_upload_comes_back_as_urls_that_work(api: str, live_server: Any, jpeg: bytes) -> None:
    answer = post(f"{api}photos/", "photo", jpeg, focal_point="30,70")
    assert answer.status_code == 201, answer.text
    photo = Photo.objects.get()
    document = answer.json()["photo"]
    assert document == requests.get(f"{api}photos/{photo.pk}/", timeout=60).json()["photo"]
    assert document["url"] == live_server.url + photo.photo.url
    assert (document["width"], document["height"]) == (photo.width, photo.height)
    assert document["resizes"] == {"avatar": live_server.url + photo.photo.resize("avatar")}
    assert "x30y70-" in document["resizes"]["avatar"]
    made = fetch(document["resizes"]["avatar"])
    assert (made.status, made.headers["Content-Type"]) == (200, "image/webp")
    assert Image.open(io.BytesIO(made.body)).size == (96, 96)


def test_a_picture_is_all_that_a_page_needs(api: str, jpeg: bytes) -> None:
    picture = post(f"{api}photos/", "photo", jpeg).json()["photo"]["picture"]
    assert [source["type"] for source in picture["sources"]] == ["image/avif"]
    image = picture["img"]
    assert (image["type"], image["sizes"], image["media"]) == ("image/jpeg", "50vw", None)
    assert [variant["descriptor"] for variant in image["srcset"]] == ["320w", "640w"]
    for variant in image["srcset"]:
        made = fetch(variant["url"])
        size = (variant["width"], variant["height"])
        assert Image.open(io.BytesIO(made.body)).size == size


def test_on_s3_urls_are_those_of_the_bucket(
    api: str, live_server: Any, settings: Any, moto: Any, jpeg: bytes
) -> None:
    storage = configured_bucket(settings, moto, live_server.url)
    document = post(f"{api}photos/", "photo", jpeg).json()["photo"]
    assert document["url"].startswith(storage.media_url)
    assert [hop.status for hop in follow(document["resizes"]["avatar"])] == [302, 301, 200]


def test_files_of_any_kind_are_taken_by_the_rules_of_the_models_field(api: str) -> None:
    answer = post(f"{api}attachments/", "file", b"%PDF-1.7", name="plan.pdf")
    assert answer.status_code == 201, answer.text
    document = answer.json()
    assert document["preview"] is None
    assert document["file"]["url"].endswith("/plan.pdf")
    assert (document["file"]["width"], document["file"]["height"]) == (None, None)
    assert document["file"].keys() == {"url", "width", "height"}, "no resizes of a PDF"
    answer = post(f"{api}attachments/", "file", bytes(1_000_001), name="long.bin")
    assert answer.status_code == 400
    assert "1,000,000" in answer.json()["file"][0]


def test_resizes_may_have_names_of_the_apis_own(api: str, jpeg: bytes) -> None:
    document = post(f"{api}attachments/", "preview", jpeg).json()["preview"]
    assert "/20x20-fit-" in document["resizes"]["small"]
    assert document["resizes"].keys() == {"small"}


def test_a_file_is_replaced_cleared_and_left_alone(
    api: str, jpeg: bytes, small_jpeg: bytes
) -> None:
    url = f"{api}attachments/{post(f'{api}attachments/', 'preview', jpeg).json()['id']}/"
    first = Attachment.objects.get().preview.name
    assert requests.patch(url, json={}, timeout=60).status_code == 200
    assert Attachment.objects.get().preview.name == first
    files = {"preview": ("b.jpg", small_jpeg)}
    assert requests.patch(url, files=files, timeout=60).status_code == 200
    assert Attachment.objects.get().preview.name not in {first, None}
    answer = requests.patch(url, json={"preview": None}, timeout=60)
    assert (answer.status_code, answer.json()["preview"]) == (200, None)


@pytest.mark.parametrize(
    ("name", "serializer"), [*((name, "photos") for name in REFUSED), ("html", "plain")]
)
def test_a_hostile_file_is_an_error_of_the_field(
    api: str, name: str, serializer: str, settings: Any
) -> None:
    answer = post(f"{api}{serializer}/", "photo", hostile(name), name="a.jpg")
    assert answer.status_code == 400, answer.text
    (error,) = answer.json()["photo"]
    if name == "nothing":
        assert error == "The submitted file is empty."
    else:
        before, _, reason = error.partition(": ")
        assert before in {"We couldn’t process “a.jpg”", "“a.jpg” is too large"}
        assert reason.startswith(str(HOSTILE[name].reason))
    assert not Photo.objects.exists()
    assert not Path(settings.MEDIA_ROOT).exists()


@pytest.mark.parametrize("name", HARMLESS)
def test_what_only_looks_hostile_is_taken(api: str, name: str) -> None:
    assert post(f"{api}photos/", "photo", hostile(name), name="evil.html").status_code == 201


@pytest.mark.parametrize("sent", [{"json": {"photo": "cat.jpg"}}, {"json": {"photo": {"url": ""}}}])
def test_what_is_no_file_is_refused(api: str, sent: dict[str, Any]) -> None:
    answer = requests.post(f"{api}photos/", timeout=60, **sent)
    assert answer.status_code == 400
    assert answer.json()["photo"] == [
        "The submitted data was not a file. Check the encoding type on the form."
    ]


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
def test_openapi_describes_both_directions(api: str, version: str, jpeg: bytes) -> None:
    with patched_settings({"OAS_VERSION": version, "COMPONENT_SPLIT_REQUEST": True}):
        schema = SchemaGenerator(patterns=urlpatterns).get_schema(public=True)
    schemas = schema["components"]["schemas"]
    request = schemas["PhotoRequest"]["properties"]["photo"]
    assert (request["type"], request["format"]) == ("string", "binary")
    described = schemas["Photo"]["properties"]["photo"]
    document = post(f"{api}photos/", "photo", jpeg).json()["photo"]
    assert described["required"] == list(document)
    assert_like(document, described, nullable="nullable" if version < "3.1" else None)


def assert_like(value: Any, schema: dict[str, Any], nullable: str | None) -> None:
    """Say whether a document is as its schema says, where the two could differ."""
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if value is None:
        assert "null" in types or schema.get(nullable)
    elif isinstance(value, dict):
        assert value.keys() == schema["properties"].keys()
        for name, part in value.items():
            assert_like(part, schema["properties"][name], nullable)
    elif isinstance(value, list):
        for item in value:
            assert_like(item, schema["items"], nullable)
    else:
        assert {str: "string", int: "integer"}[type(value)] in types
        assert schema.get("format") != "uri" or urlsplit(value).netloc
