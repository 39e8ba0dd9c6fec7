from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_shift_media.exceptions import FileTooLarge, InvalidResize
from django_shift_media.naming.resize_options import default_format, parse_options
from django_shift_media.naming.resizes import MAX_SIDE, Resize
from tests.support.strategies import resizes


@given(resizes())
def test_text_and_parse_are_inverse(resize: Resize) -> None:
    assert Resize.parse(str(resize)) == resize


@given(resizes(), st.integers(1, 30000), st.integers(1, 30000))
def test_plans_lie_inside_the_original_and_the_box(resize: Resize, width: int, height: int) -> None:
    try:
        geometry = resize.geometry(width, height)
    except FileTooLarge:
        assert resize.how == "fit"
        return
    left, top, right, bottom = geometry.box
    crop = resize.crop or (0, 0, 10_000, 10_000)
    near = pytest.approx
    assert near(crop[0] * width / 10_000) == left or crop[0] * width / 10_000 < left < right
    assert near(crop[1] * height / 10_000) == top or crop[1] * height / 10_000 < top < bottom
    assert right <= crop[2] * width / 10_000
    assert bottom <= crop[3] * height / 10_000
    for size in (geometry.size, geometry.scaled):
        assert min(size) >= 1
        assert size[0] <= (resize.width or MAX_SIDE)
        assert size[1] <= (resize.height or MAX_SIDE)
    if resize.how == "fit" and not resize.crop:
        assert geometry.box == (0, 0, width, height)
    if resize.how == "pad" or (resize.how == "fill" and resize.upscale):
        assert geometry.size == (resize.width, resize.height)
    if resize.how != "pad":
        assert geometry.scaled == geometry.size
    if not resize.upscale:
        assert geometry.scaled[0] <= width
        assert geometry.scaled[1] <= height


@pytest.mark.parametrize(
    ("text", "original", "box", "size"),
    [
        ("200x200-fit-80-noupscale.jpg", (400, 300), (0, 0, 400, 300), (200, 150)),
        ("200x-fit-80-noupscale.jpg", (400, 300), (0, 0, 400, 300), (200, 150)),
        ("x200-fit-80-noupscale.jpg", (400, 300), (0, 0, 400, 300), (267, 200)),
        ("200x200-fit-80-noupscale.jpg", (100, 50), (0, 0, 100, 50), (100, 50)),
        ("200x200-fit-80-upscale.jpg", (100, 50), (0, 0, 100, 50), (200, 100)),
        ("200x200-fit-80-noupscale.jpg", (20000, 1), (0, 0, 20000, 1), (200, 1)),
        ("200x200-fill-80-noupscale.jpg", (400, 300), (50, 0, 350, 300), (200, 200)),
        ("200x100-fill-80-noupscale.jpg", (400, 400), (0, 100, 400, 300), (200, 100)),
        ("200x200-fillx0y0-80-noupscale.jpg", (400, 300), (0, 0, 300, 300), (200, 200)),
        ("200x200-fillx100y0-80-noupscale.jpg", (400, 300), (100, 0, 400, 300), (200, 200)),
        ("200x200-fillx40y0-80-noupscale.jpg", (400, 300), (10, 0, 310, 300), (200, 200)),
        ("200x200-fill-80-noupscale.jpg", (100, 400), (0, 150, 100, 250), (100, 100)),
        ("200x200-fill-80-upscale.jpg", (100, 400), (0, 150, 100, 250), (200, 200)),
        ("200x-fitcrop1000x0x6000x5000-80-noupscale.jpg", (400, 80), (40, 0, 240, 40), (200, 40)),
        ("200x-fitcrop1000x0x2000x5000-80-noupscale.jpg", (400, 80), (40, 0, 80, 40), (40, 40)),
        ("9x9-fillcrop2500x0x7500x10000-80-upscale.jpg", (400, 90), (155, 0, 245, 90), (9, 9)),
        ("200x200-pad-80-noupscale.jpg", (400, 300), (0, 0, 400, 300), (200, 200)),
        ("200x200-padcrop0x0x1x1-80-noupscale.jpg", (100, 100), (0, 0, 0.01, 0.01), (200, 200)),
    ],
)
def test_geometry(text: str, original: Any, box: Any, size: Any) -> None:
    assert Resize.parse(text).geometry(*original)[:2] == (box, size)


