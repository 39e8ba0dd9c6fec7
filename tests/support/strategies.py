"""Hypothesis's strategies for resizes."""

from typing import Any

from hypothesis import strategies as st

from django_shift_media.naming.resizes import MAX_SIDE, Resize

sides = st.integers(1, MAX_SIDE)


@st.composite
def crops(draw: Any) -> Any:
    """Two different numbers across, and two down."""
    part = st.integers(0, 10_000)
    (left, right), (top, bottom) = (
        sorted(draw(st.lists(part, min_size=2, max_size=2, unique=True))) for _ in range(2)
    )
    return left, top, right, bottom


@st.composite
def resizes(draw: Any) -> Resize:
    how = draw(st.sampled_from(["fit", "fill", "pad"]))
    width, height = draw(sides), draw(sides)
    focal_point, crop = None, draw(st.none() | crops())
    if how == "fit":
        width, height = draw(st.sampled_from([(width, height), (width, None), (None, height)]))
    elif how == "fill" and not crop:
        percent = st.integers(0, 100)
        focal_point = draw(st.none() | st.tuples(percent, percent))
    return Resize(
        width=width,
        height=height,
        how=how,
        format=draw(st.sampled_from(["jpg", "png", "webp", "avif", "gif", "jxl"])),
        quality=draw(st.none() | st.integers(1, 99)),
        upscale=draw(st.booleans()),
        focal_point=focal_point,
        crop=crop,
        background=draw(st.none() | st.from_regex("[0-9a-f]{6}", fullmatch=True)),
        frame=draw(st.none() | st.integers(1, 9999)),
        grayscale=draw(st.booleans()),
        blur=draw(st.none() | st.integers(1, 100)),
        sharpen=draw(st.none() | st.integers(1, 200)),
        lossless=draw(st.booleans()),
    )
