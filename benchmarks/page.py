"""
What a page of 100 resized images costs: ``python benchmarks/page.py``.

All candidates render the same 100 objects, in turn, in one process; the least of the repeats
counts. Read the ratios: times depend on the machine.

floor       a tag that joins strings and computes one HMAC: no signed URL can be cheaper
image.url   ``{{ obj.image.url }}`` of Django's own field, for one URL that is not a resize
resize      ``{% resize obj.photo "200x200" how="fill" %}``
preset      ``{% resize obj.photo "avatar" %}``, which stands for the same
picture     ``{% picture %}`` of 3 formats x 4 widths, by each of its 13 URLs
placeholder ``{{ obj.photo.placeholder.style }}``, decoded before
"""

import hashlib
import hmac
import sys
import time

import django
from django import template
from django.conf import settings

OBJECTS = 100
REPEATS = 60
NAME = "3c72aedc/ba25/41e6/a569/406c8f413974/cat.jpg/cat.jpg"
PLACEHOLDER = "3ucZFYh2d4hvd4d3d1h3h73P3uv8 #c6e4e0"
S3 = {"bucket_name": "photos", "region_name": "eu-central-1", "custom_domain": "cdn.example.com"}

settings.configure(
    INSTALLED_APPS=["django_shift_media"],
    SECRET_KEY="of-a-benchmark-" * 4,
    MEDIA_ROOT="media",
    MEDIA_URL="/media/",
    SHIFT_MEDIA_PRESETS={"avatar": {"size": "200x200", "how": "fill"}},
    STORAGES={
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "s3": {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": S3},
        "media-local": {"BACKEND": "django_shift_media.storages.LocalMediaStorage"},
        "media-s3": {"BACKEND": "django_shift_media.s3.S3MediaStorage", "OPTIONS": S3},
    },
)
django.setup()

from django.core.files.storage import storages  # noqa: E402
from django.db import models  # noqa: E402
from django.template import Context, Engine  # noqa: E402
from django.test import override_settings  # noqa: E402

from django_shift_media.fields import MediaField  # noqa: E402


class Cat(models.Model):
    image = models.ImageField()
    image_s3 = models.ImageField(storage=storages["s3"])
    photo = MediaField(width_field="width", height_field="height", placeholder_field="placeholder")
    width = models.IntegerField()
    height = models.IntegerField()
    placeholder = models.CharField(max_length=44)

    class Meta:
        app_label = "benchmark"


library = template.Library()


@library.simple_tag
def floor(file: object, size: str, how: str) -> str:
    text = f"{file.name}/{size}-{how}"  # type: ignore[attr-defined]
    return f"/media/{text}-{hmac.new(b'k' * 32, text.encode(), hashlib.sha256).hexdigest()}"


PICTURE = (
    "{% picture obj.photo widths='320,640,960,1280' ratio='16/9' formats='avif,webp,jpg'"
    " sizes='(min-width: 60em) 50vw, 100vw' alt='A cat' class='wide' loading='lazy' %}"
)
PAGES = {
    "floor": ("{% floor obj.photo '200x200' how='fill' %}", "media-local"),
    "image.url, local": ("{{ obj.image.url }}", "media-local"),
    "image.url, S3": ("{{ obj.image_s3.url }}", "media-local"),
    "resize, local": ("{% resize obj.photo '200x200' how='fill' %}", "media-local"),
    "resize, S3": ("{% resize obj.photo '200x200' how='fill' %}", "media-s3"),
    "preset, local": ("{% resize obj.photo 'avatar' %}", "media-local"),
    "picture, local": (PICTURE, "media-local"),
    "picture, S3": (PICTURE, "media-s3"),
    "placeholder": ("{{ obj.photo.placeholder.style }}", "media-local"),
}
URLS = {"picture, local": 13, "picture, S3": 13}  # of a tag, where it is more than one


def main() -> None:
    libraries = {"shift_media": "django_shift_media.templatetags.shift_media"}
    engine = Engine(libraries=libraries)
    engine.template_builtins.append(library)
    names = {"image": NAME, "image_s3": NAME, "photo": NAME}
    facts = {"width": 4000, "height": 3000, "placeholder": PLACEHOLDER}
    cats = [Cat(**names, **facts) for _ in range(OBJECTS)]
    times: dict[str, list[float]] = {name: [] for name in PAGES}
    compiled = {
        name: engine.from_string(
            "{% load shift_media %}{% for obj in cats %}" + tag + "{% endfor %}"
        )
        for name, (tag, _) in PAGES.items()
    }
    for _ in range(REPEATS):
        for name, (_, alias) in PAGES.items():
            with override_settings(SHIFT_MEDIA_STORAGE=alias):
                for cat in cats:  # a page reads its objects afresh
                    cat.image = cat.image_s3 = cat.photo = NAME
                started = time.perf_counter()
                compiled[name].render(Context({"cats": cats}))
                times[name].append(time.perf_counter() - started)
    least = {name: min(values) for name, values in times.items()}
    print(f"{'':20}{'µs a URL':>10}{'× floor':>10}")
    for name, seconds in least.items():
        each = seconds / OBJECTS / URLS.get(name, 1)
        print(f"{name:20}{each * 1e6:>10.1f}{each * OBJECTS / least['floor']:>10.2f}")


if __name__ == "__main__":
    sys.exit(main())