@pytest.mark.parametrize(
    ("text", "original", "scaled", "offset"),
    [
        ("200x200-pad-80-noupscale.jpg", (400, 300), (200, 150), (0, 25)),
        ("200x200-pad-80-noupscale.jpg", (301, 400), (151, 200), (24, 0)),
        ("200x200-pad-80-noupscale.jpg", (100, 50), (100, 50), (50, 75)),
        ("200x200-pad-80-upscale.jpg", (100, 50), (200, 100), (0, 50)),
        ("200x200-fill-80-upscale.jpg", (100, 50), (200, 200), (0, 0)),
    ],
)
def test_what_is_padded_is_centred(text: str, original: Any, scaled: Any, offset: Any) -> None:
    geometry = Resize.parse(text).geometry(*original)
    assert (geometry.scaled, geometry.offset) == (scaled, offset)


def test_a_resize_that_no_format_could_hold_is_refused() -> None:
    with pytest.raises(FileTooLarge, match="200 x 4000000 pixels"):
        Resize.parse("200x-fit-80-upscale.jpg").geometry(1, 20000)


@pytest.mark.parametrize(
    "text",
    [
        "200x200-fill-65-upscale",
        "0200x200-fill-65-upscale.webp",
        "200x200-fill-065-upscale.webp",
        "200x200-fill-05-upscale.webp",
        "0x200-fit-65-upscale.webp",
        "x-fit-65-upscale.webp",
        "200x-fill-65-upscale.webp",
        "99999x200-fill-65-upscale.webp",
        "200x200-fillx50y50-65-upscale.webp",
        "200x200-fillx030y70-65-upscale.webp",
        "200x200-fillx101y70-65-upscale.webp",
        "200x200-fitx30y70-65-upscale.webp",
        "200x200-crop-65-upscale.webp",
        "200x200-fill-0-upscale.webp",
        "200x200-fill-65-maybe.webp",
        "200x200-fill-65-upscale.tiff",
        "200x200-fill-65-upscale.png",  # a PNG knows one quality only
        "200x-pad-65-upscale.webp",
        "200x200-fill10x20y-65-upscale.webp",
        "200x200-padx30y70-65-upscale.webp",
        "200x200-fillx30y70crop0x0x5x5-65-upscale.webp",
        "200x200-fitcrop0x0x10000x10000-65-upscale.webp",
        "200x200-fitcrop00x0x5x5-65-upscale.webp",
        "200x200-fitcrop0x0x5-65-upscale.webp",
        "200x200-fitcrop5x0x5x5-65-upscale.webp",
        "200x200-fitcrop0x0x5x10001-65-upscale.webp",
        "200x200-fitbgFFCC00-65-upscale.webp",
        "200x200-fitbgfff-65-upscale.webp",
        "200x200-padbgffffff-65-upscale.webp",
        "200x200-fitbgffffff-65-upscale.jpg",
        "200x200-fitframe0-65-upscale.webp",
        "200x200-fitframe01-65-upscale.webp",
        "200x200-fitframe1-65-upscale.jpg",  # it is what a JPEG shows anyway
        "200x200-fitblur0-65-upscale.webp",
        "200x200-fitblur101-65-upscale.webp",
        "200x200-fitsharp201-65-upscale.webp",
        "200x200-fitblur5gray-65-upscale.webp",  # in another order
        "200x200-fitgraygray-65-upscale.webp",
        "200x200-fitlossless-65-upscale.webp",  # lossless has no quality but the format's own
        "200x200-fitlossless-80-upscale.jpg",
        "200x200-fitlossless-90-upscale.png",
        "٢00x200-fill-65-upscale.webp",
        "200x200-fill-65-upscale.webp\n",
    ],
)
def test_another_spelling_is_refused(text: str) -> None:
    with pytest.raises(InvalidResize):
        Resize.parse(text)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": "200"}, "Invalid size '200'. Use a size such as"),
        ({"size": "axb"}, "Invalid size 'axb'"),
        ({"size": 200}, "Invalid size 200"),
        ({"size": "x"}, "it has no width or height"),
        ({"size": "0x10"}, "Invalid size: a side is 0. Use 1 to 16383 pixels"),
        ({"size": "20000x"}, "Invalid size: a side is 20000"),
        ({"how": "crop"}, "Invalid how 'crop'. Use one of: fit, fill, pad."),
        ({"format": "jpeg"}, "Invalid format 'jpeg'. Use one of: jpg, png, webp, avif, gif, jxl."),
        ({"quality": 0}, "Invalid quality 0. Use a whole number from 1 to 99"),
        ({"quality": 100}, "Invalid quality 100"),
        ({"quality": "80"}, "Invalid quality '80'"),
        ({"quality": True}, "Invalid quality True"),
        ({"upscale": "yes"}, "Invalid upscale 'yes'. Use True or False"),
        ({"size": "200x", "how": "fill"}, "requires both width and height"),
        ({"hwo": "fill"}, "Unknown resize option 'hwo'. The options are: how, format, quality"),
        ({"how": "fill", "focal_point": (101, 0)}, "two whole numbers from 0 to 100"),
        ({"size": "x200", "how": "pad"}, 'how="pad" requires both width and height'),
        ({"crop": "10,20,30"}, "Invalid crop '10,20,30'. Use the left, top, right and bottom"),
        (
            {"crop": (10, 20, 30, 40)},
            "Invalid crop (10, 20, 30, 40). Use the left, top, right and bottom",
        ),
        (
            {"crop": "10,20,30.125,40"},
            "Invalid crop '10,20,30.125,40'. Use the left, top, right and bottom",
        ),
        (
            {"crop": "10,20,10,40"},
            'Invalid crop "10,20,10,40". Use 0 to 100 percent, with left less than right',
        ),
        ({"crop": "0,0,100.5,40"}, "Use 0 to 100 percent"),
        ({"background": "red"}, "Invalid background 'red'. Use a color such as \"#ffcc00\""),
        ({"background": 0xFFCC00}, "Invalid background 16763904"),
        ({"frame": 0}, "Invalid frame 0. Use a whole number from 1 to 9999"),
        ({"blur": 0.5}, "Invalid blur 0.5. Use a whole number from 1 to 100"),
        ({"sharpen": True}, "Invalid sharpen True. Use a whole number from 1 to 200"),
        ({"grayscale": 1}, "Invalid grayscale 1. Use True or False"),
        ({"lossless": "yes"}, "Invalid lossless 'yes'. Use True or False"),
    ],
)
def test_a_wrong_option_is_named(options: dict[str, Any], message: str) -> None:
    defaults: dict[str, Any] = {"size": "200x200", "default_format": "jpg", "focal_point": None}
    with pytest.raises(InvalidResize) as caught:
        parse_options(**{**defaults, **options})
    assert message in str(caught.value)


