"""The code of docs/howto/steps.rst and docs/reference/engine-contract.rst does what they say."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from PIL import Image, ImageChops, ImageStat

from django_shift_media.engines.selection import get_engine, get_step
from django_shift_media.testing import EngineConformance
from gallery.models import Photo
from tests.support import shop_code
from tests.support.examples import EXAMPLES
from tests.support.pictures import decoded
from tests.support.system_checks import found

PHOTO = Image.merge("RGB", [Image.effect_noise((120, 80), 60) for _ in range(3)])


@pytest.fixture(autouse=True)
def _settings_of_the_page(settings: Any, monkeypatch: Any, tmp_path: Path) -> None:
    shop_code.install(monkeypatch, settings, tmp_path)
    steps: dict[str, Any] = {}
    for example in EXAMPLES:
        if example.document.name == "steps.rst" and example.code.startswith("SHIFT_MEDIA_STEPS"):
            shown: dict[str, Any] = {}
            exec(example.code, shown)
            steps |= shown["SHIFT_MEDIA_STEPS"]
            settings.SHIFT_MEDIA_PRESETS = shown.get("SHIFT_MEDIA_PRESETS", {})
    settings.SHIFT_MEDIA_STEPS = steps


def test_the_settings_are_good() -> None:
    assert not found()


def test_contrast_is_higher_and_stronger() -> None:
    plain, contrast, strong = (
        ImageStat.Stat(image).stddev[0]
        for image in (PHOTO, get_step("contrast")(PHOTO), get_step("strong")(PHOTO))
    )
    assert plain < contrast < strong


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_corners_are_round(mode: str) -> None:
    """A radius of 10 % of 80 pixels: a circle around (8, 8) is computed for each pixel."""
    alpha = get_step("round")(PHOTO.convert(mode)).getchannel("A")
    for x in range(8):
        for y in range(8):
            distance = ((x - 7.5) ** 2 + (y - 7.5) ** 2) ** 0.5
            pixel: Any = alpha.getpixel((x, y))
            assert (pixel == 255) if distance < 7 else (pixel == 0) if distance > 9 else True
    mirrored = alpha.transpose(Image.Transpose.ROTATE_180)
    assert max(ImageChops.difference(alpha, mirrored).getextrema()) <= 16  # type: ignore[type-var]
    assert alpha.getpixel((60, 0)) == alpha.getpixel((0, 40)) == 255


@pytest.mark.parametrize("format", ["webp", "jpg"])
def test_round_corners_of_a_jpeg_are_white(client: Client, photo: Photo, format: str) -> None:
    url = photo.photo.resize("96x96", how="fill", format=format, steps="round", upscale=True)
    assert "stepround2" in url
    corner = decoded(client.get(url).content).convert("RGBA").getpixel((0, 0))
    assert corner[3] == (0 if format == "webp" else 255)  # type: ignore[index]  # of four
    # The photo is red in this corner.
    assert format == "webp" or min(corner) > 180  # type: ignore[arg-type]  # of four


def test_a_text_is_written() -> None:
    changed = ImageChops.difference(get_step("sample")(PHOTO.copy()), PHOTO).getbbox()
    assert changed is not None
    assert abs((changed[0] + changed[2]) / 2 - 60) < 6
    assert abs((changed[1] + changed[3]) / 2 - 40) < 6


def test_the_preset_of_the_page(photo: Photo) -> None:
    assert "stepcontrast1stepround2" in photo.photo.picture("product").img.url


class TestSmallPngEngine(EngineConformance):
    @pytest.fixture(autouse=True)
    def _engine(self, _settings_of_the_page: None, settings: Any) -> None:
        settings.SHIFT_MEDIA_ENGINE = "shop.engines.SmallPngEngine"
        self.engine = get_engine()
