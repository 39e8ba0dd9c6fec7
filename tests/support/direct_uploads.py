"""A browser that sends files straight to the storage, step by step."""

from typing import Any, NamedTuple
from urllib.parse import urljoin

import requests
from django.contrib.auth.models import User
from django.forms import modelform_factory
from django.http import HttpRequest
from django.test import Client, RequestFactory

from django_shift_media.storages.multipart import expected_parts
from django_shift_media.uploads import owners
from django_shift_media.uploads.tokens import UploadField
from tests.support.waiting import PATIENCE

LABEL = "gallery.photo.photo"
PREFIX = "/media/uploads/"


class Answer(NamedTuple):
    status: int
    body: Any


class Uploader:
    """A person who is logged in, and has a form with a token."""

    prefix = PREFIX

    def __init__(self, client: Client, user: Any, **field: Any) -> None:
        self.client = client
        self.owner = f"user {user.pk}"
        values = {"label": LABEL, "kind": "image", "max_bytes": None, "owner": self.owner}
        self.field = UploadField(**{**values, **field})

    def post(self, step: str, **values: Any) -> Answer:
        response = self.client.post(self.prefix + step, values, content_type="application/json")
        is_json = response.headers.get("Content-Type") == "application/json"
        return Answer(response.status_code, response.json() if is_json else None)

    def begin(self, data: bytes, name: str = "cat.jpg", **values: Any) -> Answer:
        values = {"token": self.field.sign(), "name": name, "size": len(data), **values}
        return self.post("", **values)

    def url(self, upload: str, number: int = 1) -> str:
        answer = self.post("parts/", upload=upload, numbers=[number])
        assert answer.status == 200, answer
        url: str = answer.body["urls"][str(number)]
        return url

    def put(self, url: str, data: bytes) -> int:
        """Send a part to wherever its URL is; return the status."""
        if url.startswith("/"):
            return self.client.put(url, data, content_type="application/octet-stream").status_code
        return requests.put(url, data, timeout=60).status_code

    def send(self, upload: str, data: bytes) -> None:
        offset = 0
        for part in expected_parts(len(data)):
            chunk = data[offset : offset + part.size]
            assert self.put(self.url(upload, part.number), chunk) == 200
            offset += part.size

    def upload(self, data: bytes, name: str = "cat.jpg", **values: Any) -> Answer:
        """Take all steps, and return the last response."""
        answer = self.begin(data, name, **values)
        if answer.status != 200:
            return answer
        self.send(answer.body["upload"], data)
        return self.post("complete/", upload=answer.body["upload"])


class LiveUploader(Uploader):
    """A person who is logged in at a site that runs, perhaps as another process."""

    def __init__(self, site: str, password: str, field: str = LABEL) -> None:
        self.site = site
        self.session = requests.Session()
        login = f"{site}/admin/login/"
        self.session.get(login, timeout=PATIENCE)
        person = {"username": "ann", "password": password}
        assert self.submit("/admin/login/", person).status_code == 302
        self.field = UploadField.unsign(self.post("token/", field=field).body["token"])
        self.owner = self.field.owner

    def submit(
        self, path: str, data: dict[str, Any], files: dict[str, Any] | None = None
    ) -> requests.Response:
        """Send a form."""
        return self.session.post(
            self.site + path,
            data={"csrfmiddlewaretoken": self.session.cookies["csrftoken"], **data},
            files=files,
            allow_redirects=False,
            timeout=PATIENCE,
        )

    def post(self, step: str, **values: Any) -> Answer:
        response = self.session.post(
            self.site + self.prefix + step,
            json=values,
            headers={"X-CSRFToken": self.session.cookies["csrftoken"]},
            timeout=PATIENCE,
        )
        return Answer(response.status_code, response.json() if response.content else None)

    def put(self, url: str, data: bytes) -> int:
        return requests.put(urljoin(self.site, url), data, timeout=PATIENCE).status_code


def unfinished(storage: Any) -> list[str]:
    """Return the uploads of a storage that are neither complete nor aborted."""
    if hasattr(storage, "client"):
        listed = storage.client.list_multipart_uploads(Bucket=storage.bucket_name)
        return [upload["UploadId"] for upload in listed.get("Uploads", ())]
    from pathlib import Path

    root = Path(storage.path(".uploads"))
    return [path.name for path in root.iterdir()] if root.exists() else []


def stored(storage: Any) -> list[str]:
    """Return the keys of everything that a storage has."""
    return [summary.key for page in storage.list_pages("") for summary in page]


def folders(storage: Any) -> set[str]:
    """Return the folders of what a storage has: each has an upload, and perhaps its resizes."""
    return {key.rpartition("/")[0] for key in stored(storage)}


def form_of(model: Any, fields: list[str], data: dict[str, str], uploader: Uploader) -> Any:
    """Return a bound form that was validated in a request of this person."""
    with owners.during(request_of(uploader)):
        form = modelform_factory(model, fields=fields)(data, {})
        form.is_valid()
    return form


def request_of(uploader: Uploader) -> HttpRequest:
    request = RequestFactory().post("/")
    request.user = User.objects.get(pk=uploader.owner.removeprefix("user "))
    return request