def test_options_that_make_no_difference_make_no_other_resize() -> None:
    assert parse_options("9x9", "jpg", (50, 50), how="fill") == parse_options(
        "9x9", "png", None, how="fill", format="jpg", quality=80, upscale=False
    )
    assert parse_options("9x9", "jpg", (1, 1), how="fill", crop="10,20.5,30,40") == parse_options(
        "9x9", "jpg", None, how="fill", crop="10.0,20.50,30.00,40"
    )
    assert parse_options("9x9", "jpg", None, background="#FFFFFF", lossless=True, frame=1) == (
        parse_options("9x9", "jpg", None)
    )
    assert parse_options("9x9", "webp", None, background="#FFcc00") == parse_options(
        "9x9", "webp", None, background="ffcc00", crop="0,0,100,100", blur=None, sharpen=None
    )
    assert parse_options("9x9", "webp", None, lossless=True, quality=9) == parse_options(
        "9x9", "webp", None, lossless=True
    )
    assert parse_options("9x9", "png", (1, 1), quality=10) == parse_options(
        "9x9", "jpg", None, how="fit", format="png", quality=None
    )


@pytest.mark.parametrize(
    ("name", "format"),
    [("a.png", "png"), ("a.tiff", "jpg"), ("a", "jpg"), ("a.avif", "avif"), ("a.jxl", "jpg")],
)
def test_the_default_format_is_one_that_browsers_show(name: str, format: str) -> None:
    assert default_format(name) == format
