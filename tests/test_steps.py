"""Steps of a site's own (``SHIFT_MEDIA_STEPS``): their names, their versions and what they do."""

import dataclasses
import io
import json
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.test import Client
from PIL import Image, ImageChops, ImageOps

from django_shift_media.engines.selection import engine_options, get_engine, get_step
from django_shift_media.exceptions import InvalidResize, StepFailed
from django_shift_media.generation import prewarm
from django_shift_media.naming import keys, signing
from django_shift_media.naming.resizes import Resize
from django_shift_media.naming.steps import (
    MAX_STEPS,
    MAX_VERSION,
    StepVersion,
    with_current_versions,
)
from django_shift_media.storages.selection import media_storage
from gallery.models import Photo
from tests.support.pictures import decoded, distance, encoded
from tests.support.steps import (
    FAILURES,
    HERE,
    Seen,
    frame,
    gray,
    greedy,
    hole,
    negative,
    refused,
    steps,
)
from tests.support.system_checks import found
from tests.support.templates import jinja2, rendered

NOISE = Image.merge("RGB", [Image.effect_noise((80, 60), 60) for _ in range(3)])


@pytest.fixture(autouse=True)
def _steps(settings: Any) -> None:
    functions = (negative, frame, hole, gray, refused, greedy, Seen)
    failing = (function for function, _ in FAILURES.values())
    settings.SHIFT_MEDIA_STEPS = steps(*functions, *failing)
    Seen.images.clear()


def key_of(url: str) -> str:
    return str(url).removeprefix("/media/")


def made(data: bytes, size: str = "40x30", format: Any = "png", **options: Any) -> Image.Image:
    """Return a resize of an original, made by the engine of the settings."""
    image = decoded(get_engine().render(data, resize(size, format, **options), engine_options()))
    return image.convert("RGB") if image.mode == "P" else image  # a PNG of few colors


def resize(size: str, format: Any, **options: Any) -> Resize:
    from django_shift_media.naming.presets import resize_for

    return resize_for(size, format, None, **options)


# -- names ----------------------------------------------------------------------------------------


def test_a_step_and_its_version_are_part_of_the_name(photo: Photo, settings: Any) -> None:
    url = photo.photo.resize("50x", steps="frame")
    assert "/50x-fitstepframe1-80-noupscale-" in url
    assert rendered('{% resize obj.photo "50x" steps="frame" %}', obj=photo) == url
    settings.SHIFT_MEDIA_STEPS = steps(frame, version=27)
    assert "/50x-fitstepframe27-80-noupscale-" in photo.photo.resize("50x", steps="frame")


def test_the_order_of_steps_is_part_of_the_name(photo: Photo) -> None:
    url = photo.photo.resize("50x", grayscale=True, steps="frame, negative")
    assert "/50x-fitgraystepframe1stepnegative1-80-noupscale-" in url
    assert url != photo.photo.resize("50x", grayscale=True, steps="negative,frame")


def test_no_steps_leave_the_name_as_it_is(photo: Photo, settings: Any) -> None:
    url = photo.photo.resize("50x")
    assert photo.photo.resize("50x", steps="") == photo.photo.resize("50x", steps=None) == url
    settings.SHIFT_MEDIA_STEPS = {}
    assert photo.photo.resize("50x") == url


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("grain", "Unknown step 'grain'. Define it in SHIFT_MEDIA_STEPS (it has: negative, frame"),
        ("frame,", "Unknown step ''"),
        ("Frame", "Unknown step 'Frame'"),
        ("frame,frame", "Invalid steps 'frame, frame'. Use each step once"),
        ("negative,frame,hole,gray,refused", f"at most {MAX_STEPS}"),
        (3, 'Invalid steps 3. Use names such as "grain,frame".'),
        (("frame",), "Invalid steps"),
    ],
)
def test_an_invalid_option_is_named(photo: Photo, option: Any, message: str) -> None:
    with pytest.raises(InvalidResize) as error:
        photo.photo.resize("50x", steps=option)
    assert message in str(error.value)


