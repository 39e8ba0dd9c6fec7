"""
Files of others look as in Chromium: ``python -m pytest -m nightly -s tests/test_agreement.py``.

It prints the table of ``docs/reference/engines.rst``.
"""

import pytest

from tests.support import agreement
from tests.support.chromium_pictures import ChromiumPictures

# Why a file looks different, and which.
KNOWN = {
    "Chromium does not look for an orientation there": {
        *(f"pillow/hopper_orientation_{number}.webp" for number in range(2, 9)),
        "pillow/exif_imagemagick_orientation.png",
        "pillow/xmp_tags_orientation.png",
        "pillow/xmp_tags_orientation_exiftool.png",
    },
    "an APNG that breaks the rules, or a first frame that is not the default image": {
        "pillow/apng/chunk_multi_actl.png",
        "pillow/apng/single_frame_default.png",
        "pillow/apng/split_fdat.png",
        "pillow/apng/split_fdat_zero_chunk.png",
        "pillow/apng/syntax_num_frames_low.png",
    },
    "Chromium stretches the range of alpha": {"pillow/avif/star.avifs"},
    "Pillow fills what a BMP with run lengths leaves out": {
        "pillow/bmp/b/badrle.bmp",
        "pillow/bmp/q/pal4rletrns.bmp",
        "pillow/bmp/q/pal8rletrns.bmp",
    },
    "its header says that the pixels begin in the palette": {"pillow/mmap_error.bmp"},
    "a coarse table of colors": {"pillow/icc_profile_big.jpg"},
    "the first frame of a GIF": {"pillow/issue_2811.gif"},
}

pytestmark = [pytest.mark.nightly, pytest.mark.browser]


@pytest.mark.filterwarnings("ignore::UserWarning")  # of Pillow, on what is odd
@pytest.mark.usefixtures("all_formats")
def test_files_look_as_in_chromium(chromium_pictures: ChromiumPictures) -> None:
    found = agreement.results(chromium_pictures)
    print("", agreement.table(found), sep="\n")  # noqa: T201
    wrong = {result.name: result.apart for result in found if result.apart and not result.is_alike}
    known = {name for names in KNOWN.values() for name in names}
    assert wrong.keys() <= known, wrong
    assert known <= {result.name for result in found}, "a file is no longer there"
