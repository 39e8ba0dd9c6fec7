"""Steps in names of resizes: their grammar, and all that takes the options of a resize."""

import io
import json
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.test import Client
from PIL import Image

from django_shift_media.exceptions import InvalidResize
from django_shift_media.generation import prewarm
from django_shift_media.naming import keys, signing
from django_shift_media.naming.resizes import Resize
from django_shift_media.naming.steps import MAX_STEPS, MAX_VERSION, StepVersion
from django_shift_media.storages.selection import media_storage
from gallery.models import Photo
from tests.support.pictures import decoded, encoded
from tests.support.steps import Seen, all_steps, frame, key_of, steps
from tests.support.templates import jinja2, rendered

NOISE = Image.merge("RGB", [Image.effect_noise((80, 60), 60) for _ in range(3)])


@pytest.fixture(autouse=True)
def _steps(settings: Any) -> None:
    settings.SHIFT_MEDIA_STEPS = all_steps()
    Seen.images.clear()


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
