"""``{% picture %}``, ``{% img %}`` and ``{% srcset %}``: what they say, and that it is true."""

import io
import json
from dataclasses import asdict
from html.parser import HTMLParser
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.utils.safestring import mark_safe
from PIL import Image

from django_shift_media.exceptions import InvalidResize
from gallery.drawings import draw_photo
from gallery.models import Attachment, Photo
from tests.support.templates import jinja2, rendered


class Elements(HTMLParser):
    """The elements of HTML: names and attributes, in their order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.found.append((tag, dict(attrs)))


def elements(tag: str, photo: Photo, **context: Any) -> list[tuple[str, dict[str, Any]]]:
    return Elements(rendered(f"{{% {tag} %}}", photo=photo.photo, **context)).found


def descriptors(srcset: str | None) -> list[str]:
    return [candidate.split()[1] for candidate in (srcset or "").split(",")]


@pytest.fixture
def large(db: None) -> Photo:
    """A photo of 1000 x 750 pixels."""
    return Photo.objects.create(photo=ContentFile(draw_photo(1000, 750), name="large.jpg"))


PICTURE = (
    'picture photo widths="320,640,960,1280" ratio="16/9" sizes="(min-width: 60em) 50vw, 100vw"'
    ' formats="avif,webp,jpg" alt="A bay" class="wide" loading="lazy" fetchpriority="high"'
)


def test_a_complete_picture(large: Photo) -> None:
    (tag, nothing), *sources, (name, img) = elements(PICTURE, large)
    assert (tag, nothing, name) == ("picture", {}, "img")
    assert [tag for tag, _ in sources] == ["source", "source"]
    assert [source["type"] for _, source in sources] == ["image/avif", "image/webp"]
    for attributes in (*(source for _, source in sources), img):
        assert descriptors(attributes["srcset"]) == ["320w", "640w", "960w", "1000w"]
        assert attributes["sizes"] == "(min-width: 60em) 50vw, 100vw"
        assert (attributes["width"], attributes["height"]) == ("1000", "563")
    assert (
        img.items()
        >= {
            "alt": "A bay",
            "class": "wide",
            "loading": "lazy",
            "fetchpriority": "high",
        }.items()
    )
    assert img["src"] in img["srcset"]
    assert img["src"].endswith(".jpg")


def made(client: Client, url: str) -> tuple[int, int]:
    answer = client.get(url)
    assert answer.status_code == 200
    return Image.open(io.BytesIO(answer.content)).size


OPTIONS: list[dict[str, Any]] = [
    {"widths": "100,200,400"},
    {"widths": "100,200,400", "ratio": "16/9"},
    {"widths": "100,200,400", "ratio": "9/16"},
    {"widths": "100,200,400", "ratio": "1.5", "upscale": True},
    {"widths": [99, 100], "ratio": 1, "formats": ["webp", "jpg"]},
    {"widths": 150, "format": "png"},
    {"widths": "100,200,400", "art": "print {ratio: 1/1} (width < 9em) {size: 50x50; how: fill}"},
    {"size": "96x96", "densities": "1,2,3"},
    {"size": "96x96", "densities": "1,1.5,2,3", "how": "fill"},
    {"size": "96x", "densities": 2},
    {"size": "x200", "densities": [1, 2, 3], "upscale": True},
    {"size": "400x10", "how": "fill"},
]


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("size", [(300, 400), (250, 60), (64, 48), (1, 300)])
def test_what_a_picture_says_is_what_is_made(
    client: Client, db: None, size: tuple[int, int], options: dict[str, Any]
) -> None:
    file = ContentFile(draw_photo(*size), name="a.jpg")
    photo = Photo.objects.create(photo=file, focal_point="20,80")
    picture = photo.photo.picture(**options)
    for source in (*picture.sources, picture.img):
        for variant in source.srcset:
            assert made(client, variant.url) == (variant.width, variant.height)
            if variant.descriptor.endswith("w"):
                assert variant.descriptor == f"{variant.width}w"
            if not options.get("upscale"):
                assert variant.width <= size[0]
        sizes = [(variant.width, variant.height) for variant in source.srcset]
        assert sizes == sorted(set(sizes)), "each is larger than the one before"
        shown = source.srcset[-1 if source.sizes else 0]
        assert (source.width, source.height) == (shown.width, shown.height)


@pytest.mark.parametrize(
    ("size", "options", "expected"),
    [
        ((1000, 750), {"widths": "320,640"}, ["320w", "640w"]),
        ((640, 480), {"widths": "320,640,960"}, ["320w", "640w"]),
        ((500, 480), {"widths": "320,640,960"}, ["320w", "500w"]),
        ((100, 480), {"widths": "320,640,960"}, ["100w"]),
        ((4000, 300), {"widths": "320,640,960", "ratio": "16/9"}, ["320w", "533w"]),
        ((100, 480), {"widths": "320,640", "upscale": True}, ["320w", "640w"]),
        ((None, None), {"widths": "640,320,320"}, ["320w", "640w"]),
        ((1000, 750), {"size": "96x96", "densities": "1,2,3"}, ["1x", "2x", "3x"]),
        ((1000, 750), {"size": "96x96", "densities": "2"}, ["1x", "2x"]),
        ((150, 150), {"size": "96x96", "densities": "1,2,3"}, ["1x", "1.5625x"]),
        ((80, 80), {"size": "96x96", "densities": "1,2,3"}, ["1x"]),
        ((None, 80), {"size": "96x96", "densities": "1,2,3"}, ["1x", "2x", "3x"]),
    ],
)
def test_no_candidate_is_larger_than_the_original(
    photo: Photo, size: Any, options: dict[str, Any], expected: list[str]
) -> None:
    photo.width, photo.height = size
    srcset = photo.photo.picture(**options).img.srcset
    assert [variant.descriptor for variant in srcset] == expected


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"widths": "320,640"}, (None, None)),
        ({"widths": "320,640", "ratio": "16/9"}, (640, 360)),
        ({"size": "96x96"}, (None, None)),
        ({"size": "96x"}, (None, None)),
        ({"size": "96x90", "how": "fill", "densities": "1,2"}, (96, 90)),
    ],
)
def test_an_original_of_unknown_size(photo: Photo, options: Any, expected: Any) -> None:
    photo.width = None
    img = photo.photo.picture(**options).img
    assert (img.width, img.height) == expected
    ((_, attributes),) = elements("img photo " + as_arguments(options) + ' alt=""', photo)
    assert ("width" in attributes) == ("height" in attributes) == (expected != (None, None))


def as_arguments(options: dict[str, Any]) -> str:
    return " ".join(f'{name}="{value}"' for name, value in options.items())


def test_a_picture_that_is_too_long_breaks_no_page(photo: Photo) -> None:
    photo.width, photo.height = 1, 16_000
    img = photo.photo.picture(widths=320, upscale=True).img
    assert (img.width, img.height) == (None, None)


def test_art_direction(large: Photo) -> None:
    art = (
        "(max-width: 40em) {ratio: 1/1; widths: 320,640; quality: 50}"
        " (max-width: 60em), print {ratio: 4/3; sizes: 90vw; upscale: true}"
    )
    tag = f'{PICTURE} art="{art}"'.replace("avif,webp,jpg", "webp,jpg")
    _, *sources, (_, img) = elements(tag, large)
    square, square_jpg, wider, wider_jpg, webp = (source for _, source in sources)
    assert square["media"] == square_jpg["media"] == "(max-width: 40em)"
    assert wider["media"] == wider_jpg["media"] == "(max-width: 60em), print"
    assert [square["type"], square_jpg["type"]] == ["image/webp", "image/jpeg"]
    assert descriptors(square["srcset"]) == ["320w", "640w"]
    assert "/320x320-fill-50-" in square["srcset"]
    assert (square["width"], square["height"]) == ("640", "640")
    assert square["sizes"] == "(min-width: 60em) 50vw, 100vw"
    assert (wider["width"], wider["height"], wider["sizes"]) == ("1280", "960", "90vw")
    assert "media" not in webp
    assert (img["width"], img["height"]) == ("1000", "563")


def test_art_direction_may_change_a_fixed_size(large: Photo) -> None:
    picture = large.photo.picture(
        "96x96", densities="1,2", art="print {widths: 50,60} (width < 9em) {size: 32x32}"
    )
    fluid, small = picture.sources
    assert [variant.descriptor for variant in fluid.srcset] == ["50w", "60w"]
    assert [variant.descriptor for variant in small.srcset] == ["1x", "2x"]
    assert (small.width, small.height) == (32, 24)


def test_the_focal_point_is_kept_in_view(large: Photo) -> None:
    large.focal_point = "10,90"
    picture = large.photo.picture(widths="320", ratio="1", art="print {ratio: 4/1}")
    assert "/320x320-fillx10y90-" in picture.img.url
    assert "/320x80-fillx10y90-" in picture.sources[0].url


def test_img_with_densities(large: Photo) -> None:
    tag = 'img photo "96x96" how="fill" densities="1,2,3" alt="Me" data_id=5 aria_hidden="true"'
    ((name, img),) = elements(tag, large)
    assert name == "img"
    assert descriptors(img["srcset"]) == ["1x", "2x", "3x"]
    assert img["src"] == large.photo.resize("96x96", how="fill")
    assert "sizes" not in img
    assert (img["width"], img["height"]) == ("96", "96")
    assert (img["alt"], img["data-id"], img["aria-hidden"]) == ("Me", "5", "true")


def test_img_of_one_size_needs_no_srcset(large: Photo) -> None:
    ((_, img),) = elements('img photo "200x200" format="webp" alt=""', large)
    url = large.photo.resize("200x200", format="webp")
    assert img == {"src": url, "width": "200", "height": "150", "alt": ""}


def test_srcset_alone(large: Photo) -> None:
    html = rendered(
        '<img srcset="{% srcset photo widths="320,640" ratio="2" format="webp" %}">',
        photo=large.photo,
    )
    ((_, img),) = Elements(html).found
    urls = [large.photo.resize(size, how="fill", format="webp") for size in ("320x160", "640x320")]
    assert img["srcset"] == f"{urls[0]} 320w, {urls[1]} 640w"


@pytest.mark.parametrize("text", ['"><script>', "'<b>&", '" onload="alert(1)'])
@pytest.mark.parametrize("make", [str, mark_safe])
def test_attributes_are_escaped(large: Photo, text: str, make: Any) -> None:
    for tag in ('img photo "9x9"', 'picture photo widths="9" formats="webp,jpg" sizes=text'):
        found = elements(tag + " alt=text title=text data_x=text", large, text=make(text))
        assert {name for name, _ in found} <= {"picture", "source", "img"}
        img = found[-1][1]
        assert img["alt"] == img["title"] == img["data-x"] == text
        assert "onload" not in img


def test_entities_of_safe_text_are_kept(large: Photo) -> None:
    ((_, img),) = elements('img photo "9x9" alt=text', large, text=mark_safe("Tom &amp; J."))
    assert img["alt"] == "Tom & J."


def test_attributes_that_are_true_or_false_or_none(large: Photo) -> None:
    tag = 'img photo "9x9" alt="" ismap=True hidden=False title=None data_n=0'
    ((_, img),) = elements(tag, large)
    assert img["ismap"] is None
    assert img["data-n"] == "0"
    assert not img.keys() & {"hidden", "title"}


@pytest.mark.parametrize("file", [None, Photo().photo, Attachment().file])
@pytest.mark.parametrize("tag", ['picture file "9x9"', 'img file "9x9"', 'srcset file "9x9"'])
def test_an_empty_file_renders_nothing(file: Any, tag: str) -> None:
    assert rendered(f"[{{% {tag} %}}]", file=file) == "[]"


@pytest.mark.parametrize(
    ("tag", "message"),
    [
        ('picture photo widths="9"', 'picture requires alt="…": .* or alt="" if'),
        ('img photo "9x9" alt=None', 'img requires alt="…"'),
        ('picture photo alt=""', "Use either a size or widths; got size=None and widths=None"),
        (
            'picture photo "9x9" widths="9" alt=""',
            "Use either a size or widths; got size='9x9' and widths='9'",
        ),
        (
            'picture photo widths="9,x" alt=""',
            "Invalid widths '9,x'. Use numbers such as \"320,640\"",
        ),
        ('picture photo widths="9,-9" alt=""', "Invalid widths '9,-9'. Use numbers such as"),
        ('picture photo widths="9.5" alt=""', "Invalid widths '9.5'. Use numbers such as"),
        ('picture photo widths="9,,9" alt=""', "Invalid widths '9,,9'. Use numbers such as"),
        ('picture photo widths=missing alt=""', "Invalid widths ''. Use numbers such as"),
        ('picture photo widths="99999" alt=""', "Invalid widths '99999'. Use numbers such as"),
        ('picture photo widths="9" densities="2" alt=""', "densities='2' requires a size"),
        (
            'picture photo "9x9" densities="x" alt=""',
            "Invalid densities 'x'. Use numbers such as \"1,2,3\"",
        ),
        ('picture photo "9x9" densities=missing alt=""', "Invalid densities ''. Use"),
        ('picture photo "9x9" densities="nan" alt=""', "Invalid densities 'nan'. Use"),
        ('picture photo "9x9" ratio="2" alt=""', "ratio='2' requires widths"),
        ('picture photo "9x9" sizes="9vw" alt=""', "sizes='9vw' requires widths"),
        (
            'picture photo widths="9" ratio="16/0" alt=""',
            "Invalid ratio '16/0'. Use a ratio such as",
        ),
        (
            'picture photo widths="9" ratio="-1" alt=""',
            "Invalid ratio '-1'. Use a ratio such as \"16/9\"",
        ),
        (
            'picture photo widths="9" ratio="wide" alt=""',
            "Invalid ratio 'wide'. Use a ratio such as",
        ),
        ('picture photo widths="9" how="fill" alt=""', 'how="fill" with widths requires a ratio'),
        (
            'picture photo widths="9" ratio="2" how="fit" alt=""',
            "ratio='2' requires how=\"fill\"",
        ),
        ('picture photo widths="9" formats="jpg,tiff" alt=""', "Invalid format 'tiff'. Use one of"),
        (
            'picture photo widths="9" formats="jpg," alt=""',
            "Invalid formats 'jpg,'. Use a list such as",
        ),
        (
            'picture photo widths="9" formats=missing alt=""',
            "Invalid formats ''. Use a list such as",
        ),
        (
            'picture photo widths="9" formats="jpg" format="png" alt=""',
            "Use either format or formats; got format='png'",
        ),
        ('picture photo widths="9" art="print" alt=""', "Invalid art 'print'. Use media queries"),
        (
            'picture photo widths="9" art="{ratio: 1}" alt=""',
            "Invalid art '{ratio: 1}'. Use media queries",
        ),
        ('picture photo widths="9" art="a {b: 1}" alt=""', "Unknown picture option 'b'"),
        ('picture photo widths="9" art="a {alt: 1}" alt=""', "Unknown picture option 'alt'"),
        ('picture photo widhts="9" alt=""', "'widhts' is neither .* Did you mean 'widths'"),
        (
            'picture photo widths="9" alt="" src="x"',
            "'src' is neither a picture option nor an attri",
        ),
        ('picture photo widths="9" alt="" width=9', "'width' is neither .* mean 'widths'"),
        ('srcset photo widths="9" alt=""', "Unknown picture option 'alt'"),
        (
            'img photo widths="9" formats="webp,jpg" alt=""',
            "img supports one format .* has 2 sources",
        ),
        ('srcset photo widths="9" art="a {ratio: 1}"', "srcset supports one format and no art"),
        ('picture photo "hero" alt=""', "Unknown preset 'hero'"),
        ('picture phtoo widths="9" alt=""', "picture got ''. Use the file of a MediaField"),
    ],
)
def test_what_is_wrong_is_named(large: Photo, tag: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        elements(tag, large)


@pytest.mark.usefixtures("jinja2_templates")
def test_names_of_attributes_end_nowhere(large: Photo) -> None:
    html = '{{ img(photo, "9x9", alt="", **{"x onload": "alert(1)"}) }}'
    with pytest.raises(InvalidResize, match="'x onload' is neither a picture option"):
        jinja2(html, photo=large.photo)


def test_a_picture_of_a_preset(large: Photo, settings: Any) -> None:
    settings.SHIFT_MEDIA_PRESETS = {
        "hero": {"widths": "320,640", "ratio": "16/9", "formats": "webp,jpg", "sizes": "50vw"},
        "avatar": {"size": "96x96", "how": "fill", "format": "webp"},
    }
    same = 'picture photo widths="320,640" ratio="16/9" formats="webp,jpg" sizes="50vw" alt="a"'
    assert elements('picture photo "hero" alt="a"', large) == elements(same, large)
    assert elements('img photo "avatar" alt="a"', large) == elements(
        'img photo "96x96" how="fill" format="webp" alt="a"', large
    )
    narrower = elements('picture photo "hero" sizes="20em" widths="99" alt="a"', large)
    assert (narrower[-1][1]["sizes"], narrower[-1][1]["width"]) == ("20em", "99")
    settings.SHIFT_MEDIA_PRESETS_ONLY = True
    assert elements('picture photo "hero" sizes="20em" alt="a"', large)
    for other in ('"hero" widths="99"', '"hero" quality=5', 'widths="320"', '"96x96"'):
        with pytest.raises(InvalidResize, match="SHIFT_MEDIA_PRESETS_ONLY"):
            elements(f'picture photo {other} alt=""', large)


def test_a_picture_is_plain_data(large: Photo) -> None:
    picture = json.loads(json.dumps(asdict(large.photo.picture(widths="320", formats="webp,jpg"))))
    (source,) = picture["sources"]
    url = large.photo.resize("320x", format="webp")
    assert source == {
        "url": url,
        "srcset": [{"url": url, "descriptor": "320w", "width": 320, "height": 240}],
        "width": 320,
        "height": 240,
        "type": "image/webp",
        "sizes": "100vw",
        "media": None,
    }
    assert picture["img"]["type"] == "image/jpeg"


@pytest.mark.usefixtures("jinja2_templates")
@pytest.mark.parametrize(
    ("tag", "call"),
    [
        ('resize photo "200x200" how="fill"', 'resize(photo, "200x200", how="fill")'),
        (
            'picture photo widths="320,640" ratio="16/9" formats="webp,jpg" alt=text class="a"'
            ' art="print {ratio: 1/1}"',
            'picture(photo, widths="320,640", ratio="16/9", formats=["webp", "jpg"], alt=text,'
            ' class="a", art="print {ratio: 1/1}")',
        ),
        (
            'img photo "96x96" densities="1,2" alt=text data_id=5 hidden=True',
            'img(photo, "96x96", densities=[1, 2], alt=text, data_id=5, hidden=true)',
        ),
        ('srcset photo widths="320,640"', 'srcset(photo, widths="320,640")'),
        ('picture empty "9x9" alt=""', 'picture(empty, "9x9", alt="")'),
    ],
)
def test_jinja2_renders_the_same(large: Photo, tag: str, call: str) -> None:
    context = {"photo": large.photo, "text": "<b>\"'&", "empty": None}
    assert jinja2(f"{{{{ {call} }}}}", **context) == rendered(f"{{% {tag} %}}", **context)
