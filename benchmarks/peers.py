"""
Define the tags that render the URL of a resized image, as their documentation recommends.

Each has its own model, in one project. All use the same files on the same storage.
"""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

from django.db import models

SIZE = (200, 200)
FLOOR = "floor"
OURS = "{% resize %}"


def _image() -> dict[str, Any]:
    return {"image": models.ImageField()}


def _media() -> dict[str, Any]:
    from django_shift_media.fields import MediaField

    facts = {f"{fact}_field": fact for fact in ("width", "height", "placeholder")}
    return {
        "image": MediaField(**facts),
        "width": models.IntegerField(),
        "height": models.IntegerField(),
        "placeholder": models.CharField(max_length=44),
    }


def _spec(**options: Any) -> dict[str, Any]:
    from imagekit.models import ImageSpecField
    from imagekit.processors import ResizeToFill

    options |= {"processors": [ResizeToFill(*SIZE)], "format": "JPEG"}
    return {**_image(), "thumbnail": ImageSpecField(source="image", **options)}


def _optimistic_spec() -> dict[str, Any]:
    return _spec(cachefile_strategy="imagekit.cachefiles.strategies.Optimistic")


def _versatile() -> dict[str, Any]:
    from versatileimagefield.fields import VersatileImageField

    return {"image": VersatileImageField()}


def _picture() -> dict[str, Any]:
    from pictures.models import PictureField

    sizes = {"width_field": "width", "height_field": "height"}
    return {
        "image": PictureField(aspect_ratios=["1/1"], **sizes),
        "width": models.IntegerField(),
        "height": models.IntegerField(),
    }


def _create_nothing(thing: Any) -> None:
    # Like the setting create_images_on_demand=False, which would affect the whole process.
    thing.image.create_on_demand = False


def _named(name: str) -> dict[str, Any]:
    return {"image": name}


def _measured(name: str) -> dict[str, Any]:
    return {"image": name, "width": 400, "height": 300}


def _with_facts(name: str) -> dict[str, Any]:
    return {**_measured(name), "placeholder": "3ucZFYh2d4hvd4d3d1h3h73P3uv8 #c6e4e0"}


def _titled(name: str) -> dict[str, Any]:
    return {"file": name, "title": "A photo", "width": 400, "height": 300}


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """
    A tag that renders the URL of a resize of ``obj``.

    ``fields`` returns the attributes of its model; ``model`` is the label of an existing one
    instead. ``row`` returns the values of a row for the name of a file. ``prepare`` is called with
    each object before the page is rendered. ``urls`` is the number of URLs that a tag renders.
    ``ahead`` is true if images are generated in advance, at upload or by a command, and the tag
    does not notice missing ones.
    """

    name: str
    tag: str
    fields: Callable[[], dict[str, Any]] = _image
    model: str = ""
    row: Callable[[str], dict[str, Any]] = _named
    prepare: Callable[[Any], None] | None = None
    package: str = "django"
    apps: tuple[str, ...] = ()
    libraries: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    urls: int = 1
    ahead: bool = False

    @property
    def is_peer(self) -> bool:
        return self.package != "django"

    @property
    def is_installed(self) -> bool:
        return find_spec(self.package) is not None


_SORL = {"sorl": "sorl.thumbnail.templatetags.thumbnail"}
_EASY = {"easy": "easy_thumbnails.templatetags.thumbnail"}
_IMAGEKIT = {"imagekit": "imagekit.templatetags.imagekit"}
# In the order of the installation guide: https://docs.wagtail.org/en/stable/getting_started/integrating_into_django.html
WAGTAIL_APPS = (
    "wagtail.documents",
    "wagtail.images",
    "wagtail.admin",
    "wagtail.users",
    "wagtail.search",
    "wagtail",
    "modelcluster",
    "taggit",
)

_PICTURE = (
    "{% load shift_media %}{% picture obj.image widths='320,640,960,1280' ratio='16/9'"
    " formats='avif,webp,jpg' sizes='100vw' alt='A photo' loading='lazy' %}"
)

