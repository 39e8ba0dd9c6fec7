"""
Run lines of another package, in the environment that has it.

``python runner.py PEER FOLDER`` reads a list of lines from standard input, as JSON: templates,
Python expressions, or model fields. It writes a list of what each returns, with the paths of the
pictures for their URLs, or with an error. FOLDER has the picture, "photo.jpg", which is also what
https://example.com and the URLs of static files lead to.
"""

import json
import re
import sys
import traceback
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import unquote

import django
from django.conf import settings
from django.core.files.base import ContentFile

_URL = re.compile(r"/files/[^\s\"'<>,]+")
_FIELD = re.compile(r"(\w+Field)\(")

APPS = {
    "sorl-thumbnail": ["sorl.thumbnail", "django.contrib.admin", "django.contrib.messages"],
    "easy-thumbnails": ["easy_thumbnails"],
    "imagekit": ["imagekit"],
    "versatileimagefield": ["versatileimagefield"],
    "pictures": ["pictures"],
    "stdimage": ["stdimage"],
    "filer": ["easy_thumbnails", "filer", "django.contrib.admin", "django.contrib.messages"],
    "wagtail": [
        *("wagtail.documents", "wagtail.images", "wagtail.admin", "wagtail.users"),
        *("wagtail.search", "wagtail", "modelcluster", "taggit"),
    ],
}
# What the pages import, and load in templates.
IMPORTS = {
    "sorl-thumbnail": (
        "from sorl.thumbnail import ImageField, get_thumbnail\n"
        "from sorl.thumbnail.admin import AdminImageMixin"
    ),
    "easy-thumbnails": (
        "from easy_thumbnails.fields import ThumbnailerImageField\n"
        "from easy_thumbnails.files import get_thumbnailer"
    ),
    "imagekit": (
        "from imagekit.models import ImageSpecField, ProcessedImageField\n"
        "from imagekit.processors import *\n"
        "from pilkit.processors.filter import GaussianBlur"
    ),
    "versatileimagefield": "from versatileimagefield.fields import VersatileImageField",
    "pictures": "from pictures.models import PictureField",
    "stdimage": "from stdimage import StdImageField",
    "filer": "",
    "wagtail": "",
}
LOADS = {
    "sorl-thumbnail": "{% load static thumbnail %}",
    "easy-thumbnails": "{% load thumbnail %}",
    "imagekit": "{% load imagekit %}",
    "pictures": "{% load pictures %}",
    "filer": "{% load thumbnail %}",
    "wagtail": "{% load wagtailimages_tags %}",
}
# The field whose file is "obj.image".
FIELDS = {
    "sorl-thumbnail": "ImageField()",
    "easy-thumbnails": "ThumbnailerImageField()",
    "versatileimagefield": 'VersatileImageField(ppoi_field="ppoi")',
    "pictures": 'PictureField(aspect_ratios=[None, "1/1"])',
    "stdimage": (
        'StdImageField(variations={"thumbnail": (100, 75),'
        ' "square": {"width": 100, "height": 100, "crop": True}})'
    ),
}


class NoMigrations:
    """All tables are made without migrations, which takes a fraction of the time."""

    def __contains__(self, app: str) -> bool:
        return True

    def __getitem__(self, app: str) -> None:
        return None


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


def serve(folder: Path) -> str:
    """Serve a folder over HTTP as long as the process runs; return its URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/"


def configure(peer: str, folder: Path, site: str, more: dict[str, Any]) -> None:
    settings.configure(
        SECRET_KEY="x" * 50,
        INSTALLED_APPS=[
            *APPS[peer],
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django_shift_media",
        ],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        MIGRATION_MODULES=NoMigrations(),
        MEDIA_ROOT=folder,
        MEDIA_URL="/files/",
        STATIC_URL=site,
        ROOT_URLCONF="tests.support.urls_elsewhere",
        TEMPLATES=[
            {"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}
        ],
        THUMBNAIL_DEBUG=True,
        **more,
    )
    django.setup()


class Peer:
    def __init__(self, name: str, folder: Path) -> None:
        from django.core.management import call_command
        from django.db import models

        call_command("migrate", run_syncdb=True, verbosity=0)
        self.name = name
        self.folder = folder
        self.photo = (folder / "photo.jpg").read_bytes()
        self.names: dict[str, Any] = {"models": models}
        exec(IMPORTS[name], self.names)
        self.names["obj"] = self.row()

    def row(self) -> Any:
        image: Any = None
        if self.name == "wagtail":
            from wagtail.images.models import Image
            from wagtail.models import Collection

            Collection.add_root(name="Root")  # by a migration, otherwise
            image = Image.objects.create(title="A", file=self.upload())
        if self.name == "filer":
            from filer.models import Image

            image = Image.objects.create(file=self.upload())
        if image is not None:
            return type("Row", (), {"image": image})
        row = self.model(FIELDS.get(self.name, "models.ImageField()"), "Product")
        row.photo.save("upload.jpg", self.upload())
        return row

    def model(self, field: str, name: str) -> Any:
        """Return a row with a field "image", and with another if that is what the field is."""
        from django.db import connection, models

        from django_shift_media.fields import MediaField

        fields = {"cover": models.ImageField(blank=True), "photo": MediaField(blank=True)}
        made = eval(field, self.names)
        if "ImageSpecField" in field:
            fields |= {"image": models.ImageField(), "spec": made}
        else:
            fields |= {"image": made}
        if "ppoi_field" in field:
            from versatileimagefield.fields import PPOIField

            fields["ppoi"] = PPOIField()
        meta = type("Meta", (), {"app_label": "shop"})
        model: Any = type(name, (models.Model,), {"__module__": "shop", "Meta": meta, **fields})
        with connection.schema_editor() as editor:
            editor.create_model(model)
        row = model.objects.create(image=self.upload())
        return model.objects.get(pk=row.pk)

    def upload(self) -> "ContentFile[bytes]":
        return ContentFile(self.photo, name="upload.jpg")

    def run(self, line: str, number: int) -> str:
        from django.template import Context, Template

        if "{%" in line or "{{" in line:
            template = Template(LOADS.get(self.name, "") + line)
            return template.render(Context(self.names)).strip()
        if _FIELD.match(line):
            row = self.model(line, f"Row{number}")
            return (row.spec if "ImageSpecField" in line else row.image).url
        return str(eval(line, self.names))


def main(name: str, folder: Path, task: dict[str, Any]) -> list[Any]:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    site = serve(folder)
    configure(name, folder, site, task["settings"])
    peer = Peer(name, folder)
    results: list[Any] = []
    for number, line in enumerate(task["lines"]):
        try:
            text = peer.run(line.replace("https://example.com/", site), number)
            paths = [
                str(folder / unquote(url.removeprefix("/files/"))) for url in _URL.findall(text)
            ]
            results.append({"text": _URL.sub("URL", text), "pictures": paths})
        except Exception:
            results.append({"error": traceback.format_exc()})
    return results


if __name__ == "__main__":
    results = main(sys.argv[1], Path(sys.argv[2]), json.load(sys.stdin))
    json.dump(results, sys.stdout)
