"""Direct uploads through an API: by tokens, by sessions, and as OpenAPI describes them."""

import base64
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import requests
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.settings import patched_settings
from drf_spectacular.validation import validate_schema

from django_shift_media.storages.selection import media_storage
from gallery.drawings import draw_photo
from gallery.models import Photo
from tests.support import rest_uploads
from tests.support.buckets import change_options, new_bucket
from tests.support.direct_uploads import Uploader, form_of, stored, unfinished
from tests.support.permissions import permission
from tests.support.requirements import missing
from tests.support.servers import ROOT, free_port
from tests.support.waiting import PATIENCE

pytestmark = pytest.mark.django_db
JPEG = draw_photo(400, 300)
LABEL = "gallery.photo.photo"
STEPS = ("token/", "", "parts/", "status/", "complete/", "abort/")
FORM = b'--a\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--a--\r\n'
RECIPE = ROOT / "docs" / "examples" / "uploads" / "upload.js"


class App:
    """A single-page app of a person: it knows the API, but no form."""

    def __init__(self, **headers: str) -> None:
        self.client = Client(headers=headers)

    def send(self, path: str, values: dict[str, Any]) -> Any:
        return self.client.post(path, values, content_type="application/json")

    def put(self, url: str, data: bytes) -> Any:
        return self.client.put(url, data)

    def post(self, step: str, **values: Any) -> Any:
        return self.send(f"/api/uploads/{step}", values)

    def save(self, **values: Any) -> Any:
        return self.send("/api/photos/", values)

    def begin(self, data: bytes = JPEG, name: str = "cat.jpg", label: str = LABEL) -> str:
        token = self.post("token/", field=label).json()["token"]
        begun = self.post("", token=token, name=name, size=len(data))
        assert begun.status_code == 200, begun.content
        upload: str = begun.json()["upload"]
        return upload

    def upload(self, data: bytes = JPEG, **options: str) -> Any:
        upload = self.begin(data, **options)
        url = self.post("parts/", upload=upload, numbers=[1]).json()["urls"]["1"]
        assert self.put(url, data).status_code == 200
        return self.post("complete/", upload=upload)


class LiveApp(App):
    """An app that sends its requests to a server."""

    def __init__(self, site: str, **headers: str) -> None:
        self.site, self.headers = site, headers
        self.cookies: dict[str, str] = {}

    def send(self, path: str, values: dict[str, Any]) -> requests.Response:
        return requests.post(
            self.site + path,
            json=values,
            headers=self.headers,
            cookies=self.cookies,
            timeout=PATIENCE,
        )

    def put(self, url: str, data: bytes) -> requests.Response:
        # The URL is the authorization, as a presigned one is.
        return requests.put(self.site + url, data, timeout=PATIENCE)


