"""The recipes of the documentation: each does what its text says."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from django.core import mail
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpRequest
from django.template import Context, Template
from django.test import RequestFactory, modify_settings
from django.utils.feedgenerator import Enclosure

from django_shift_media.naming import keys
from django_shift_media.storages.selection import media_storage
from gallery.drawings import draw_photo
from tests.support.recipes import headings, recipe

LARGE, SMALL = draw_photo(400, 300), draw_photo(60, 40)


@pytest.fixture
def names(tables: Any) -> Iterator[dict[str, Any]]:
    """What the recipes have in common: the model, with its table and that of its history."""
    with modify_settings(INSTALLED_APPS={"append": ["simple_history", "tests.shop"]}):
        from tests.shop.models import Product

        tables(Product, Product.history.model)
        yield {"Product": Product, "__name__": "tests.shop.recipes"}


@pytest.fixture
def product(names: dict[str, Any]) -> Any:
    photo = ContentFile(LARGE, name="Chair.jpg")
    return names["Product"].objects.create(name="Chair", photo=photo, alt="A “red” chair")


@pytest.fixture
def absolute(settings: Any) -> None:
    """The settings for absolute URLs on local disk, at the path of the project of the tests."""
    shown: dict[str, Any] = {}
    exec(recipe("Absolute URLs").replace("/shift-media/", "/media/"), shown)
    settings.STORAGES = shown["STORAGES"]
    settings.SHIFT_MEDIA_STORAGE = shown["SHIFT_MEDIA_STORAGE"]


def request(path: str = "/") -> HttpRequest:
    return RequestFactory().get(path, headers={"host": "www.example.com"})


def render(template: str, **context: Any) -> str:
    return Template(template).render(Context(context))


SITE = "https://www.example.com/media/"


def test_a_static_file_takes_the_place_of_a_missing_photo(names: Any, product: Any) -> None:
    template = recipe("Default pictures")
    empty = names["Product"]()
    assert 'alt="Our product"' in render(template, obj=product)
    assert "/static/shop/no-photo.svg" in render(template, obj=empty)
    exec(recipe("Default pictures", 1), names)
    assert names["photo_url"](product) == product.photo.resize("96x96")
    assert names["photo_url"](empty) == "/static/shop/no-photo.svg"


@pytest.mark.usefixtures("absolute")
def test_urls_on_local_disk_are_absolute(product: Any, client: Any) -> None:
    from tests.support.system_checks import found

    assert found() == {}
    url = product.photo.resize("200x")
    assert url.startswith(SITE)
    assert product.photo.url.startswith(SITE)
    assert client.get(url.removeprefix("https://www.example.com")).status_code == 200


@pytest.mark.usefixtures("absolute")
def test_an_email_has_the_picture(names: Any, product: Any) -> None:
    exec(recipe("E-mails"), names)
    names["announce"](product, "somebody@example.com")
    [message] = mail.outbox
    html, _ = message.alternatives[0]
    assert f'<img src="{SITE}' in html
    assert 'width="400" height="300" alt="A “red” chair">' in html


@pytest.mark.usefixtures("absolute")
def test_open_graph_has_the_size_of_the_picture(product: Any) -> None:
    html = render(recipe("Open Graph"), obj=product)
    assert f'"og:image" content="{SITE}' in html
    # The original is smaller than asked for.
    assert 'og:image:width" content="400"' in html
    assert 'og:image:height" content="210"' in html


@pytest.mark.usefixtures("absolute")
def test_a_sitemap_has_the_pictures(names: Any, product: Any) -> None:
    from django.contrib.sitemaps import GenericSitemap

    names["Product"].objects.create(name="Without")
    site = type("Site", (), {"domain": "www.example.com"})
    sitemap = GenericSitemap({"queryset": names["Product"].objects.order_by("pk")})
    document = render(recipe("Sitemaps"), urlset=sitemap.get_urls(site=site, protocol="https"))
    urls = ElementTree.fromstring(document.strip().encode())
    places = [element.text for element in urls.iter() if element.tag.endswith("}loc")]
    assert places[0] == f"https://www.example.com/products/{product.pk}/"
    assert places[1] == product.photo.resize("1600x")
    assert len(places) == 3


@pytest.mark.usefixtures("absolute")
def test_a_feed_has_the_pictures(names: Any, product: Any) -> None:
    exec(recipe("RSS and Atom"), names)
    [enclosure] = names["ProductFeed"]().item_enclosures(product)
    assert isinstance(enclosure, Enclosure)
    answer = names["ProductFeed"]()(request())
    [item] = ElementTree.fromstring(answer.content).iter("enclosure")
    url = product.photo.resize("1200x", format="jpg")
    assert item.attrib == {"url": url, "length": "0", "type": "image/jpeg"}


def test_a_json_feed_has_absolute_urls_by_the_request(names: Any, product: Any) -> None:
    exec(recipe("JSON Feed"), names)
    [item] = json.loads(names["json_feed"](request()).content)["items"]
    assert item["image"] == "http://www.example.com" + product.photo.resize("1200x", format="jpg")
    assert item["url"] == f"http://www.example.com/products/{product.pk}/"


def test_the_tags_use_the_alternative_text_of_the_row(names: Any, product: Any) -> None:
    shown = render(recipe("Alternative texts"), obj=product)
    assert 'alt="A “red” chair"' in shown
    by_itself = recipe("Alternative texts").replace(" alt=obj.photo.alt", "")
    assert sorted(render(by_itself, obj=product).split()) == sorted(shown.split())
    exec(recipe("Alternative texts", 1), names)
    photo = SimpleUploadedFile("chair.jpg", SMALL)
    form = names["ProductForm"]({"name": "Chair"}, {"photo": photo})
    assert form.errors == {"alt": ["Describe the picture."]}
    assert names["ProductForm"]({"name": "Chair", "alt": "A"}, {"photo": photo}).is_valid()


def test_an_import_takes_keys_and_pictures_of_a_folder(
    names: Any, product: Any, tmp_path: Path
) -> None:
    from tablib import Dataset

    exec(recipe("django-import-export"), names)
    resource = names["ProductResource"]()
    exported = resource.export()
    assert exported.dict[0]["photo"] == product.photo.name
    names["Product"].objects.update(photo="")
    resource.import_data(exported, raise_errors=True)
    product.refresh_from_db()
    assert keys.is_original(product.photo.name)
    names["ProductResource"].folder = tmp_path
    (tmp_path / "table.jpg").write_bytes(SMALL)
    (tmp_path / "text.jpg").write_bytes(b"text")
    rows = Dataset(["", "Table", "../table.jpg"], headers=["id", "name", "picture"])
    resource.import_data(rows, dry_run=True, raise_errors=True)
    assert names["Product"].objects.count() == 1
    resource.import_data(rows, raise_errors=True)
    table = names["Product"].objects.get(name="Table")
    assert (table.photo.read(), table.width) == (SMALL, 60)
    wrong = Dataset(["", "Text", "text.jpg"], headers=["id", "name", "picture"])
    [[error]] = [row.errors for row in resource.import_data(wrong).rows]
    assert "not an image" in str(error.error)


def test_a_factory_makes_pictures(names: Any) -> None:
    exec(recipe("factory_boy"), names)
    one, two = names["ProductFactory"].create_batch(2)
    assert (one.width, one.height) == (40, 30)
    assert one.photo.name != two.photo.name
    assert media_storage().exists(one.photo.name)
    assert not names["ProductFactory"](photo="").photo


def test_a_record_of_a_history_shows_its_picture(names: Any, product: Any) -> None:
    exec(recipe("django-simple-history", 1), names)
    old = product.photo.name
    product.photo = ContentFile(SMALL, name="new.jpg")
    product.save()
    record = product.history.earliest()
    photo = names["photo_of"](record)
    assert photo.name == old
    assert photo.resize("200x").height == 150
    assert photo.read() == LARGE


def test_a_serializer_has_urls_and_the_alternative_text(names: Any, product: Any) -> None:
    exec(recipe("REST"), names)
    photo = names["ProductSerializer"](product, context={"request": request()}).data["photo"]
    assert photo["alt"] == "A “red” chair"
    small = product.photo.resize("200x200")
    assert photo["resizes"]["small"] == f"http://www.example.com{small}"
    upload = SimpleUploadedFile("new.jpg", SMALL)
    serializer = names["ProductSerializer"](data={"name": "New", "photo": upload})
    assert serializer.is_valid()
    assert serializer.save().width == 60


def test_a_graphql_query_has_an_image(names: Any, product: Any) -> None:
    names["Product"].objects.create(name="Without")
    exec(recipe("GraphQL"), names)
    query = "{ products { name photo(size: SMALL) { url width height srcset } } }"
    answer = names["schema"].execute(query)
    assert answer.errors is None
    image = product.photo.resize("200x200")
    shown = {"url": image, "width": 200, "height": 150, "srcset": image.srcset}
    assert answer.data["products"] == [
        {"name": "Chair", "photo": shown},
        {"name": "Without", "photo": None},
    ]
    refused = names["schema"].execute('{ products { photo(size: "9x9") { url } } }')
    assert refused.errors


def test_each_recipe_is_tried() -> None:
    """A new heading needs a test: they are all called by it."""
    tests = Path(__file__).read_text()
    needed = set(headings()) - {"Recipes"}
    assert {heading for heading in needed if f'recipe("{heading}"' not in tests} == set()
