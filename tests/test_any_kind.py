"""``kind="any"`` stores files of every type, and browsers never run them."""

from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import Client

from django_shift_media.exceptions import InvalidResize
from gallery.models import Attachment
from tests.support.browsing import fetch
from tests.support.buckets import new_bucket
from tests.support.templates import rendered

pytestmark = pytest.mark.django_db

DATA = b"<script>alert(1)</script>"


def attach(name: str) -> Attachment:
    return Attachment.objects.create(file=ContentFile(DATA, name=name))


@pytest.mark.parametrize(
    ("name", "content_type", "disposition"),
    [
        ("film.mp4", "video/mp4", "inline"),
        ("song.mp3", "audio/mpeg", "inline"),
        ("letter.pdf", "application/pdf", "inline"),
        ("backup.zip", "application/zip", "attachment"),
        ("page.html", "text/html", "attachment"),
        ("script.js", "text/javascript", "attachment"),
        ("data.xml", "text/xml", "attachment"),
        ("letter.pdf.gz", "application/gzip", "attachment"),
        ("drawing.svgz", "application/gzip", "attachment"),
        ("photos.tar.xz", "application/x-xz", "attachment"),
        ("page.html.pdf", "application/pdf", "inline"),
        ("drawing.svg", "image/svg+xml", "attachment"),
        ("page.xhtml", "application/xhtml+xml", "attachment"),
        ("unknown.thing", "application/octet-stream", "attachment"),
        ("README", "application/octet-stream", "attachment"),
    ],
)
@pytest.mark.parametrize("server", ["local", "s3rver"])
def test_files_have_their_type_and_what_could_run_is_for_downloading(
    settings: Any, running: Any, server: str, name: str, content_type: str, disposition: str
) -> None:
    if server == "local":
        settings.DEBUG = True
        answer = Client().get(attach(name).file.url)
        headers, body = answer.headers, b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    else:
        s3 = running(server)
        storage = new_bucket(settings, s3)
        key = attach(name).file.name
        _, _, headers, body = fetch(f"{s3.endpoint_url}/{storage.bucket_name}/{key}")  # type: ignore[assignment]
    assert body == DATA
    if disposition == "attachment":
        content_type = "application/octet-stream"  # nothing that could run
    assert headers["Content-Type"].partition(";")[0] == content_type
    assert headers["Content-Disposition"].partition(";")[0] == disposition
    assert "Content-Encoding" not in headers  # browsers would unpack an archive


@pytest.mark.parametrize("tag", ["resize obj.file '9x9'", "picture obj.file '9x9' alt=''"])
def test_what_is_no_image_has_no_resizes_and_says_so(tag: str) -> None:
    row = attach("letter.pdf")
    message = (
        r"'letter\.pdf' has no resizes, because its extension is not one of: .* obj\.file\.is_image"
    )
    with pytest.raises(InvalidResize, match=message):
        rendered(f"{{% {tag} %}}", obj=row)
    template = "{% if obj.file.is_image %}{% resize obj.file '9x9' %}{% endif %}"
    assert rendered(template, obj=row) == ""
    assert "9x9" in rendered(template, obj=attach("photo.jpg"))
    assert rendered("{% resize obj.preview '9x9' %}", obj=row) == ""


def test_a_file_that_claims_to_be_an_image_is_refused_by_the_view(settings: Any) -> None:
    answer = Client().get(attach("photo.jpg").file.resize("9x9"))
    assert answer.status_code == 422