@pytest.fixture(autouse=True)
def _api(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    rest_uploads.use(settings, monkeypatch)


@pytest.fixture
def app(db: None) -> App:
    User.objects.create_superuser("ann")
    return App(Authorization="Bearer ann")


@pytest.fixture
def other(db: None) -> App:
    User.objects.create_superuser("ben")
    return App(Authorization="Bearer ben")


@pytest.fixture
def live_app(live_server: Any) -> LiveApp:
    User.objects.create_superuser("ann")
    return LiveApp(live_server.url, Authorization="Bearer ann")


# -- tokens, and values -------------------------------------------------------------------------


def test_an_app_with_a_token_uploads_and_saves_a_file(app: App) -> None:
    value = app.upload().json()["value"]
    answer = app.save(title="Cat", photo=value)
    assert answer.status_code == 201, answer.content
    photo = Photo.objects.get()
    assert [photo.photo.name] == stored(media_storage())
    assert answer.json()["photo"]["width"] == 400


def test_a_request_may_still_have_the_file_itself(app: App) -> None:
    file = SimpleUploadedFile("cat.jpg", JPEG)
    answer = app.client.post("/api/photos/", {"title": "Cat", "photo": file})
    assert answer.status_code == 201, answer.content


def test_a_value_is_good_once_and_for_its_user_and_field(app: App, other: App) -> None:
    value = app.upload().json()["value"]
    forged = [
        other.save(photo=value),
        app.send("/api/attachments/", {"file": value}),
        app.save(photo=stored(media_storage())[0]),
        app.save(photo=value[:-2]),
    ]
    for answer in forged:
        assert answer.status_code == 400
        assert list(answer.json().values()) == [
            ["The upload is no longer valid. Choose the file again."]
        ]
    assert app.save(photo=value).status_code == 201
    assert app.save(photo=value).status_code == 400
    assert Photo.objects.count() == 1


def test_a_form_and_the_api_take_each_others_values(app: App) -> None:
    user = User.objects.get(username="ann")
    client = Client()
    client.force_login(user)
    person = Uploader(client, user)
    data = {"photo-upload": app.upload().json()["value"]}
    assert form_of(Photo, ["photo"], data, person).is_valid()
    assert app.save(photo=person.upload(JPEG).body["value"]).status_code == 201


def test_a_serializer_without_a_model_takes_values_of_its_field(rf: Any) -> None:
    user = User.objects.create_user("ann")
    client = Client()
    client.force_login(user)
    value = Uploader(client, user, label="contact.picture").upload(JPEG).body["value"]
    request = rf.post("/")
    request.user = user
    for context, valid in (({"request": request}, True), ({}, False)):
        serializer = rest_uploads.ContactSerializer(data={"picture": value}, context=context)
        assert serializer.is_valid() == valid
    assert serializer.errors["picture"][0].code == "upload_expired"


def test_an_upload_of_another_user_is_refused(app: App, other: App) -> None:
    upload = app.begin()
    for step in ("parts/", "status/", "complete/", "abort/"):
        answer = other.post(step, upload=upload, numbers=[1])
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert len(unfinished(media_storage())) == 1


# -- who gets a token ---------------------------------------------------------------------------


@pytest.mark.parametrize(("action", "status"), [(None, 403), ("add", 200), ("change", 200)])
def test_only_who_may_save_rows_gets_a_token(action: str | None, status: int) -> None:
    user = User.objects.create_user("eve")
    if action:
        user.user_permissions.add(permission(Photo, action))
    app = App(Authorization="Bearer eve")
    assert app.post("token/", field=LABEL).status_code == status


def allow_eve(request: Any, field: Any) -> bool:
    return request.user.username == "eve" and field.label == LABEL


def test_the_project_may_decide_who_gets_a_token(settings: Any) -> None:
    settings.SHIFT_MEDIA_UPLOAD_PERMISSION = f"{__name__}.allow_eve"
    for name, status in (("eve", 200), ("joe", 403)):
        User.objects.create_user(name)
        app = App(Authorization=f"Bearer {name}")
        assert app.post("token/", field=LABEL).status_code == status


@pytest.mark.parametrize(
    "label", ["gallery.photo.title", "gallery.photo.nothing", "gallery.attachment.preview", "", "x"]
)
def test_only_fields_for_direct_uploads_have_tokens(app: App, label: str) -> None:
    assert app.post("token/", field=label).status_code == 403


def test_another_spelling_of_a_field_is_the_same_field(app: App) -> None:
    assert (
        app.save(photo=app.upload(label="gallery.Photo.photo").json()["value"]).status_code == 201
    )


def test_pages_without_the_api_get_tokens_too(uploader: Uploader, client: Any) -> None:
    answer = uploader.post("token/", field=LABEL)
    assert answer.status == 200
    begun = uploader.post("", token=answer.body["token"], name="cat.jpg", size=len(JPEG))
    assert begun.status == 200
    url = "/media/uploads/token/"
    assert client.post(url, {"field": LABEL}, content_type="application/json").status_code == 403


# -- authentication -----------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_session_needs_the_csrf_token_of_its_page(live_server: Any) -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("ann"))
    page = LiveApp(live_server.url)
    page.cookies["sessionid"] = client.cookies["sessionid"].value
    answer = page.post("token/", field=LABEL)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert "CSRF" in answer.json()["error"]
    token = requests.get(live_server.url, timeout=PATIENCE).cookies["csrftoken"]
    page.cookies["csrftoken"] = page.headers["X-CSRFToken"] = token
    value = page.upload().json()["value"]
    assert page.save(photo=value).status_code == 201


def test_without_credentials_nothing_begins(app: App) -> None:
    upload = app.begin()
    stranger = App()
    for step in STEPS:
        answer = stranger.post(step, upload=upload)
        assert answer.status_code == 401
        assert answer.json().keys() == {"code", "error"}
    wrong = App(Authorization="Bearer nobody")
    assert wrong.post("token/", field=LABEL).json()["code"] == "authentication_failed"


@pytest.mark.parametrize(
    ("body", "type"),
    [
        (b"[" * 100_000, "application/json"),
        (b"\xff", "application/json"),
        (b"[]", "application/json"),
        (b"{}", "application/json"),
        (b" " * 3_000_000, "application/json"),
        (b"token=a", "application/x-www-form-urlencoded"),
        (FORM, "multipart/form-data; boundary=a"),
    ],
    ids=["deep", "no text", "list", "empty", "large", "form", "parts"],
)
@pytest.mark.parametrize("url", ["/api/uploads/", "/media/uploads/"])
def test_a_request_that_is_not_json_is_an_error_in_json(
    app: App, url: str, body: bytes, type: str
) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.get())
    client.get("/")
    token = client.cookies["csrftoken"].value
    answer = client.post(url, body, content_type=type, headers={"X-CSRFToken": token})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


