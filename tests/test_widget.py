"""The widget and the admin in Chromium."""

import io
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.template.defaultfilters import filesizeformat
from django.utils import translation
from PIL import Image, ImageChops, ImageFilter, ImageStat

from gallery.drawings import draw_photo
from gallery.models import Attachment, Photo
from tests.support.browsing import follow
from tests.support.desks import Desk

SHOWN = "images => images.every(image => image.complete && image.naturalWidth)"
POINT = "shift-media-input:has([name=photo]) .shift-media-point"
TYPE = """text => {
    const input = document.querySelector("[name=focal_point]");
    input.value = text;
    input.dispatchEvent(new Event("input"));
}"""
NEW = draw_photo(640, 480, seed=7)


@pytest.fixture
def photo(db: None) -> Photo:
    data = draw_photo(1200, 900, seed=1)
    return Photo.objects.create(title="Sea", photo=ContentFile(data, name="sea.jpg"))


def change(photo: Photo) -> str:
    return f"photo/{photo.pk}/change/"


def chosen(name: str = "new.jpg", data: bytes = NEW) -> dict[str, Any]:
    return {"name": name, "mimeType": "image/jpeg", "buffer": data}


def click_at(page: Any, x: int, y: int, row: str = "") -> None:
    """Click a picture at a position in percent from the left and the top."""
    preview = page.locator(f"{row} .shift-media-preview").first
    preview.scroll_into_view_if_needed()
    box = preview.bounding_box()
    page.mouse.click(box["x"] + box["width"] * x / 100, box["y"] + box["height"] * y / 100)


def wait_for_pictures(page: Any) -> None:
    page.wait_for_function(
        f"() => ({SHOWN})([...document.querySelectorAll('shift-media-input img:not([hidden] *)')])"
    )


def choose(page: Any) -> None:
    """Choose a file where none is shown, and wait until it is."""
    page.set_input_files("[name=photo]", chosen())
    page.locator(".shift-media-preview[src^='blob:']").wait_for()


# -- the focal point ------------------------------------------------------------------------------


def test_a_click_sets_the_focal_point(desk: Desk, photo: Photo) -> None:
    before = photo.photo.resize("100x100", how="fill")
    page = desk.open(change(photo))
    wait_for_pictures(page)
    desk.shoot("change-light")
    click_at(page, 10, 90)
    assert page.locator("[name=focal_point]").input_value() == "10,90"
    assert (
        page.locator(POINT).get_attribute("aria-valuetext")
        == "10 percent from the left, 90 percent from the top"
    )
    desk.save()
    photo.refresh_from_db()
    after = photo.photo.resize("100x100", how="fill")
    assert photo.focal_point == "10,90"
    assert after != before
    # The drawing is red in its top left corner, which the square in the middle cuts off.
    picture = Image.open(io.BytesIO(follow(desk.site + after)[-1].body)).convert("RGB")
    red, green, blue = picture.getpixel((10, 10))
    assert red > 180
    assert max(green, blue) < 90
    assert not desk.complaints


@pytest.mark.parametrize(
    ("keys", "point"),
    [
        (["ArrowRight"], "51,50"),
        (["Shift+ArrowLeft", "ArrowUp"], "40,49"),
        (["Shift+ArrowDown"] * 6, "50,100"),
        (["Tab"], ""),
    ],
)
def test_the_arrow_keys_move_the_point(
    desk: Desk, photo: Photo, keys: list[str], point: str
) -> None:
    page = desk.open(change(photo))
    wait_for_pictures(page)
    page.locator(POINT).focus()
    for key in keys:
        page.keyboard.press(key)
    desk.save()
    assert Photo.objects.get().focal_point == point


def test_the_point_is_dragged(desk: Desk, photo: Photo) -> None:
    page = desk.open(change(photo))
    wait_for_pictures(page)
    box = page.locator(".shift-media-preview").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] - 50, steps=5)
    page.mouse.up()
    assert page.locator("[name=focal_point]").input_value() == "25,0"


