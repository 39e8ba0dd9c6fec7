"""Thumbnails and previews: the names that a screen reader reads, and pages that do not jump."""

import re
from typing import Any

import pytest
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
