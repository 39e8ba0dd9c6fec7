from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.test import Client

from django_shift_media.exceptions import InvalidResize
from django_shift_media.naming.presets import preset_resizes
from gallery.drawings import draw_photo
from gallery.models import Photo
from tests.support.buckets import operations, use_bucket
from tests.support.system_checks import found
from tests.support.templates import rendered

PRESETS = {
    "avatar": {"size": "96x96", "how": "fill", "format": "webp"},
    "small": {"size": "32x"},
    "hero": {
        "widths": [320, 640],
        "ratio": "16/9",
        "formats": "webp,jpg",
        "art": "print {ratio:1}",
    },
    "icon": {"size": "16x16", "densities": "1,2", "format": "png"},
}


@pytest.fixture(autouse=True)
def _presets(settings: Any) -> None:
    settings.SHIFT_MEDIA_PRESETS = PRESETS


def test_a_preset_is_a_name_for_options(photo: Photo) -> None:
    url = photo.photo.resize("96x96", how="fill", format="webp")
    assert photo.photo.resize("avatar") == url
    assert rendered('{% resize obj.photo "avatar" %}', obj=photo) == url
    assert photo.photo.resize("small") == photo.photo.resize("32x")


def test_options_beside_a_preset_override_it(photo: Photo) -> None:
    url = photo.photo.resize("96x96", how="fill", format="avif", quality=30)
    assert photo.photo.resize("avatar", format="avif", quality=30) == url
    tag = '{% resize obj.photo "avatar" format="avif" quality=30 %}'
    assert rendered(tag, obj=photo) == url


def test_a_preset_crops_around_the_focal_point(photo: Photo) -> None:
    photo.focal_point = "10,90"
    assert "/96x96-fillx10y90-" in photo.photo.resize("avatar")


def test_a_changed_preset_is_another_resize(photo: Photo, settings: Any) -> None:
    before = photo.photo.resize("avatar"), photo.photo.picture("hero")
    settings.SHIFT_MEDIA_PRESETS = {"avatar": {"size": "9x9"}, "hero": {"widths": 100}}
    assert photo.photo.resize("avatar") == photo.photo.resize("9x9")
    assert photo.photo.picture("hero") == photo.photo.picture(widths="100")
    settings.SHIFT_MEDIA_PRESETS = PRESETS
    assert (photo.photo.resize("avatar"), photo.photo.picture("hero")) == before


@pytest.mark.parametrize(
    ("size", "message"),
    [
        (
            "avatr",
            "Unknown preset 'avatr'. Define it in .*: avatar, small, hero, icon., or give a size",
        ),
        ("hero", "is an option of picture\\(\\), not of resize"),
        ("icon", "'densities' is an option of picture\\(\\), not of resize"),
    ],
)
def test_what_is_no_preset_of_a_resize_is_named(photo: Photo, size: str, message: str) -> None:
    with pytest.raises(InvalidResize, match=message):
        photo.photo.resize(size)


@pytest.mark.parametrize(
    ("name", "preset", "reason"),
    [
        ("a", {"size": "200"}, "Invalid size '200'. Use a size such as"),
        ("a", {"size": "9x9", "hwo": "fill"}, "Unknown picture option 'hwo'. Did"),
        ("a", {"size": "9x9", "how": "cover"}, "Invalid how 'cover'. Use one of"),
        ("a", {"size": "9x9", "xyz": 1}, "Unknown picture option 'xyz'. The options are: size, "),
        ("a", {}, "Use either a size or widths; got size=None and widths=None"),
        ("a", {"widths": "9", "densities": 2}, "densities=2 requires a size"),
        ("a", {"widths": "9", "formats": "jpg,tiff"}, "Invalid format 'tiff'. Use one of"),
        (
            "a",
            {"widths": "9", "art": "print {widhts: 5}"},
            "Unknown picture option 'widhts'. .*mean 'widths'",
        ),
        ("a", "96x96", "Invalid preset '96x96'. Use a dict"),
        ("x200", {"size": "9x9"}, "Invalid name. Use letters"),
        ("200x200", {"size": "9x9"}, "Invalid name. Use letters"),
        ("x", {"size": "9x9"}, "Invalid name. Use letters"),
        ("", {"size": "9x9"}, "Invalid name. Use letters"),
        ("a b", {"size": "9x9"}, "Invalid name. Use letters"),
        (5, {"size": "9x9"}, "Invalid name. Use letters"),
    ],
)
def test_a_wrong_preset_is_named_at_start(
    settings: Any, name: Any, preset: Any, reason: str
) -> None:
    settings.SHIFT_MEDIA_PRESETS = {**PRESETS, name: preset}
    message = found()["shift_media.E010"]
    assert message.msg.startswith(f"SHIFT_MEDIA_PRESETS[{name!r}]: ")
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(message.msg)