@pytest.mark.parametrize("point", [(50, 50), (0, 0), (17, 83), (100, 60)])
def test_the_live_crops_are_those_of_fill(desk: Desk, photo: Photo, point: tuple[int, int]) -> None:
    page = desk.open(change(photo))
    wait_for_pictures(page)
    page.evaluate(TYPE, "{},{}".format(*point))
    crops = page.locator("shift-media-input:has([name=photo]) .shift-media-crops img")
    assert crops.count() == 3
    photo.focal_point = "{},{}".format(*point)
    for crop in crops.all():
        shot = Image.open(io.BytesIO(crop.screenshot())).convert("RGB")
        url = photo.photo.resize(f"{shot.width}x{shot.height}", how="fill", format="png")
        made = Image.open(io.BytesIO(follow(desk.site + url)[-1].body)).convert("RGB")
        # Rounded corners differ, and so does how Chromium scales.
        inner = (6, 6, shot.width - 6, shot.height - 6)
        shown, wanted = (p.crop(inner).filter(ImageFilter.GaussianBlur(1)) for p in (shot, made))
        difference = ImageChops.difference(shown, wanted)
        assert max(ImageStat.Stat(difference).mean) < 3, point


def test_the_focal_point_can_be_typed_without_javascript(new_desk: Any, photo: Photo) -> None:
    desk = new_desk(java_script_enabled=False)
    page = desk.open(change(photo))
    assert page.locator(".field-photo .shift-media-preview").is_visible()
    assert not page.locator(POINT).is_visible()
    page.locator("[name=focal_point]").fill("30,70")
    desk.save()
    assert Photo.objects.get().focal_point == "30,70"


def test_a_button_moves_the_point_back_to_the_center(desk: Desk, photo: Photo) -> None:
    page = desk.open(change(photo))
    wait_for_pictures(page)
    button = page.get_by_role("button", name="Back to the center").first
    assert not button.is_visible()
    page.locator(POINT).press("ArrowRight")
    desk.shoot("center")
    button.click()
    assert page.locator("[name=focal_point]").input_value() == ""
    assert page.locator(POINT).get_attribute("aria-valuenow") == "50"
    assert not button.is_visible()
    assert page.evaluate("document.activeElement.className") == "shift-media-point"


def test_an_empty_form_explains_the_focal_point(desk: Desk, photo: Photo) -> None:
    page = desk.open("photo/add/")
    hint = page.locator(".field-photo .shift-media-hint")
    desk.shoot("empty")
    assert "you can click the part that should stay visible" in hint.inner_text()
    assert not page.locator("[name=focal_point]").is_visible()
    choose(page)
    assert not hint.is_visible()
    assert page.locator(".field-photo .shift-media-help").is_visible()
    desk.open(change(photo))
    wait_for_pictures(page)
    assert not page.locator(".field-photo .shift-media-hint").is_visible()


def test_javascript_hides_the_text_input(desk: Desk, photo: Photo) -> None:
    page = desk.open(change(photo))
    wait_for_pictures(page)
    assert not page.locator("[name=focal_point]").is_visible()


def test_the_focal_point_belongs_to_its_picture(desk: Desk, photo: Photo) -> None:
    Photo.objects.update(focal_point="30,70")
    page = desk.open(change(photo))
    wait_for_pictures(page)
    point = page.locator("[name=focal_point]")
    page.set_input_files("[name=photo]", chosen())
    assert point.input_value() == ""
    page.set_input_files("[name=photo]", [])
    assert point.input_value() == "30,70"
    page.set_input_files("[name=photo]", chosen())
    desk.save()
    assert Photo.objects.get().focal_point == ""
    wait_for_pictures(page)
    page.set_input_files("[name=photo]", chosen())
    page.locator(".shift-media-preview[src^='blob:']").wait_for()
    click_at(page, 20, 30)
    desk.save()
    assert Photo.objects.get().focal_point == "20,30"


