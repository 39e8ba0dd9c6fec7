"""Thumbnails and previews: the names that a screen reader reads, and pages that do not jump."""

import re
from typing import Any

import pytest
from django.contrib import admin
from django.core.files.base import ContentFile

from django_shift_media.admin import thumbnail
from gallery.admin import PhotoAdmin
from gallery.drawings import draw_photo
from gallery.models import Attachment, Photo
from tests.support.axe import violations
from tests.support.desks import Desk

# The parts of forms that moved, by the Layout Instability API; the admin's own sidebar is outside.
MOVED = """() => new Promise(resolve => {
    const inForm = ({node}) => node && (node.closest ? node : node.parentElement).closest("form");
    const describe = ({node}) => (node.outerHTML ?? node.textContent).slice(0, 99);
    const observe = list => resolve(
        list.getEntries().flatMap(entry => entry.sources.filter(inForm).map(describe))
    );
    new PerformanceObserver(observe).observe({type: "layout-shift", buffered: true});
    setTimeout(() => resolve([]), 300); // nothing has moved
})"""


@pytest.fixture
def photos(db: None) -> list[Photo]:
    data = draw_photo(1200, 900)
    first = Photo.objects.create(title="Sea", photo=ContentFile(data, name="sea.jpg"))
    copies = [
        Photo(title=f"Sea {n}", photo=first.photo.name, width=1200, height=900) for n in range(12)
    ]
    return [first, *Photo.objects.bulk_create(copies)]


def images_after_the_page(desk: Desk) -> None:
    """Let images come late, as from a slow network: when the rest of the page is displayed."""

    def wait(route: Any) -> None:
        desk.page.evaluate("() => new Promise(done => setTimeout(done, 50))")
        route.continue_()

    desk.page.route(re.compile(r"-(fit|fill)-"), wait)


@pytest.mark.parametrize("options", [{}, {"how": "fill"}])
def test_a_list_in_the_admin_does_not_jump(
    desk: Desk, photos: list[Photo], monkeypatch: pytest.MonkeyPatch, options: Any
) -> None:
    column = thumbnail("photo", "120x120", **options)
    monkeypatch.setattr(PhotoAdmin, "list_display", [column, "title"])
    monkeypatch.setattr(PhotoAdmin, "list_display_links", ())
    images_after_the_page(desk)
    page = desk.open("photo/")
    page.wait_for_function("() => [...document.images].every(image => image.naturalWidth)")
    assert page.evaluate(MOVED) == []
    assert not violations(page, "#result_list")
    link = page.get_by_role("link", name="Sea", exact=True)
    assert link.locator("img").count() == 1


BOX = "() => document.querySelector('.field-photo').getBoundingClientRect().height"


def test_a_form_has_its_height_before_the_preview_loads(desk: Desk, photos: list[Photo]) -> None:
    routes: list[Any] = []
    desk.page.route(re.compile("-fit-"), lambda route: routes.append(route))
    desk.page.goto(f"{desk.site}/admin/gallery/photo/{photos[0].pk}/change/", wait_until="commit")
    page = desk.page
    page.locator(".shift-media-focusable").wait_for()
    before = page.evaluate(BOX)
    for route in routes:
        route.continue_()
    page.wait_for_function("() => document.querySelector('.shift-media-preview').naturalWidth")
    page.wait_for_function("() => document.querySelector('.shift-media-crops img').naturalWidth")
    assert page.evaluate(BOX) == before
    assert not violations(page, "shift-media-input")