@pytest.mark.parametrize(
    "text",
    [
        "stepframe",
        "stepframe0",
        "stepframe01",
        "stepframe10000",
        "step1",
        "stepFrame1",
        "stepframe1stepframe1",
        "stepframe1stepframe2",
        "stepa1stepb1stepc1stepd1stepe1",
        f"step{'a' * 17}1",
        "stepframe1gray",
        "stepfra2me1",
        "frame1step",
    ],
)
def test_there_is_one_spelling_of_each_name(text: str) -> None:
    with pytest.raises(InvalidResize):
        Resize.parse(f"50x-fit{text}-80-noupscale.jpg")


def test_names_may_be_like_keywords() -> None:
    names = ("gray", "step", "lossless", "stepframe")
    text = "50x-fitgraylossless" + "".join(f"step{name}7" for name in names)
    parsed = Resize.parse(f"{text}-90-noupscale.webp")
    assert parsed.steps == tuple(StepVersion(name, 7) for name in names)
    assert parsed.grayscale
    assert parsed.lossless


@pytest.mark.parametrize("steps", [("a",), [StepVersion("a", 1)], (StepVersion("a", True),), "a1"])
def test_a_resize_has_steps_with_versions(steps: Any) -> None:
    with pytest.raises(InvalidResize):
        Resize(width=1, height=1, steps=steps)


def test_the_longest_name_fits_into_a_file_name() -> None:
    longest = Resize(
        width=16_383,
        height=16_383,
        how="pad",
        format="avif",
        upscale=False,
        crop=(9_997, 9_997, 9_998, 9_998),
        background="ffffcc",
        frame=9_999,
        grayscale=True,
        blur=100,
        sharpen=200,
        lossless=True,
        steps=tuple(StepVersion(letter * 16, MAX_VERSION) for letter in "abcd"),
    )
    original = keys.new_original("a.jpg")
    key = signing.sign(original, longest)
    assert signing.unsign(key) == (original, longest)
    assert len(key.rpartition("/")[2]) <= 255


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
    from tests.support.pictures import profile

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


# -- versions -------------------------------------------------------------------------------------


@pytest.fixture
def old(photo: Photo) -> str:
    """The URL of a resize with the first version of a step."""
    return photo.photo.resize("50x", format="png", steps="frame")


def test_a_stored_resize_of_an_old_version_is_answered(
    client: Client, old: str, settings: Any
) -> None:
    before = client.get(old).content
    settings.SHIFT_MEDIA_STEPS = steps(frame, version=2)
    assert client.get(old).content == before
    settings.SHIFT_MEDIA_STEPS = {}
    assert client.get(old).content == before


@pytest.mark.parametrize("later", [{}, steps(frame, version=2), steps(negative)])
def test_a_missing_resize_of_an_old_version_is_not_found(
    client: Client, old: str, settings: Any, later: Any
) -> None:
    settings.SHIFT_MEDIA_STEPS = later
    answer = client.get(old)
    assert (answer.status_code, answer["Cache-Control"]) == (404, "no-store")
    assert not media_storage().exists(key_of(old))


def test_it_is_made_with_the_current_version_if_a_setting_says_so(
    client: Client, old: str, settings: Any
) -> None:
    settings.SHIFT_MEDIA_OUTDATED_STEPS = "current"
    green = {"step": f"{HERE}.frame", "version": 2, "options": {"color": "#00ff00"}}
    settings.SHIFT_MEDIA_STEPS = {"frame": green}
    assert decoded(client.get(old).content).getpixel((0, 0)) == (0, 255, 0)
    assert media_storage().exists(key_of(old))


@pytest.mark.parametrize("later", [{}, steps(negative)])
def test_a_step_that_is_gone_is_not_found_even_then(
    client: Client, old: str, settings: Any, later: Any
) -> None:
    settings.SHIFT_MEDIA_OUTDATED_STEPS = "current"
    settings.SHIFT_MEDIA_STEPS = later
    assert client.get(old).status_code == 404


def test_a_newer_version_is_never_made_by_older_code(
    client: Client, photo: Photo, settings: Any
) -> None:
    settings.SHIFT_MEDIA_STEPS = steps(frame, version=2)
    new = photo.photo.resize("50x", steps="frame")
    settings.SHIFT_MEDIA_STEPS = steps(frame)
    settings.SHIFT_MEDIA_OUTDATED_STEPS = "current"
    assert client.get(new).status_code == 404
    assert not media_storage().exists(key_of(new))