# -- errors ---------------------------------------------------------------------------------------


def test_a_refused_file_has_the_message_of_the_form(app: App) -> None:
    answer = app.upload(b"<html>")
    assert answer.status_code == 422
    assert "We couldn’t process “cat.jpg”" in answer.json()["error"]
    assert stored(media_storage()) == []


def test_messages_are_in_the_language_of_the_request(settings: Any, uploader: Uploader) -> None:
    middleware = "django.middleware.locale.LocaleMiddleware"
    settings.MIDDLEWARE = [*settings.MIDDLEWARE[:2], middleware, *settings.MIDDLEWARE[2:]]
    uploader.client = Client(headers={"Accept-Language": "de"})
    uploader.client.force_login(User.objects.get())
    assert "konnte nicht verarbeitet werden" in uploader.upload(b"<html>").body["error"]


def test_a_storage_that_fails_is_a_503_to_try_again(app: App, settings: Any, running: Any) -> None:
    new_bucket(settings, running("moto"))
    upload = app.begin()
    change_options(settings, endpoint_url=f"http://127.0.0.1:{free_port()}")
    answer = app.post("complete/", upload=upload)
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer.headers["Retry-After"] == "2"


def test_too_many_uploads_are_a_429_to_try_again(app: App, settings: Any) -> None:
    settings.SHIFT_MEDIA_UPLOAD_LIMIT = 1
    upload = app.begin()
    token = app.post("token/", field=LABEL).json()["token"]
    answer = app.post("", token=token, name="a.jpg", size=1)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "2")
    app.post("abort/", upload=upload)
    assert app.post("", token=token, name="a.jpg", size=1).status_code == 200


# -- OpenAPI --------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
def test_openapi_describes_the_endpoints(version: str) -> None:
    document = schema(version)
    validate_schema(document)
    operations = {step: document["paths"][f"/api/uploads/{step}"]["post"] for step in STEPS}
    names = [operation["operationId"] for operation in operations.values()]
    assert len(names) == len(set(names))


def schema(version: str = "3.1.0") -> dict[str, Any]:
    with patched_settings({"OAS_VERSION": version, "COMPONENT_SPLIT_REQUEST": True}):
        document: dict[str, Any] = SchemaGenerator(patterns=rest_uploads.urlpatterns).get_schema(
            public=True
        )
    return document