@pytest.mark.parametrize(
    "size",
    [
        (900, 1200),
        *(pytest.param(size, marks=pytest.mark.nightly) for size in [(1200, 900), (80, 60)]),
    ],
)
def test_a_tabular_inline_has_its_height_before_the_preview_loads(
    desk: Desk, db: None, size: tuple[int, int]
) -> None:
    photo = Photo.objects.create(photo=ContentFile(draw_photo(*size), name="sea.jpg"))
    routes: list[Any] = []
    desk.page.route(re.compile("-fit-"), lambda route: routes.append(route))
    page = desk.page
    page.goto(f"{desk.site}/admin/gallery/photo/{photo.pk}/change/", wait_until="commit")
    page.locator(".shift-media-focusable").wait_for()
    page.evaluate("document.querySelector('.field-photo').classList.add('tabular')")
    before = page.evaluate(BOX)
    for route in routes:
        route.continue_()
    page.wait_for_function("() => document.querySelector('.shift-media-preview').naturalWidth")
    page.wait_for_function("() => document.querySelector('.shift-media-crops img').naturalWidth")
    assert page.evaluate(BOX) == before
    preview = page.locator(".shift-media-preview").bounding_box()
    assert preview["width"] / preview["height"] == pytest.approx(size[0] / size[1], rel=0.02)
    assert max(preview["width"] / 200, preview["height"] / 150) <= 1


def test_points_and_previews_are_named_after_their_field_and_row(
    desk: Desk, photos: list[Photo]
) -> None:
    for _ in range(2):
        Attachment.objects.create(photo=photos[0], preview=photos[0].photo.name)
    page = desk.open(f"photo/{photos[0].pk}/change/")
    page.locator("#attachment_set-1 .shift-media-focusable").wait_for()
    for name in ("Photo", "Preview #1", "Preview #2"):
        slider = page.get_by_role("slider", name=f"Focal point: {name}", exact=True)
        assert slider.get_attribute("aria-valuetext") == (
            "50 percent from the left, 50 percent from the top"
        )
        help = page.locator(f"[id='{slider.get_attribute('aria-describedby')}']")
        assert help.inner_text().startswith("Click the part")
        assert page.get_by_role("img", name=f"Preview: {name}", exact=True).count() == 1
    assert not violations(page, "form")


def test_the_keys_of_sliders_move_the_point_and_not_the_page(
    desk: Desk, photos: list[Photo]
) -> None:
    page = desk.open(f"photo/{photos[0].pk}/change/")
    slider = page.get_by_role("slider", name="Focal point: Photo")
    slider.focus()
    before = page.evaluate("scrollY")
    for key, point in {
        "Home": "0,50",
        "PageUp": "0,40",
        "End": "100,40",
        "PageDown": "100,50",
    }.items():
        slider.press(key)
        assert page.locator("[name=focal_point]").input_value() == point
        assert page.evaluate("scrollY") == before


def test_the_point_is_seen_in_forced_colors(new_desk: Any, photos: list[Photo]) -> None:
    desk = new_desk(forced_colors="active")
    page = desk.open(f"photo/{photos[0].pk}/change/")
    slider = page.get_by_role("slider", name="Focal point: Photo")
    desk.shoot("forced-colors")
    colors = slider.evaluate(
        "p => [getComputedStyle(p).borderColor, getComputedStyle(p).boxShadow]"
    )
    assert colors[0] == "rgb(255, 255, 255)"
    assert "rgb(0, 0, 0)" in colors[1]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_file_that_is_cleared_or_replaced_is_legible(
    new_desk: Any, photos: list[Photo], scheme: str
) -> None:
    Attachment.objects.create(photo=photos[0], file=ContentFile(b"PDF", name="deed.pdf"))
    desk = new_desk(color_scheme=scheme)
    page = desk.open(f"photo/{photos[0].pk}/change/")
    page.check("[name=attachment_set-0-file-clear]")
    new = {"name": "new.jpg", "mimeType": "image/jpeg", "buffer": draw_photo(80, 60)}
    page.set_input_files("[name=photo]", new)
    page.locator(".shift-media-replaced .shift-media-stored a").wait_for()
    desk.shoot(f"struck-{scheme}")
    assert page.locator(".shift-media-cleared").count() == 1
    assert not violations(page, "form")


