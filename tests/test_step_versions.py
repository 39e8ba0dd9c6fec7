"""The versions of steps, and the checks of ``SHIFT_MEDIA_STEPS``."""

from typing import Any

import pytest
from django.test import Client
from PIL import Image

from django_shift_media.engines.options import EngineOptions
from django_shift_media.engines.selection import get_engine, get_step
from django_shift_media.exceptions import InvalidResize, StepFailed
from django_shift_media.naming import signing
from django_shift_media.naming.resizes import Resize
from django_shift_media.naming.steps import (
    MAX_VERSION,
    StepVersion,
    with_current_versions,
)
from django_shift_media.storages.selection import media_storage
from gallery.models import Photo
from tests.support.pictures import decoded, encoded
from tests.support.steps import (
    HERE,
    Seen,
    all_steps,
    frame,
    key_of,
    made,
    negative,
    resize,
    steps,
)
from tests.support.system_checks import found

NOISE = Image.merge("RGB", [Image.effect_noise((80, 60), 60) for _ in range(3)])


@pytest.fixture(autouse=True)
def _steps(settings: Any) -> None:
    settings.SHIFT_MEDIA_STEPS = all_steps()
    Seen.images.clear()


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


def test_a_class_whose_instances_cannot_be_called_is_reported(settings: Any) -> None:
    settings.SHIFT_MEDIA_STEPS = {"grain": {"step": "gallery.models.Photo"}}
    assert "Photo has no method __call__()" in found()["shift_media.E031"].msg


@pytest.mark.parametrize("name", ["STEPS", "OUTDATED_STEPS"])
def test_settings_have_a_type(settings: Any, name: str) -> None:
    setattr(settings, f"SHIFT_MEDIA_{name}", ["grain"])
    assert f"SHIFT_MEDIA_{name}" in found()["shift_media.E002"].msg


def test_right_steps_are_not_reported(settings: Any) -> None:
    assert not found()
    assert get_step("frame")(NOISE.copy()).getpixel((0, 0)) == (255, 0, 0)


def test_an_engine_without_steps_says_so() -> None:
    options = EngineOptions(max_pixels=1_000_000)
    with pytest.raises(Exception, match="The step 'frame' is not configured"):
        get_engine().render(encoded(NOISE), resize("40x", "png", steps="frame"), options)


def test_a_failure_is_one_of_configuration() -> None:
    with pytest.raises(StepFailed):
        made(encoded(NOISE), steps="fails")
