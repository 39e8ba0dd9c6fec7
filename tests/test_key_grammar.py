"""The names of docs/reference/url-format.rst stay what they are: nothing here may ever change."""

from pathlib import Path
from typing import Any

import pytest

from django_shift_media.aws.access import read_statement
from django_shift_media.aws.policy_evaluation import anyone_may
from django_shift_media.naming import keys, signing
from django_shift_media.naming.resizes import Resize
from django_shift_media.naming.steps import StepVersion

ORIGINAL = "3c72aedc/ba25/41e6/a569/406c8f413974/cat.jpg/cat.jpg"
KEY = "a-key-of-32-characters-or-more-.."
# A resize as it is named, its signature under the key above, and what it is.
PUBLISHED: list[tuple[str, str, dict[str, Any]]] = [
    ("200x200-fit-80-noupscale.jpg", "dffe0dd86c59f22387a04dc26122619a", {}),
    (
        "200x-fit-90-noupscale.png",
        "e396f799eaa2d17bd2c6a8387423b25c",
        {"height": None, "format": "png"},
    ),
    (
        "x200-fit-60-upscale.avif",
        "f4160d38a4c9b1972122e3d5e21f6beb",
        {"width": None, "format": "avif", "quality": 60, "upscale": True},
    ),
    (
        "200x200-fill-65-upscale.webp",
        "a3289985d27b2f347961ea9bca88abff",
        {"how": "fill", "format": "webp", "quality": 65, "upscale": True},
    ),
    (
        "200x200-fillx30y70-65-upscale.webp",
        "59f745af170d9c8d5a615ad9c21d6da5",
        {"how": "fill", "format": "webp", "quality": 65, "upscale": True, "focal_point": (30, 70)},
    ),
    ("200x200-fit-90-noupscale.gif", "0634e2d162631f1edd1ce625eede4343", {"format": "gif"}),
    ("200x200-pad-80-noupscale.jpg", "171f03df7619d04a5cbde6340c095ad4", {"how": "pad"}),
    (
        "200x200-padbg1a2b3c-78-noupscale.webp",
        "3c4fc0d3dfb79fbe01dd966fe5549969",
        {"how": "pad", "background": "1a2b3c", "format": "webp", "quality": 78},
    ),
    (
        "200x200-fitbgffffff-90-noupscale.png",
        "7e019c357f8edf009c7f24d6d2ff8756",
        {"background": "ffffff", "format": "png"},
    ),
    (
        "200x200-fillcrop1000x2000x6050x8000-80-noupscale.jpg",
        "5370c8f1f920e7b71a70b3fcddb636d8",
        {"how": "fill", "crop": (1000, 2000, 6050, 8000)},
    ),
    (
        "200x200-fitframe3-78-noupscale.webp",
        "d3823806d461a006c936eaa874f0857e",
        {"frame": 3, "format": "webp", "quality": 78},
    ),
    ("200x200-fitgray-80-noupscale.jpg", "4c5e1adca378f403ae22d9aaf03eb8f8", {"grayscale": True}),
    (
        "200x200-fillx0y100blur20-80-noupscale.jpg",
        "dd6334d5abe8374bd47045fb58a899b1",
        {"how": "fill", "focal_point": (0, 100), "blur": 20},
    ),
    ("200x200-fitsharp50-80-noupscale.jpg", "cf4ff9b8b6e1bfd00648a7273a308883", {"sharpen": 50}),
    (
        "200x200-fitlossless-90-noupscale.webp",
        "7357b1ebd3991d8ece77aae72a9ee849",
        {"lossless": True, "format": "webp"},
    ),
    (
        "200x200-padcrop0x0x10000x5000bg00ff00frame1grayblur1sharp200lossless-90-upscale.avif",
        "2f2da8a077541e6bf3643f4f6a0ec50c",
        {
            "how": "pad",
            "crop": (0, 0, 10000, 5000),
            "background": "00ff00",
            "frame": 1,
            "grayscale": True,
            "blur": 1,
            "sharpen": 200,
            "lossless": True,
            "format": "avif",
            "upscale": True,
        },
    ),
    ("200x200-fit-78-noupscale.jxl", "226d969ad79aea41efbb80ca2566c29e", {"format": "jxl"}),
    (
        "200x200-fitlossless-90-noupscale.jxl",
        "9d0c65c9a86f30e563fba7f3cd4eb091",
        {"format": "jxl", "lossless": True},
    ),
    (
        "200x200-fitstepgrain2-80-noupscale.jpg",
        "a47f2a88f2518bd4f7221b6f024219ef",
        {"steps": (StepVersion("grain", 2),)},
    ),
    (
        "200x200-fillx30y70graysharp50stepgrain2stepframe1-65-upscale.webp",
        "352536e9e176462866c33ad0e1b24b5f",
        {
            "how": "fill",
            "format": "webp",
            "quality": 65,
            "upscale": True,
            "focal_point": (30, 70),
            "grayscale": True,
            "sharpen": 50,
            "steps": (StepVersion("grain", 2), StepVersion("frame", 1)),
        },
    ),
]


@pytest.mark.parametrize(("text", "signature", "options"), PUBLISHED)
def test_a_published_name_means_the_same_for_ever(
    text: str, signature: str, options: dict[str, Any], settings: Any
) -> None:
    settings.SHIFT_MEDIA_SIGNING_KEY = KEY
    resize = Resize(**{"width": 200, "height": 200, **options})
    key = keys.build_resize(ORIGINAL, text, signature)
    assert signing.unsign(key) == (ORIGINAL, resize)
    assert signing.sign(ORIGINAL, resize) == key
    assert not keys.is_original(key)


@pytest.mark.parametrize(("text", "signature", "options"), PUBLISHED)
def test_a_bucket_s_policy_knows_it_for_a_resize(
    text: str, signature: str, options: dict[str, Any]
) -> None:
    policy = {"Statement": read_statement("photos", private_originals=True)}
    key = keys.build_resize(ORIGINAL, text, signature)
    assert anyone_may(policy, "s3:GetObject", f"photos/{key}")


@pytest.mark.parametrize(("text", "signature", "options"), PUBLISHED)
def test_it_is_documented(text: str, signature: str, options: dict[str, Any]) -> None:
    document = Path(__file__).parents[1] / "docs" / "reference" / "url-format.rst"
    assert text in document.read_text()