def test_a_long_name_wraps(new_desk: Any, photos: list[Photo]) -> None:
    name = f"{95 * 'w'}.pdf"
    Attachment.objects.create(photo=photos[0], file=ContentFile(b"PDF", name=name))
    page = new_desk(viewport={"width": 390, "height": 800}).open(f"photo/{photos[0].pk}/change/")
    link = page.locator("shift-media-input a", has_text="www").bounding_box()
    assert link["x"] + link["width"] <= 390


class Tabular(admin.TabularInline):  # type: ignore[type-arg]
    model = Attachment
    extra = 0


LONG = "Очень_длинное_имя_файла_без_пробелов_" * 3


@pytest.mark.parametrize("scheme", [pytest.param("light", marks=pytest.mark.nightly), "dark"])
def test_long_names_in_a_tabular_inline_on_a_phone(
    new_desk: Any, photos: list[Photo], monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    monkeypatch.setattr(PhotoAdmin, "inlines", [Tabular])
    monkeypatch.setattr(Photo._meta.get_field("photo"), "name_field", "title")
    Photo.objects.filter(pk=photos[0].pk).update(title=f"{LONG[:90]}.jpg")
    for _ in range(3):
        pdf = ContentFile(b"PDF", name=f"{95 * 'w'}.pdf")
        Attachment.objects.create(photo=photos[0], file=pdf, preview=photos[0].photo.name)
    desk = new_desk(viewport={"width": 390, "height": 844}, color_scheme=scheme)
    page = desk.open(f"photo/{photos[0].pk}/change/")
    page.locator("#attachment_set-2 .shift-media-focusable").wait_for()
    new = {"name": f"{LONG}.jpg", "mimeType": "image/jpeg", "buffer": draw_photo(80, 60)}
    for name in ("photo", "attachment_set-0-preview"):
        page.set_input_files(f"[name={name}]", new)
    page.locator("#attachment_set-0 .shift-media-replaced .shift-media-point").wait_for()
    desk.shoot(f"tabular-390-{scheme}")
    link = page.get_by_role("link", name=LONG[:90]).bounding_box()
    assert link["x"] + link["width"] <= 390
    for cell in page.locator("tr:not(.empty-form) td:has(shift-media-input)").all():
        within = cell.bounding_box()
        for part in cell.locator("shift-media-input :visible").all():
            box = part.bounding_box()
            assert within["x"] - 1 <= box["x"]
            assert box["x"] + box["width"] <= within["x"] + within["width"] + 1
    assert not violations(page, "shift-media-input")


# -- a file that is cleared -----------------------------------------------------------------------


@pytest.fixture
def framed(photos: list[Photo]) -> Attachment:
    """A row whose preview may be empty, with a focal point."""
    return Attachment.objects.create(
        photo=photos[0], preview=photos[0].photo.name, preview_focus="30,70"
    )


ROW = "#attachment_set-0"
FOCUS = "[name=attachment_set-0-preview_focus]"
CLEAR = "[name=attachment_set-0-preview-clear]"


def test_a_cleared_file_has_no_focal_point(desk: Desk, framed: Attachment) -> None:
    page = desk.open(f"photo/{framed.photo_id}/change/")
    point = page.locator(f"{ROW} .field-preview .shift-media-point")
    point.wait_for()
    page.check(CLEAR)
    desk.shoot("cleared")
    for part in ("point", "help", "center", "crops"):
        assert not page.locator(f"{ROW} .field-preview .shift-media-{part}").is_visible()
    assert not page.locator(FOCUS).is_visible()
    page.uncheck(CLEAR)
    assert point.get_attribute("aria-valuetext").startswith("30 percent from the left")
    page.check(CLEAR)
    desk.save()
    framed.refresh_from_db()
    assert (framed.preview.name or "", framed.preview_focus) == ("", "")


def test_a_form_that_is_displayed_again_shows_what_was_cleared(
    desk: Desk, framed: Attachment
) -> None:
    page = desk.open(f"photo/{framed.photo_id}/change/")
    page.check(CLEAR)
    wrong = "input => { input.closest('form').noValidate = true; input.value = 'left' }"
    page.locator("[name=focal_point]").evaluate(wrong)
    desk.save()
    assert "is not a valid focal point" in page.locator(".errorlist").first.inner_text()
    assert page.locator(CLEAR).is_checked()
    assert page.locator(f"{ROW} .shift-media-cleared .shift-media-stored").count() == 1
    assert not page.locator(f"{ROW} .field-preview .shift-media-point").is_visible()
    assert not violations(page, f"{ROW} .field-preview")
    page.uncheck(CLEAR)
    point = page.locator(f"{ROW} .field-preview .shift-media-point")
    assert point.get_attribute("aria-valuetext").startswith("30 percent from the left")
    page.check(CLEAR)
    page.locator("[name=focal_point]").fill("")
    desk.save()
    framed.refresh_from_db()
    assert not framed.preview


# -- without a mouse ------------------------------------------------------------------------------


def test_everything_works_by_keyboard(desk: Desk, framed: Attachment) -> None:
    page = desk.open(f"photo/{framed.photo_id}/change/")
    page.locator(f"{ROW} .field-preview .shift-media-point").wait_for()
    focused = "document.activeElement.className || document.activeElement.name"
    page.locator(f"{ROW} .field-file input[type=file]").focus()
    seen = []
    for _ in range(5):
        page.keyboard.press("Tab")
        seen.append(page.evaluate(focused))
    names = ["shift-media-point", "shift-media-center", "", CLEAR[6:-1], CLEAR[6:-7]]
    assert seen == names
    page.locator(f"{ROW} .field-preview .shift-media-point").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator(FOCUS).input_value() == "31,70"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.locator(FOCUS).input_value() == ""
    assert page.evaluate(focused) == "shift-media-point"
    page.keyboard.press("Tab")  # the button is hidden: the link to the file
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert page.locator(CLEAR).is_checked()


# -- from right to left ---------------------------------------------------------------------------

# How far apart a number and its unit are displayed, in pixels, for each number with a unit.
GAPS = """part => {
    const walker = document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
    const gaps = [];
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        for (const match of node.data.matchAll(/([0-9.,٫]+)[\\s\u00a0]+([^\\s0-9,×]+)/g)) {
            const [number, unit] = match.slice(1).map(text => {
                const range = new Range();
                range.setStart(node, node.data.indexOf(text, match.index));
                range.setEnd(node, range.startOffset + text.length);
                return range.getBoundingClientRect();
            });
            gaps.push(Math.max(number.left - unit.right, unit.left - number.right));
        }
    }
    return gaps;
}"""


@pytest.mark.parametrize(
    "language", ["ar", *(pytest.param(code, marks=pytest.mark.nightly) for code in ("he", "en"))]
)
def test_units_are_displayed_beside_their_numbers(
    desk: Desk, photos: list[Photo], settings: Any, language: str
) -> None:
    settings.LANGUAGE_CODE = language
    page = desk.open(f"photo/{photos[0].pk}/change/")
    page.set_input_files(
        "[name=photo]", {"name": "new.jpg", "mimeType": "image/jpeg", "buffer": draw_photo(80, 60)}
    )
    page.locator(".field-photo .shift-media-chosen", has_text="80 × 60").wait_for()
    desk.shoot(f"units-{language}")
    for part in (".shift-media-metadata", ".shift-media-chosen"):
        [gap] = page.locator(f".field-photo {part}").evaluate(GAPS)
        assert 0 <= gap < 10
        dimensions = page.locator(f".field-photo {part} bdi", has_text="×")
        assert dimensions.evaluate("part => getComputedStyle(part).direction") == "ltr"