def test_with_presets_only_a_stored_resize_of_an_old_version_is_answered(
    client: Client, photo: Photo, settings: Any
) -> None:
    settings.SHIFT_MEDIA_PRESETS = {"card": {"size": "50x", "steps": "frame"}}
    settings.SHIFT_MEDIA_PRESETS_ONLY = True
    stored = photo.photo.resize("card")
    before = client.get(stored).content
    settings.SHIFT_MEDIA_STEPS = steps(frame, version=2)
    assert client.get(stored).content == before
    assert client.get(photo.photo.resize("card")).status_code == 200
    with pytest.raises(InvalidResize):
        photo.photo.resize("card", steps="")
    plain = signing.sign(photo.photo.name, Resize(width=50, height=None))
    assert client.get(f"/media/{plain}").status_code == 404
    settings.SHIFT_MEDIA_PRESETS = {"card": {"size": "50x"}}
    assert client.get(stored).status_code == 404, "as any resize that no preset has"


def test_current_versions_replace_those_that_are_known(settings: Any) -> None:
    settings.SHIFT_MEDIA_STEPS = steps(frame, version=3)
    given = (StepVersion("frame", 1), StepVersion("gone", 1))
    assert with_current_versions(given) == (StepVersion("frame", 3), StepVersion("gone", 1))


# -- everything that takes the options of a resize ------------------------------------------------


def test_responsive_images_take_steps(photo: Photo, client: Client) -> None:
    options = {"widths": "16,32", "formats": "webp,png", "steps": "frame"}
    picture = photo.photo.picture(**options)
    urls = [variant.url for source in (*picture.sources, picture.img) for variant in source.srcset]
    assert len(urls) == 4
    assert all("-fitstepframe1-" in url for url in urls)
    assert decoded(client.get(urls[-1]).content).getpixel((0, 0)) == (255, 0, 0)
    tag = '{% srcset obj.photo widths="16,32" steps="frame" %}'
    assert rendered(tag, obj=photo).count("stepframe1") == 2
    art = photo.photo.picture("40x", art="print {steps: frame,negative}")
    assert "-fitstepframe1stepnegative1-" in art.sources[0].url
    assert "step" not in art.img.url
    assert "stepframe1" in photo.photo.resize("10x", steps="frame").srcset


def test_jinja2_takes_steps(photo: Photo, jinja2_templates: None) -> None:
    url = photo.photo.resize("50x", steps="frame")
    assert jinja2('{{ resize(obj.photo, "50x", steps="frame") }}', obj=photo) == url


def test_rest_takes_steps(photo: Photo, settings: Any) -> None:
    from django_shift_media.contrib.rest_framework import MediaSerializerField

    settings.SHIFT_MEDIA_PRESETS = {"card": {"size": "50x", "steps": "frame"}}
    field = MediaSerializerField(resizes=["card"], picture="card")
    document = field.to_representation(photo.photo)
    assert document["resizes"]["card"] == photo.photo.resize("card")
    assert "stepframe1" in json.dumps(document["picture"])


def test_presets_are_warmed_and_cleared(photo: Photo, settings: Any, client: Client) -> None:
    settings.SHIFT_MEDIA_PRESETS = {"card": {"size": "50x", "format": "png", "steps": "frame"}}
    out = io.StringIO()
    call_command("warm_media", "gallery.Photo.photo", "--preset", "card", stdout=out, stderr=out)
    key = key_of(photo.photo.resize("card"))
    assert decoded(media_storage().get(key)).getpixel((0, 0)) == (255, 0, 0)
    plain = key_of(photo.photo.resize("50x"))
    media_storage().put(plain, b"plain")
    call_command("clear_media_resizes", "--outdated-steps", stdout=out, stderr=out)
    assert media_storage().exists(key), "its version is current"
    call_command("clear_media_resizes", "--preset", "card", stdout=out, stderr=out)
    assert not media_storage().exists(key)
    media_storage().put(key, b"old")
    settings.SHIFT_MEDIA_STEPS = steps(frame, version=2)
    call_command("clear_media_resizes", "--outdated-steps", stdout=out, stderr=out)
    assert not media_storage().exists(key)
    assert media_storage().exists(plain)


