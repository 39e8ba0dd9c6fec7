"""``{% resize … as image %}``: the URL of a resize, with its size and its srcset."""

import copy
import json
import pickle
from typing import Any

import pytest

from django_shift_media.exceptions import InvalidMetadata
from gallery.models import Photo
from tests.support.templates import jinja2, rendered

SHOWN = "{{ image }} {{ image.url }} {{ image.width }}x{{ image.height }} {{ image.srcset }}"


@pytest.mark.usefixtures("jinja2_templates")
def test_it_is_the_same_in_all_templates_and_in_python(photo: Photo) -> None:
    image = photo.photo.resize("200x")
    twice = photo.photo.resize("400x")
    expected = f"{image} {image} 200x150 {image} 1x, {twice} 2x"
    assert f"{image.url} {image.width}x{image.height}" == f"{image} 200x150"
    assert rendered('{% resize obj.photo "200x" as image %}' + SHOWN, obj=photo) == expected
    code = '{% set image = resize(obj.photo, "200x") %}' + SHOWN
    assert jinja2(code, obj=photo) == expected


@pytest.mark.parametrize(
    ("arguments", "size"),
    [
        ({"size": "100x100"}, (100, 75)),
        ({"size": "100x100", "how": "fill"}, (100, 100)),
        ({"size": "100x100", "how": "pad"}, (100, 100)),
        ({"size": "x90"}, (120, 90)),
        ({"size": "800x"}, (400, 300)),
        ({"size": "800x", "upscale": True}, (800, 600)),
        ({"size": "avatar"}, (96, 96)),
    ],
)
def test_the_size_is_that_of_the_resize(
    photo: Photo, settings: Any, arguments: Any, size: tuple[int, int]
) -> None:
    settings.SHIFT_MEDIA_PRESETS = {"avatar": {"size": "96x96", "how": "fill"}}
    image = photo.photo.resize(**arguments)
    assert (image.width, image.height) == size
    # For dense screens, no more pixels than there are.
    densities = [part.rpartition(" ")[2] for part in image.srcset.split(", ")]
    assert densities == (["1x"] if arguments == {"size": "800x"} else ["1x", "2x"])


def test_the_size_is_unknown_without_fields_for_it(photo: Photo) -> None:
    photo.width = photo.height = None
    fit, fill = photo.photo.resize("100x100"), photo.photo.resize("100x100", how="fill")
    assert (fit.width, fit.height) == (None, None)
    assert (fill.width, fill.height) == (100, 100)


def test_a_file_that_is_missing_is_an_empty_image() -> None:
    tag = '{% resize file "9x9" as image %}{% if image %}yes{% else %}no{% endif %}'
    assert rendered(tag, file=None) == rendered(tag, file=Photo().photo) == "no"


def test_only_sizes_of_presets_are_in_the_srcset_if_only_they_are_allowed(
    photo: Photo, settings: Any
) -> None:
    settings.SHIFT_MEDIA_PRESETS = {"avatar": {"size": "96x96"}}
    settings.SHIFT_MEDIA_PRESETS_ONLY = True
    image = photo.photo.resize("avatar")
    assert image.srcset == f"{image} 1x"


def test_a_copy_is_text(photo: Photo) -> None:
    """In a cache, it does not keep the row."""
    image = photo.photo.resize("200x")
    for made in (pickle.loads(pickle.dumps(image)), copy.deepcopy(image), str(image)):
        assert type(made) is str
        assert made == image
    assert json.loads(json.dumps({"image": image})) == {"image": str(image)}


def test_a_url_with_an_ampersand_is_escaped_once(photo: Photo, monkeypatch: Any) -> None:
    monkeypatch.setattr(type(photo.photo.storage), "media_url", "/a&b/")
    html = rendered('{% resize obj.photo "9x9" as image %}{{ image }}', obj=photo)
    assert html.startswith("/a&amp;b/")


def test_a_bad_size_in_the_row_breaks_no_page(photo: Photo, settings: Any, caplog: Any) -> None:
    photo.width = -1
    tag = '{% resize obj.photo "200x" as image %}{{ image.width }}{{ image.srcset }}'
    settings.SHIFT_MEDIA_STRICT = False
    assert rendered(tag, obj=photo) == "None"
    assert "-1 x 300 is not a size" in caplog.text
    settings.SHIFT_MEDIA_STRICT = True
    with pytest.raises(InvalidMetadata):
        rendered(tag, obj=photo)