def test_good_presets_have_no_messages() -> None:
    assert found() == {}


@pytest.mark.parametrize("value", [None, "avatar", []])
def test_presets_that_are_no_dict_are_named(settings: Any, value: Any) -> None:
    settings.SHIFT_MEDIA_PRESETS = value
    assert (
        found()["shift_media.E002"].msg
        == f"SHIFT_MEDIA_PRESETS is {value!r}. Its type must be dict."
    )


def test_all_resizes_of_a_preset() -> None:
    assert [str(resize) for resize in preset_resizes("icon", "jpg")] == [
        "16x16-fit-90-noupscale.png",
        "32x32-fit-90-noupscale.png",
    ]
    assert [str(resize) for resize in preset_resizes("small", "gif")] == [
        "32x-fit-90-noupscale.gif"
    ]
    assert len(preset_resizes("hero", "jpg")) == 8


@pytest.mark.parametrize(
    ("tag", "shown"),
    [
        ('{% resize obj.photo "32x" %}', "'32x'"),
        (
            '{% resize obj.photo "avatar" format="avif" %}',
            "'avatar' with the options {'format': 'avif'}",
        ),
    ],
)
def test_presets_only_refuses_anything_else_in_templates(
    photo: Photo, settings: Any, tag: str, shown: str
) -> None:
    settings.SHIFT_MEDIA_PRESETS_ONLY = True
    with pytest.raises(InvalidResize, match=f"{shown}.* is not a preset.*it has: avatar"):
        rendered(tag, obj=photo)
    assert rendered('{% resize obj.photo "small" %}', obj=photo).startswith("/media/")


def urls(photo: Photo) -> list[str]:
    pictures = [photo.photo.picture(preset) for preset in PRESETS]
    return [
        variant.url
        for picture in pictures
        for source in (*picture.sources, picture.img)
        for variant in source.srcset
    ]


@pytest.mark.parametrize("size", [(400, 300), (1200, 900)])
@pytest.mark.parametrize("format", ["JPEG", "PNG"])
def test_presets_only_makes_all_resizes_of_presets(
    client: Client, settings: Any, db: None, size: tuple[int, int], format: str
) -> None:
    settings.SHIFT_MEDIA_PRESETS_ONLY = True
    file = ContentFile(draw_photo(*size, format=format), name="a")
    photo = Photo.objects.create(photo=file, focal_point="10,90")
    wanted = [photo.photo.resize("avatar"), photo.photo.resize("small"), *urls(photo)]
    assert [client.get(url).status_code for url in wanted] == [200] * len(wanted)
    photo.width = photo.height = None
    assert [client.get(url).status_code for url in urls(photo)] == [200] * 12


def test_presets_only_refuses_signed_urls_of_anything_else(
    client: Client, photo: Photo, settings: Any
) -> None:
    url = photo.photo.resize("32x", quality=7)
    stale = photo.photo.resize("small", format="png")
    settings.SHIFT_MEDIA_PRESETS_ONLY = True
    for refused in (url, stale):
        answer = client.get(refused)
        assert (answer.status_code, answer["Cache-Control"]) == (404, "no-store")
    settings.SHIFT_MEDIA_PRESETS_ONLY = False
    assert client.get(url).status_code == 200


def test_what_presets_only_refuses_is_not_looked_for(
    client: Client, photo: Photo, settings: Any, moto: Any
) -> None:
    storage = use_bucket(settings, moto)
    key = photo.photo.resize("32x", quality=7).removeprefix(storage.media_url)
    sent = operations(storage)
    settings.SHIFT_MEDIA_PRESETS_ONLY = True
    assert client.get(f"/media/{key}").status_code == 404
    assert sent == []


def test_presets_only_is_no_fault_of_the_chain(
    settings: Any, moto_bucket: Any, capsys: Any
) -> None:
    settings.SHIFT_MEDIA_PRESETS_ONLY = True
    call_command("check_media")
    assert "Error" not in capsys.readouterr().out