# -- files ----------------------------------------------------------------------------------------


def test_a_chosen_file_is_previewed_before_the_upload(desk: Desk, photo: Photo) -> None:
    page = desk.open("photo/add/")
    assert not page.locator(".field-photo .shift-media-picture").is_visible()
    choose(page)
    assert "640 × 480" in page.locator(".field-photo .shift-media-chosen").inner_text()
    click_at(page, 20, 30)
    desk.shoot("add")
    desk.save()
    assert Photo.objects.latest("pk").focal_point == "20,30"


def test_a_file_is_replaced(desk: Desk, photo: Photo) -> None:
    page = desk.open(change(photo))
    wait_for_pictures(page)
    assert "JPG, 1200 × 900" in page.locator(".field-photo").inner_text()
    page.set_input_files("[name=photo]", chosen())
    wait_for_pictures(page)
    desk.shoot("replacing")
    shown = page.locator(".field-photo .shift-media-chosen").inner_text()
    assert shown == f"new.jpg: 640 × 480, {filesizeformat(len(NEW))}"
    desk.save()
    wait_for_pictures(page)
    assert "JPG, 640 × 480" in page.locator(".field-photo").inner_text()
    assert Photo.objects.get().photo.name.endswith("/new.jpg")


# Ties between two digits, the limits of units, and numbers of each plural form.
SIZES = [0, 1, 2, 5, 11, 21, 100, 1023, 1024, 1279, 1280, 1281, 1382, 10_189, 1024**2 - 1, 1024**2]
SIZES += [1_310_720, 5_000_000, 1024**3 - 1, 1024**3, 3 * 1024**4, 2000 * 1024**4]


@pytest.mark.parametrize("language", ["en", "de", "ru", "ar"])
def test_sizes_are_written_as_django_writes_them(
    desk: Desk, photo: Photo, settings: Any, language: str
) -> None:
    settings.LANGUAGE_CODE = language
    page = desk.open("photo/add/")
    texts = page.evaluate(DESCRIBE, SIZES)
    with translation.override(language):
        wanted = [filesizeformat(size) for size in SIZES[:-1]]
    assert texts == [f"a.bin: {text}" for text in wanted] + [texts[-1]]
    assert "2000" in texts[-1], "terabytes are the largest unit"


DESCRIBE = """sizes => {
    const widget = document.querySelector(".field-photo shift-media-input");
    return sizes.map(size => {
        widget.describeChosen({name: "a.bin", size});
        return widget.chosen.value;
    });
}"""


def test_a_refused_file_keeps_the_stored_one(desk: Desk, photo: Photo) -> None:
    page = desk.open(change(photo))
    page.set_input_files("[name=photo]", chosen("page.jpg", b"<html>"))
    desk.save()
    wait_for_pictures(page)
    desk.shoot("error")
    assert (
        "We couldn’t process “page.jpg”: This is not an image in an accepted format."
        " Accepted formats: JPEG" in page.locator(".errorlist").inner_text()
    )
    assert "1200 × 900" in page.locator(".field-photo").inner_text()
    assert page.locator(".field-photo .shift-media-preview").is_visible()


def test_an_error_in_another_field_keeps_the_preview(desk: Desk, photo: Photo) -> None:
    page = desk.open(change(photo))
    wait_for_pictures(page)
    page.set_input_files("[name=photo]", chosen())
    page.evaluate(TYPE, "left")
    desk.save()
    wait_for_pictures(page)
    assert "is not a valid focal point" in page.locator(".errorlist").inner_text()
    assert page.locator("[name=focal_point]").is_visible(), "or nobody could see what is wrong"
    facts = page.locator(".field-photo .shift-media-stored").inner_text()
    assert "sea.jpg" in facts
    assert "640" not in facts