class Walk:
    """A client that is made from the document alone: it checks all that is sent and returned."""

    def __init__(self, app: App) -> None:
        self.app, self.document = app, schema()
        self.seen: set[tuple[str, int]] = set()

    def send(self, step: str, status: int, **values: Any) -> Any:
        operation = self.document["paths"][f"/api/uploads/{step}"]["post"]
        if status < 300:
            self.check(values, operation["requestBody"])
        answer = self.app.post(step, **values)
        assert answer.status_code == status, answer.content
        self.seen.add((step, status))
        described = operation["responses"][str(status)]
        if status == 204:
            assert not described.get("content")
            return None
        self.check(answer.json(), described)
        return answer.json()

    def check(self, value: Any, described: dict[str, Any]) -> None:
        reference = described["content"]["application/json"]["schema"]
        strict = {**self.document, **reference, "unevaluatedProperties": False}
        jsonschema.Draft202012Validator(strict).validate(value)


@pytest.mark.django_db(transaction=True)
def test_a_client_that_knows_only_the_document_uploads_a_file(live_app: LiveApp) -> None:
    walk = Walk(live_app)
    walk.send("token/", 403, field="gallery.photo.title")
    token = walk.send("token/", 200, field=LABEL)["token"]
    walk.send("", 422, token=token, name="cat.jpg", size=len(JPEG), type="text/html")
    walk.send("", 400, token=token, name="cat.jpg", size="large")
    upload = walk.send("", 200, token=token, name="cat.jpg", size=len(JPEG))["upload"]
    walk.send("complete/", 409, upload=upload)
    (url,) = walk.send("parts/", 200, upload=upload, numbers=[1])["urls"].values()
    assert live_app.put(url, JPEG).status_code == 200
    assert walk.send("status/", 200, upload=upload)["parts"] == {"1": len(JPEG)}
    value = walk.send("complete/", 200, upload=upload)["value"]
    assert live_app.save(photo=value).status_code == 201
    other = walk.send("", 200, token=token, name="cat.jpg", size=len(JPEG))["upload"]
    walk.send("abort/", 204, upload=other)
    walk.send("complete/", 404, upload=other)
    assert {step for step, status in walk.seen if status < 300} == set(STEPS)


def test_the_field_of_a_request_is_a_text() -> None:
    fields = schema()["components"]["schemas"]["PhotoRequest"]["properties"]
    assert fields["photo"]["type"] == "string"
    assert "format" not in fields["photo"]


# -- the recipe -----------------------------------------------------------------------------------

PROGRAM = """
import { readFile } from "node:fs/promises";
import { upload } from "data:text/javascript;base64,RECIPE";

const [path, name, api, field, token] = process.argv.slice(1);
const file = new File([await readFile(path)], name);
try {
    console.log(await upload(file, { api, field, headers: { Authorization: `Bearer ${token}` } }));
} catch (error) {
    console.log(JSON.stringify([error.code, error.message]));
}
"""


def run_recipe(site: str, path: Path) -> str:
    """Send a file by the script of the documentation; return what it has printed."""
    if not (node := shutil.which("node")):
        missing("Node.js: apt-get install nodejs")
    program = PROGRAM.replace("RECIPE", base64.b64encode(RECIPE.read_bytes()).decode())
    values = [str(path), "Größe.jpg", f"{site}/api/uploads/", LABEL, "ann"]
    command = [node, "--input-type=module", "-e", program, "--", *values]
    result = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)
    return result.stdout.strip()


@pytest.mark.django_db(transaction=True)
@pytest.mark.server
@pytest.mark.parametrize("server", [None, "ceph"])
def test_the_recipe_for_single_page_apps_uploads_a_file(
    live_app: LiveApp, settings: Any, running: Any, tmp_path: Path, server: str | None
) -> None:
    storage = new_bucket(settings, running(server)) if server else media_storage()
    path = tmp_path / "cat.jpg"
    path.write_bytes(JPEG + bytes(9_000_000))  # two parts
    assert live_app.save(photo=run_recipe(live_app.site, path)).status_code == 201
    assert storage.get(Photo.objects.get().photo.name) == path.read_bytes()
    path.write_bytes(b"<html>")
    code, message = json.loads(run_recipe(live_app.site, path))
    assert code == "refused"
    assert "We couldn’t process “Größe.jpg”" in message
    assert len(stored(storage)) == 1
    assert unfinished(storage) == []
