"""All 256 levels of gray of each profile are what Little CMS's own program says."""

import subprocess
import tempfile
from pathlib import Path
from shutil import which
from typing import Any

import pillow_jxl  # noqa: F401  # which registers itself
import pytest
from PIL import Image

from django_shift_media.engines.engine import Engine
from tests.support.gray_profiles import GRAY_PROFILES
from tests.support.pictures import decoded, encoded, in_srgb, rendered
from tests.support.requirements import missing

_PATCH = 16  # pixels, so that a codec with loss keeps the level of each
_LEVELS = Image.frombytes("L", (16, 16), bytes(range(256)))
PICTURE = _LEVELS.resize((256, 256), Image.Resampling.NEAREST)
FORMATS = {
    "JPEG": lambda **options: encoded(PICTURE, "JPEG", quality=100, **options),
    "PNG": lambda **options: encoded(PICTURE, "PNG", **options),
    "gray and alpha": lambda **options: encoded(PICTURE.convert("LA"), "PNG", **options),
    "TIFF": lambda **options: encoded(PICTURE, "TIFF", **options),
    "AVIF": lambda **options: encoded(
        PICTURE, "AVIF", quality=100, subsampling="4:0:0", speed=8, **options
    ),
    "JPEG XL": lambda **options: jpegxl(**options),
}


def jpegxl(**options: Any) -> bytes:
    """Encode with libjxl's own program, as Pillow's plugin stores no profile."""
    if not which("cjxl"):
        missing("apt-get install libjxl-tools")
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "levels.png"), Path(folder, "levels.jxl")
        PICTURE.save(source, **options)
        subprocess.run(
            ["cjxl", source, target, "-d", "0", "-e", "1"], check=True, capture_output=True
        )
        return target.read_bytes()


def levels(image: Image.Image) -> list[int]:
    gray = image.convert("L")
    centers = range(_PATCH // 2, 256, _PATCH)
    return [gray.getpixel((x, y)) for y in centers for x in centers]  # type: ignore[misc]


@pytest.mark.usefixtures("all_formats")
@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("name", GRAY_PROFILES)
def test_all_grays_of_a_profile(engine: Engine, name: str, format: str, tmp_path: Path) -> None:
    profile = GRAY_PROFILES[name]
    given: Any = FORMATS[format]()
    wanted = in_srgb([(level,) for level in levels(decoded(given))], profile, tmp_path)
    made = rendered(engine, FORMATS[format](icc_profile=profile), "256x-fit-90-noupscale.png")
    assert made.mode in {"L", "LA", "P"}
    assert levels(made) == [red for red, _, _ in wanted]


def test_a_profile_of_gray_is_only_for_gray(engine: Engine) -> None:
    data = encoded(PICTURE.convert("RGB"), "PNG", icc_profile=GRAY_PROFILES["gamma 1.8"])
    assert levels(rendered(engine, data, "256x-fit-90-noupscale.png")) == levels(PICTURE)
