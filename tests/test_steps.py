"""Steps of a site's own (``SHIFT_MEDIA_STEPS``): what they do to images."""

from typing import Any

import pytest
from django.test import Client
from PIL import Image, ImageChops, ImageOps

from django_shift_media.engines.selection import engine_options, get_engine
from django_shift_media.storages.selection import media_storage
from gallery.models import Photo
from tests.support.pictures import decoded, distance, encoded, profile
from tests.support.steps import FAILURES, HERE, Seen, all_steps, key_of, made, resize

NOISE = Image.merge("RGB", [Image.effect_noise((80, 60), 60) for _ in range(3)])


@pytest.fixture(autouse=True)
def _steps(settings: Any) -> None:
    settings.SHIFT_MEDIA_STEPS = all_steps()
    Seen.images.clear()


# -- what they do ---------------------------------------------------------------------------------


def test_steps_are_applied_in_order(engine: Any) -> None:
    plain = made(encoded(NOISE), size="80x60")
    framed = made(encoded(NOISE), size="80x60", steps="negative,frame")
    assert framed.getpixel((0, 0)) == framed.getpixel((79, 59)) == (255, 0, 0)
    inner = (2, 2, 78, 58)
    assert not ImageChops.difference(
        framed.crop(inner), ImageOps.invert(plain).crop(inner)
    ).getbbox()
    other = made(encoded(NOISE), size="80x60", steps="frame,negative")
    assert other.getpixel((0, 0)) == (0, 255, 255)


def test_a_step_gets_the_upright_scaled_image_without_metadata(engine: Any) -> None:
    exif = Image.Exif()
    exif[274] = 6  # turn by 90 degrees
    data = encoded(NOISE, "JPEG", exif=exif, comment=b"secret")
    made(data, size="30x40", steps="seen")
    assert Seen.images == [("RGB", (30, 40), {})]


@pytest.mark.parametrize(
    ("source", "mode"), [("L", "RGB"), ("LA", "RGBA"), ("RGBA", "RGBA"), ("P", "RGB")]
)
def test_a_step_gets_rgb_or_rgba(engine: Any, source: str, mode: str) -> None:
    image = NOISE.convert(source)
    if source.endswith("A"):
        image.putalpha(Image.linear_gradient("L").resize(image.size))
    made(encoded(image), steps="seen")
    assert [seen[0] for seen in Seen.images] == [mode]


def test_steps_come_last(engine: Any) -> None:
    image = made(encoded(NOISE), "100x60", how="pad", grayscale=True, blur=3, steps="frame")
    assert image.size == (100, 60)
    assert image.convert("RGB").getpixel((0, 30)) == (255, 0, 0)
    assert min(image.convert("RGB").getpixel((3, 30))) > 240  # type: ignore[type-var]  # RGB


def test_a_step_may_return_gray(engine: Any) -> None:
    plain, image = made(encoded(NOISE)), made(encoded(NOISE), steps="gray")
    assert image.mode == "L"
    assert not ImageChops.difference(image, plain.convert("L")).getbbox()


@pytest.mark.parametrize(
    ("format", "options", "pixel"),
    [
        ("png", {}, (0, 0, 0, 0)),
        ("webp", {"lossless": True}, (0, 0, 0, 0)),
        ("png", {"background": "#00ff00"}, (0, 255, 0, 255)),
        ("jpg", {}, (255, 255, 255, 255)),
        ("jpg", {"background": "#00ff00"}, (0, 255, 1, 255)),
        ("png", {"how": "pad"}, (255, 255, 255, 255)),
    ],
)
def test_what_a_step_makes_transparent_gets_the_background(
    engine: Any, format: str, options: Any, pixel: Any
) -> None:
    image = made(encoded(NOISE), format=format, steps="hole", **options).convert("RGBA")
    assert max(abs(a - b) for a, b in zip(image.getpixel((4, 15)), pixel, strict=True)) <= 1  # type: ignore[arg-type]


@pytest.mark.parametrize("source", ["GIF", "WEBP", "PNG"])
def test_a_step_is_applied_to_each_frame(engine: Any, source: str) -> None:
    colors = ["#000000", "#0000ff", "#ffffff"]
    first, *others = [Image.new("RGB", (40, 30), color) for color in colors]
    options = {"lossless": True} if source == "WEBP" else {}
    data = encoded(first, source, save_all=True, append_images=others, duration=80, **options)
    image = made(data, format="webp", lossless=True, steps="frame")
    assert image.n_frames == 3  # type: ignore[attr-defined]
    for index, color in enumerate(((0, 0, 0), (0, 0, 255), (255, 255, 255))):
        image.seek(index)
        shown = image.convert("RGB")
        assert shown.getpixel((0, 0)) == (255, 0, 0)
        assert shown.getpixel((20, 15)) == color, "drawing on a frame does not change the next"


def test_a_step_draws_on_its_own_copy(engine: Any) -> None:
    data = encoded(NOISE)
    sizes = [resize("80x60", "png", steps="frame"), resize("80x60", "png")]
    framed, plain = map(decoded, get_engine().render_many(data, sizes, engine_options()))
    assert framed.convert("RGB").getpixel((0, 0)) == (255, 0, 0)
    assert not ImageChops.difference(plain.convert("RGB"), NOISE).getbbox()


