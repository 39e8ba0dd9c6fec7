"""What a process loads when it starts, and what its first page still has to load."""

import json
import subprocess
import sys

import pytest

from tests.support.servers import ROOT

SCRIPT = """
import json, sys
from django.conf import settings

storage = "django_shift_media.storages.s3.S3MediaStorage"
sys.path[:0] = ["testproject"]
from testproject import settings as project

settings.configure(**{
    **{name: getattr(project, name) for name in dir(project) if name.isupper()},
    "STORAGES": {
        **project.STORAGES,
        "media": {"BACKEND": storage, "OPTIONS": {"bucket_name": "media"}},
    },
    "SHIFT_MEDIA_STORAGE": "media",
})

def libraries():
    return sorted({"boto3", "botocore", "s3transfer", "storages"} & {
        name.partition(".")[0] for name in sys.modules
    })

def number():
    return sum(name.startswith(("boto", "s3transfer", "storages")) for name in sys.modules)

import django

django.setup()
found = {"after django.setup()": libraries()}
if sys.argv[1] == "load":
    from django_shift_media.media.storage_users import load_storages

    load_storages()
found["before the page"] = libraries()
loaded = number()

from django.template import engines
from gallery.models import Photo

photo = Photo(photo="3c72aedc/ba25/41e6/a569/406c8f413974/cat.jpg/cat.jpg")
template = engines["django"].from_string("{% load shift_media %}{% resize photo.photo '9x9' %}")
assert "s3-website" in template.render({"photo": photo})
found["loaded by the page"] = number() - loaded
print(json.dumps(found))
"""


@pytest.mark.parametrize("load", ["load", pytest.param("do not", marks=pytest.mark.nightly)])
def test_the_first_page_does_not_load_boto3_if_the_storages_are_loaded(load: str) -> None:
    result = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT, load],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["after django.setup()"] == [], "commands do not need it"
    libraries = ["boto3", "botocore", "s3transfer", "storages"] if load == "load" else []
    assert found["before the page"] == libraries
    assert (found["loaded by the page"] == 0) == (load == "load")
