"""What ``configure_media_bucket --uploads`` adds, IAM policies, and system checks."""

import json
import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import requests
from django.core.management import call_command

from django_shift_media.aws.access import merge_cors
from django_shift_media.aws.lifecycle import merge_lifecycle
from django_shift_media.aws.upload_rules import merge_upload_cors, merge_upload_lifecycle
from django_shift_media.uploads.widgets import DirectMediaInput
from gallery.models import Photo
from tests.support.buckets import use_bucket
from tests.support.servers import ROOT
from tests.support.system_checks import found

SITE = "https://www.example.com"


def test_the_scripts_have_hashed_names_only(settings: Any, tmp_path: Path) -> None:
    """Django does not change the names in imports, so there are none."""
    storage = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": storage}}
    settings.STATIC_ROOT = tmp_path
    settings.DEBUG = False
    call_command("collectstatic", "--no-input", verbosity=0)
    tags = "".join(DirectMediaInput().media.render_js())
    paths = re.findall('src="[^"]*?/(django_shift_media/direct_upload/[^"]+)" type="module"', tags)
    source = ROOT / "django_shift_media" / "static" / "django_shift_media" / "direct_upload"
    scripts = {path.stem: path.read_text() for path in source.iterdir()}
    assert {Path(path).name.split(".")[0] for path in paths} == set(scripts)
    assert all(re.fullmatch(r".*\.[0-9a-f]{12}\.js", path) for path in paths)
    assert all((tmp_path / path).is_file() for path in paths)
    code = re.sub(r"/\*.*?\*/", "", "".join(scripts.values()), flags=re.DOTALL)
    assert not re.findall(r"^\s*(?:import|export)\b.*|\bimport\(.*", code, re.MULTILINE)
    assert max(len(text.splitlines()) for text in scripts.values()) < 300


def test_rules_for_uploads_are_merged_beside_others() -> None:
    cors = merge_cors(None, "ours", ["https://a.example"])
    both = merge_upload_cors(cors, "ours", [SITE])
    assert both is not None
    assert [rule["AllowedMethods"] for rule in both["CORSRules"]] == [["GET", "HEAD"], ["PUT"]]
    assert both["CORSRules"][1]["AllowedOrigins"] == [SITE]
    assert merge_upload_cors(both, "ours", []) == cors
    lifecycle = merge_lifecycle(None, "ours", 30, "up/")
    both = merge_upload_lifecycle(lifecycle, "ours", [SITE], "up/")
    assert both is not None
    assert both["Rules"][-1] == {
        "ID": "ours-uploads",
        "Status": "Enabled",
        "Filter": {"Prefix": "up/"},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
    }
    assert merge_upload_lifecycle(both, "ours", [], "up/") == lifecycle


def configure(*options: str) -> dict[str, str]:
    out = StringIO()
    call_command(
        "configure_media_bucket", "--no-input", "--json", "--app-url", SITE, *options, stdout=out
    )
    return {each["resource"]: each["state"] for each in json.loads(out.getvalue())["resources"]}


@pytest.mark.parametrize("name", ["moto", "ceph", "ministack"])
def test_pages_of_an_origin_may_upload(name: str, running: Any, settings: Any) -> None:
    storage = use_bucket(settings, running(name))
    configure("--create", "--uploads", SITE)
    again = configure("--uploads", SITE)
    assert again["CORS"] == again["lifecycle"] == "unchanged"
    assert configure()["CORS"] == "unchanged", "what no option is about stays"
    url = f"{storage.endpoint_url}/{storage.bucket_name}/cat.jpg?uploadId=1&partNumber=1"
    headers = {"Origin": SITE, "Access-Control-Request-Method": "PUT"}
    preflight = requests.options(url, headers=headers, timeout=60)
    assert preflight.headers["Access-Control-Allow-Origin"] in {SITE, "*"}
    if name == "ceph":  # the only one that refuses others
        headers["Origin"] = "https://evil.example.com"
        assert requests.options(url, headers=headers, timeout=60).status_code == 403
    removed = configure("--uploads", "none")
    assert removed["CORS"] == removed["lifecycle"] == "changed"


def test_a_process_that_takes_uploads_may_list_parts(running: Any, settings: Any) -> None:
    use_bucket(settings, running("moto"))
    for purpose in ("app", "uploads"):
        out = StringIO()
        call_command("media_iam_policy", purpose, stdout=out, stderr=StringIO())
        assert {"s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"} <= {
            action
            for statement in json.loads(out.getvalue())["Statement"]
            for action in statement["Action"]
        }


def test_a_field_whose_middleware_is_missing_is_reported(settings: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(Photo._meta.get_field("photo"), "direct", True)
    assert found() == {}
    settings.MIDDLEWARE = [each for each in settings.MIDDLEWARE if "direct_uploads" not in each]
    assert "after AuthenticationMiddleware" in str(found()["shift_media.W110"].hint)


def test_a_permission_that_does_not_exist_is_reported(settings: Any) -> None:
    settings.SHIFT_MEDIA_UPLOAD_PERMISSION = "gallery.nowhere.function"
    assert "gallery.nowhere" in found()["shift_media.E028"].msg
    settings.SHIFT_MEDIA_UPLOAD_PERMISSION = "tests.test_direct_uploads.asynchronous"
    assert "it is asynchronous" in found()["shift_media.E028"].msg