def test_a_chosen_file_can_be_deselected(desk: Desk, photo: Photo) -> None:
    page = desk.open(change(photo))
    wait_for_pictures(page)
    preview = page.locator(".field-photo .shift-media-preview")
    stored = preview.get_attribute("src")
    page.set_input_files("[name=photo]", chosen())
    wait_for_pictures(page)
    assert preview.get_attribute("src") != stored
    page.set_input_files("[name=photo]", [])
    wait_for_pictures(page)
    assert preview.get_attribute("src").endswith(stored)
    assert not page.locator(".field-photo .shift-media-chosen").is_visible()


def test_the_focal_point_can_be_typed_without_a_preview(desk: Desk, photo: Photo) -> None:
    desk.page.route("**/*.webp", lambda route: route.abort())
    page = desk.open(change(photo))
    page.locator("[name=focal_point]").fill("30,70")
    assert not page.locator(POINT).is_visible()


def test_a_form_without_a_focal_point_field(desk: Desk) -> None:
    desk.page.goto(desk.site)
    choose(desk.page)
    desk.shoot("elsewhere")
    assert not desk.page.locator(POINT).is_visible()
    assert not desk.complaints


# -- inlines --------------------------------------------------------------------------------------


def test_inlines_with_added_rows(desk: Desk, photo: Photo) -> None:
    data = draw_photo(800, 600, seed=3)
    stored = Attachment.objects.create(
        photo=photo,
        file=ContentFile(b"PDF", name="deed.pdf"),
        preview=ContentFile(data, name="deed.jpg"),
    )
    page = desk.open(change(photo))
    wait_for_pictures(page)
    click_at(page, 80, 20, "#attachment_set-0")
    page.click(".add-row a")
    page.click(".add-row a")
    page.set_input_files("[name=attachment_set-2-preview]", chosen("added.jpg"))
    wait_for_pictures(page)
    click_at(page, 5, 95, "#attachment_set-2")
    desk.shoot("inline-light")
    desk.save()
    stored.refresh_from_db()
    added = Attachment.objects.exclude(pk=stored.pk).get()
    assert (stored.preview_focus, added.preview_focus) == ("80,20", "5,95")
    assert added.preview.name.endswith("/added.jpg")
    assert not desk.complaints


def test_a_file_that_is_not_an_image_can_be_cleared(desk: Desk, photo: Photo) -> None:
    row = Attachment.objects.create(photo=photo, file=ContentFile(b"PDF", name="deed.pdf"))
    page = desk.open(change(photo))
    cell = page.locator("#attachment_set-0 .field-file")
    assert cell.locator("a").inner_text() == "deed.pdf"
    assert "PDF" in cell.locator(".shift-media-metadata").inner_text()
    assert not cell.locator("img").count()
    page.set_input_files("[name=attachment_set-0-file]", chosen())
    assert not cell.locator("img").count(), "kind is any"
    page.set_input_files("[name=attachment_set-0-file]", [])
    cell.locator("input[type=checkbox]").check()
    desk.save()
    row.refresh_from_db()
    assert not row.file


def test_choosing_a_file_unchecks_clear(desk: Desk, photo: Photo) -> None:
    row = Attachment.objects.create(photo=photo, file=ContentFile(b"PDF", name="deed.pdf"))
    page = desk.open(change(photo))
    page.locator("#attachment_set-0 .field-file input[type=checkbox]").check()
    page.set_input_files("[name=attachment_set-0-file]", chosen())
    desk.save()
    row.refresh_from_db()
    assert row.file.name.endswith("/new.jpg")


# -- where it is seen -----------------------------------------------------------------------------


