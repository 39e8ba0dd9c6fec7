"""Files that an earlier version showed in the wrong colors, or refused; others are the judges."""

from pathlib import Path
from typing import Any

import pytest
import pyvips

from django_shift_media.engines.engine import Engine
from tests.support.chromium_pictures import ChromiumPictures
from tests.support.color_charts import whole
from tests.support.levels import level_difference
from tests.support.pictures import rendered

CASES = Path(__file__).parent / "cases"


@pytest.mark.parametrize(
    "name",
    [
        "grey_photo_gamma22.jpg",
        "jpeg_97x97.jpg",
        "jpeg_icc_twice.jpg",
        "png_cicp_and_iccp.png",
        "png_rgb16_trns.png",
        "samsung_no_eoi_with_trailer.jpg",
    ],
)
def test_a_file_is_shown_as_in_chromium(
    engine: Engine, name: str, chromium_pictures: ChromiumPictures
) -> None:
    data = (CASES / name).read_bytes()
    shown = chromium_pictures.still(data)
    made = rendered(engine, data, whole(shown, "png"))
    assert level_difference(made, shown).maximum <= 1


def test_a_small_resize_ends_where_that_of_libvips_ends(engine: Engine) -> None:
    data = (CASES / "jpeg_97x97.jpg").read_bytes()
    theirs: Any = pyvips.Image.new_from_buffer(data, "").resize(9 / 97, kernel="lanczos3")
    made: Any = rendered(engine, data, "9x9-fit-90-noupscale.png").convert("RGB")
    assert made.size == (theirs.width, theirs.height) == (9, 9)
    assert made.getpixel((8, 8)) == pytest.approx(theirs(8, 8), abs=2)