def test_with_steps_the_result_is_srgb(engine: Any, settings: Any) -> None:
    settings.SHIFT_MEDIA_COLOR = "p3"
    data = encoded(NOISE, "PNG", icc_profile=profile("p3"))
    assert "icc_profile" in made(data).info
    with_step = made(data, steps="seen")
    assert "icc_profile" not in with_step.info
    settings.SHIFT_MEDIA_COLOR = "srgb"
    assert distance(with_step, made(data)) == 0


def test_credit_is_kept_with_steps(settings: Any) -> None:
    settings.SHIFT_MEDIA_KEEP_CREDIT = True
    exif = Image.Exif()
    exif[0x8298] = "A. Person"
    data = encoded(NOISE, "JPEG", exif=exif)
    assert made(data, format="jpg", steps="negative").getexif()[0x8298] == "A. Person"


def test_options_come_from_the_settings(settings: Any, photo: Photo) -> None:
    entry = {"step": f"{HERE}.frame", "options": {"color": "#00ff00", "width": 3}}
    settings.SHIFT_MEDIA_STEPS = {"green": entry, "red": {"step": f"{HERE}.frame", "version": 2}}
    image = made(encoded(NOISE), steps="green")
    assert image.getpixel((2, 2)) == (0, 255, 0)
    image = made(encoded(NOISE), steps="red")
    assert image.getpixel((0, 0)) == (255, 0, 0)
    assert "-fitstepgreen1-" in photo.photo.resize("50x", steps="green")


def test_a_class_is_created_once(settings: Any) -> None:
    before = Seen.created
    settings.SHIFT_MEDIA_STEPS = {"seen": {"step": f"{HERE}.Seen", "options": {"any": 1}}}
    for _ in range(2):
        made(encoded(NOISE), steps="seen")
    assert Seen.created == before + 1
    assert len(Seen.images) == 2


# -- requests -------------------------------------------------------------------------------------


def test_the_view_makes_and_stores_it(client: Client, photo: Photo) -> None:
    url = photo.photo.resize("50x", format="png", steps="frame")
    answer = client.get(url)
    assert answer.status_code == 200
    assert decoded(answer.content).getpixel((0, 0)) == (255, 0, 0)
    assert media_storage().get(key_of(url)) == answer.content
    altered = url.replace("stepframe1", "stepframe2")
    assert client.get(altered).status_code == 404


@pytest.mark.parametrize("name", FAILURES)
def test_a_failing_step_is_logged_with_its_name(
    client: Client, photo: Photo, caplog: Any, name: str
) -> None:
    answer = client.get(photo.photo.resize("50x38", how="fill", steps=name))
    assert (answer.status_code, answer["Retry-After"]) == (503, "60")
    assert b"Error" not in answer.content
    [record] = [record for record in caplog.records if record.name == "django_shift_media"]
    assert record.levelname == "ERROR"
    assert f"StepFailed: The step {name!r} failed: " in record.getMessage()
    assert FAILURES[name][1] in record.getMessage()
    assert record.exc_info is not None, "with the traceback of the step"
    assert not list(media_storage().list_pages(photo.photo.name[:36] + "/small.jpg/50x"))


def test_a_failing_step_is_not_called_again_at_once(
    client: Client, photo: Photo, settings: Any, caplog: Any
) -> None:
    url = photo.photo.resize("50x", steps="fails")
    assert client.get(url).status_code == 503
    caplog.clear()
    assert client.get(url).status_code == 503
    assert not [record for record in caplog.records if record.name == "django_shift_media"]
    settings.SHIFT_MEDIA_STEPS = {"fails": {"step": f"{HERE}.frame", "version": 2}}
    assert client.get(photo.photo.resize("50x", steps="fails")).status_code == 200


def test_a_step_may_refuse_an_image(client: Client, photo: Photo) -> None:
    answer = client.get(photo.photo.resize("50x", steps="refused"))
    assert (answer.status_code, answer.content) == (422, b"The image has too few colors.\n")


def test_a_step_may_lack_memory(client: Client, photo: Photo) -> None:
    assert client.get(photo.photo.resize("50x", steps="greedy")).status_code == 503


def test_a_step_that_cannot_be_imported_is_logged(
    client: Client, photo: Photo, settings: Any, caplog: Any
) -> None:
    settings.SHIFT_MEDIA_STEPS = {"grain": {"step": f"{HERE}.grain"}}
    assert client.get(photo.photo.resize("50x", steps="grain")).status_code == 503
    assert "SHIFT_MEDIA_STEPS['grain']" in caplog.text


@pytest.mark.parametrize("entry", [{}, {"step": 3}, {"step": f"{HERE}.frame", "options": 3}])
def test_an_invalid_entry_is_a_mistake_of_the_site(
    client: Client, photo: Photo, settings: Any, entry: Any
) -> None:
    settings.SHIFT_MEDIA_STEPS = {"grain": entry}
    assert client.get(photo.photo.resize("50x", steps="grain")).status_code == 503