def test_the_widget_works_with_a_strict_content_security_policy(
    desk: Desk, moto_bucket: Any, settings: Any
) -> None:
    """Nothing inline, and no other origin than the bucket's."""
    data = draw_photo(1200, 900)
    photo = Photo.objects.create(photo=ContentFile(data, name="sea.jpg"))
    scheme, _, host, _ = moto_bucket.media_url.split("/", 3)
    settings.GALLERY_POLICY = f"default-src 'self'; img-src 'self' {scheme}//{host} blob:"
    page = desk.open(change(photo))
    wait_for_pictures(page)
    page.set_input_files("[name=photo]", chosen())
    wait_for_pictures(page)
    click_at(page, 30, 70)
    page.click(".add-row a")
    assert page.locator("[name=focal_point]").input_value() == "30,70"
    assert not desk.complaints
    page.evaluate("document.body.setAttribute('style', 'color: red')")
    assert "Content Security Policy" in " ".join(desk.complaints), "it is in force"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_are_legible_in_light_and_dark_mode(new_desk: Any, photo: Photo, scheme: str) -> None:
    Attachment.objects.create(photo=photo, file=ContentFile(b"PDF", name="deed.pdf"))
    desk = new_desk(color_scheme=scheme)
    page = desk.open(change(photo))
    wait_for_pictures(page)
    desk.shoot(f"change-{scheme}")
    for part in (
        ".shift-media-metadata",
        ".shift-media-help",
        ".shift-media a",
        ".shift-media-clear label",
    ):
        text, ground = page.locator(part).first.evaluate(COLORS)
        assert contrast(text, ground) >= 4.5, (part, text, ground)


COLORS = """element => {
    const read = (part, name) => getComputedStyle(part)[name].match(/[0-9.]+/g).map(Number);
    let ground = element;
    while (read(ground, "backgroundColor")[3] === 0) ground = ground.parentElement;
    return [read(element, "color"), read(ground, "backgroundColor")].map(c => c.slice(0, 3));
}"""


def contrast(one: list[float], other: list[float]) -> float:
    """Return the ratio of WCAG 2.2, 1 to 21."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(color: list[float]) -> float:
    parts = [part / 255 for part in color]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(("width", "locale"), [(360, "en"), (1280, "ar"), (360, "ar")])
def test_the_widget_is_not_wider_than_the_page(
    new_desk: Any, photo: Photo, width: int, locale: str, settings: Any
) -> None:
    settings.LANGUAGE_CODE = locale
    desk = new_desk(viewport={"width": width, "height": 800})
    page = desk.open(change(photo))
    wait_for_pictures(page)
    desk.shoot(f"change-{width}-{locale}")
    row = page.locator(".field-photo").first.bounding_box()
    for part in page.locator(".field-photo shift-media-input > :visible").all():
        box = part.bounding_box()
        assert box["x"] >= row["x"]
        assert box["x"] + box["width"] <= row["x"] + row["width"]
    click_at(page, 10, 20)
    assert page.locator("[name=focal_point]").input_value() == "10,20"


def test_the_widget_is_translated(new_desk: Any, photo: Photo, settings: Any) -> None:
    settings.LANGUAGE_CODE = "de"
    desk = new_desk()
    page = desk.open(change(photo))
    wait_for_pictures(page)
    assert "Klicken Sie auf den Teil, der" in page.locator(".shift-media-help").first.inner_text()
    page.locator(POINT).press("ArrowUp")
    point = page.locator(POINT)
    assert point.get_attribute("aria-label") == "Fokuspunkt: Photo"
    assert point.get_attribute("aria-valuetext") == "50 Prozent von links, 49 Prozent von oben"
    page.set_input_files("[name=photo]", chosen("seite.jpg", b"<html>"))
    desk.save()
    desk.shoot("change-de")
    assert "Das ist kein Bild in einem erlaubten Format" in page.locator(".errorlist").inner_text()


def test_the_admin_list_has_thumbnails(desk: Desk, photo: Photo) -> None:
    page = desk.open("photo/")
    thumbnails = page.locator("td.field-photo_thumbnail img")
    page.wait_for_function(
        "() => document.querySelector('td.field-photo_thumbnail img').naturalWidth"
    )
    desk.shoot("list")
    assert thumbnails.evaluate_all("all => all.map(i => [i.naturalWidth, i.naturalHeight])") == [
        [60, 60]
    ]
    assert page.locator("th.column-photo_thumbnail").inner_text() == "PHOTO"