def test_a_step_that_fails_does_not_stop_warming(photo: Photo, settings: Any) -> None:
    settings.SHIFT_MEDIA_PRESETS = {"card": {"size": "50x38", "how": "fill", "steps": "fails"}}
    Photo.objects.create(photo=ContentFile(encoded(NOISE), name="second.png"))
    out = io.StringIO()
    arguments = ("gallery.Photo.photo", "--preset", "card", "--json")
    with pytest.raises(CommandError):
        call_command("warm_media", *arguments, stdout=out, stderr=io.StringIO())
    assert json.loads(out.getvalue())["counts"] == {"not made": 2}


def test_tasks_skip_versions_that_no_page_asks_for(photo: Photo, settings: Any) -> None:
    outdated = key_of(photo.photo.resize("50x", steps="frame"))
    settings.SHIFT_MEDIA_STEPS = steps(frame, version=2)
    current = key_of(photo.photo.resize("50x", steps="frame"))
    prewarm.make_missing([outdated, current])
    assert media_storage().exists(current)
    assert not media_storage().exists(outdated)


# -- checks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "entry", "message"),
    [
        ("Grain", {"step": "a.b"}, "Invalid name. Use 1 to 16 letters, a to z."),
        ("grain2", {"step": "a.b"}, "Invalid name."),
        ("a" * 17, {"step": "a.b"}, "Invalid name."),
        (2, {"step": "a.b"}, "Invalid name."),
        ("grain", "a.b", "Invalid step 'a.b'. Use a dict."),
        ("grain", {}, '"step" is None. Use the dotted path'),
        ("grain", {"step": "a.b", "amount": 1}, "Unknown key 'amount'."),
        ("grain", {"step": "a.b", 7: 1}, "Unknown key 7."),
        ("grain", {"step": "a.b", "version": 0}, "Invalid version of a step 0."),
        ("grain", {"step": "a.b", "version": "2"}, "Invalid version of a step '2'."),
        ("grain", {"step": "a.b", "version": None}, "The step 'grain' has no version."),
        ("grain", {"step": "a.b", "version": MAX_VERSION + 1}, "from 1 to 9999"),
        ("grain", {"step": "a.b", "options": [1]}, '"options" is [1]. Use a dict'),
    ],
)
def test_an_invalid_step_is_reported(settings: Any, name: Any, entry: Any, message: str) -> None:
    settings.SHIFT_MEDIA_STEPS = {name: entry}
    problem = found()["shift_media.E029"]
    assert problem.msg.startswith(f"SHIFT_MEDIA_STEPS[{name!r}]: ")
    assert message in problem.msg
    assert "shop.images.grain" in problem.hint


@pytest.mark.parametrize("path", ["nothing.at.all", "grain", f"{HERE}.grain", f"{HERE}.HERE", "."])
def test_a_step_that_cannot_be_imported_is_reported(settings: Any, path: str) -> None:
    settings.SHIFT_MEDIA_STEPS = {"grain": {"step": path}}
    assert repr(path) in found()["shift_media.E030"].msg


def test_options_that_a_step_does_not_take_are_reported(settings: Any) -> None:
    entry = {"step": f"{HERE}.frame", "options": {"colour": "red"}}
    settings.SHIFT_MEDIA_STEPS = {"grain": entry}
    problem = found()["shift_media.E031"]
    assert problem.msg == "SHIFT_MEDIA_STEPS['grain']: got an unexpected keyword argument 'colour'"


@pytest.mark.parametrize("name", ["STEPS", "OUTDATED_STEPS"])
def test_settings_have_a_type(settings: Any, name: str) -> None:
    setattr(settings, f"SHIFT_MEDIA_{name}", ["grain"])
    assert f"SHIFT_MEDIA_{name}" in found()["shift_media.E002"].msg


def test_right_steps_are_not_reported(settings: Any) -> None:
    assert not found()
    assert get_step("frame")(NOISE.copy()).getpixel((0, 0)) == (255, 0, 0)


def test_an_engine_without_steps_says_so() -> None:
    options = dataclasses.replace(
        engine_options(), get_step=type(engine_options())(max_pixels=1).get_step
    )
    with pytest.raises(Exception, match="The step 'frame' is not configured"):
        get_engine().render(encoded(NOISE), resize("40x", "png", steps="frame"), options)


def test_a_failure_is_one_of_configuration() -> None:
    with pytest.raises(StepFailed):
        made(encoded(NOISE), steps="fails")
