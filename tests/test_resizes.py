from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_shift_media.exceptions import FileTooLarge, InvalidResize
from django_shift_media.resizes import MAX_SIDE, Resize, default_format, parse_options

sides = st.integers(1, MAX_SIDE)


@st.composite
def resizes(draw: Any) -> Resize:
    how = draw(st.sampled_from(["fit", "fill"]))
    width, height = draw(sides), draw(sides)
    focal_point = None
    if how == "fit":
        width, height = draw(st.sampled_from([(width, height), (width, None), (None, height)]))
    else:
        percent = st.integers(0, 100)
        focal_point = draw(st.none() | st.tuples(percent, percent))
    return Resize(
        width=width,
        height=height,
        how=how,
        format=draw(st.sampled_from(["jpg", "png", "webp", "avif", "gif"])),
        quality=draw(st.none() | st.integers(1, 99)),
        upscale=draw(st.booleans()),
        focal_point=focal_point,
    )


@given(resizes())
def test_text_and_parse_are_inverse(resize: Resize) -> None:
    assert Resize.parse(str(resize)) == resize


@given(resizes(), st.integers(1, 30000), st.integers(1, 30000))
def test_plans_lie_inside_the_original_and_the_box(resize: Resize, width: int, height: int) -> None:
    try:
        (left, top, right, bottom), size = resize.plan(width, height)
    except FileTooLarge:
        assert resize.how == "fit"
        return
    assert 0 <= left < right <= width + 1e-6
    assert 0 <= top < bottom <= height + 1e-6
    assert min(size) >= 1
    assert size[0] <= (resize.width or MAX_SIDE)
    assert size[1] <= (resize.height or MAX_SIDE)
    if resize.how == "fit":
        assert (left, top, right, bottom) == (0, 0, width, height)
    if resize.how == "fill" and resize.upscale:
        assert size == (resize.width, resize.height)
    if not resize.upscale:
        assert size[0] <= width
        assert size[1] <= height


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
    ],
)
def test_geometry(text: str, original: Any, box: Any, size: Any) -> None:
    assert Resize.parse(text).plan(*original) == (box, size)


def test_a_resize_that_no_format_could_hold_is_refused() -> None:
    with pytest.raises(FileTooLarge, match="200 x 4000000 pixels"):
        Resize.parse("200x-fit-80-upscale.jpg").plan(1, 20000)


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
        ({"size": "200"}, "size is '200', must be as in"),
        ({"size": "axb"}, "size is 'axb'"),
        ({"size": 200}, "size is 200"),
        ({"size": "x"}, "size has no side"),
        ({"size": "0x10"}, "size has a side of 0, must be 1 to 16383 pixels"),
        ({"size": "20000x"}, "size has a side of 20000"),
        ({"how": "crop"}, "how is 'crop', must be one of: fit, fill."),
        ({"format": "jpeg"}, "format is 'jpeg', must be one of: jpg, png, webp, avif, gif."),
        ({"quality": 0}, "quality is 0, must be a whole number from 1 to 99"),
        ({"quality": 100}, "quality is 100"),
        ({"quality": "80"}, "quality is '80'"),
        ({"quality": True}, "quality is True"),
        ({"upscale": "yes"}, "upscale is 'yes', must be True or False"),
        ({"size": "200x", "how": "fill"}, "needs both sides"),
        ({"hwo": "fill"}, "'hwo' is no option of a resize, must be one of: how, format, quality"),
        ({"how": "fill", "focal_point": (101, 0)}, "two whole numbers from 0 to 100"),
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
    assert parse_options("9x9", "png", (1, 1), quality=10) == parse_options(
        "9x9", "jpg", None, how="fit", format="png", quality=None
    )


@pytest.mark.parametrize(
    ("name", "format"), [("a.png", "png"), ("a.tiff", "jpg"), ("a", "jpg"), ("a.avif", "avif")]
)
def test_the_default_format_is_one_that_browsers_show(name: str, format: str) -> None:
    assert default_format(name) == format