CANDIDATES = (
    Candidate(name=FLOOR, tag='{% load floor %}{% floor obj.image "200x200" how="fill" %}'),
    Candidate(name="{{ image.url }}", tag="{{ obj.image.url }}"),
    Candidate(
        name=OURS,
        tag='{% load shift_media %}{% resize obj.image "200x200" how="fill" %}',
        fields=_media,
        row=_with_facts,
    ),
    Candidate(
        name="{% resize %}, a preset",
        tag='{% load shift_media %}{% resize obj.image "avatar" %}',
        fields=_media,
        row=_with_facts,
        settings={"SHIFT_MEDIA_PRESETS": {"avatar": {"size": "200x200", "how": "fill"}}},
    ),
    Candidate(
        name="{% picture %}, each of 13 URLs",
        tag=_PICTURE,
        fields=_media,
        row=_with_facts,
        urls=13,
    ),
    Candidate(
        name="{{ placeholder.style }}",
        tag="{{ obj.image.placeholder.style }}",
        fields=_media,
        row=_with_facts,
        package="thash",
    ),
    Candidate(
        name="Wagtail {% image_url %}",
        tag='{% load wagtailimages_tags %}{% image_url obj "fill-200x200" %}',
        model="wagtailimages.Image",
        row=_titled,
        package="wagtail",
        apps=WAGTAIL_APPS,
    ),
    Candidate(
        name="versatileimagefield",
        tag="{{ obj.image.crop.200x200.url }}",
        fields=_versatile,
        package="versatileimagefield",
        apps=("versatileimagefield",),
    ),
    Candidate(
        name="versatileimagefield, pre-warmed",
        tag="{{ obj.image.crop.200x200.url }}",
        fields=_versatile,
        prepare=_create_nothing,
        package="versatileimagefield",
        ahead=True,
    ),
    Candidate(
        name="imagekit spec",
        tag="{{ obj.thumbnail.url }}",
        fields=_spec,
        package="imagekit",
        apps=("imagekit",),
    ),
    Candidate(
        name="imagekit spec, optimistic",
        tag="{{ obj.thumbnail.url }}",
        fields=_optimistic_spec,
        package="imagekit",
        ahead=True,
    ),
    Candidate(
        name="imagekit {% thumbnail %}",
        tag='{% load imagekit %}{% thumbnail "200x200" obj.image as im %}{{ im.url }}',
        package="imagekit",
        libraries=_IMAGEKIT,
    ),
    Candidate(
        name="sorl {% thumbnail %}",
        tag='{% load sorl %}{% thumbnail obj.image "200x200" crop="center" as im %}{{ im.url }}'
        "{% endthumbnail %}",
        package="sorl",
        apps=("sorl.thumbnail",),
        libraries=_SORL,
    ),
    Candidate(
        name="easy {% thumbnail %}",
        tag="{% load easy %}{% thumbnail obj.image 200x200 crop as im %}{{ im.url }}",
        package="easy_thumbnails",
        apps=("easy_thumbnails",),
        libraries=_EASY,
        # THUMBNAIL_DEBUG raises errors, which would otherwise render an empty tag at no cost.
        settings={"THUMBNAIL_CACHE_DIMENSIONS": True, "THUMBNAIL_DEBUG": True},
    ),
    Candidate(
        name="pictures {% img_url %}",
        tag='{% load pictures %}{% img_url obj.image "AVIF" 200 ratio="1/1" %}',
        fields=_picture,
        row=_measured,
        package="pictures",
        apps=("pictures",),
        settings={"PICTURES": {"USE_PLACEHOLDERS": False}},
        ahead=True,
    ),
    Candidate(
        name="pictures {% picture %}",
        tag='{% load pictures %}{% picture obj.image ratio="1/1" %}',
        fields=_picture,
        row=_measured,
        package="pictures",
        ahead=True,
    ),
)


def add_only_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--only",
        nargs="+",
        metavar="WORD",
        help="only measure other packages whose name contains a WORD",
    )
