"""Compute which part of an original a resize keeps, and the size of the result."""

from typing import NamedTuple

Box = tuple[float, float, float, float]
Size = tuple[int, int]


class ResizeGeometry(NamedTuple):
    """
    The geometry of a resize for an original of a certain size.

    ``box`` is the part of the upright original that is kept: left, top, right and bottom in
    pixels, not rounded. It is scaled to the width and height ``scaled``, in pixels, and centered
    in the width and height ``size`` of the result. The two differ for "pad" only.
    """

    box: Box
    size: Size
    scaled: Size

    @property
    def offset(self) -> Size:
        """The left and top of the scaled image in the result, rounded down."""
        return (self.size[0] - self.scaled[0]) // 2, (self.size[1] - self.scaled[1]) // 2


def fit(box: Box, width: int | None, height: int | None, *, upscale: bool) -> ResizeGeometry:
    """Scale the box to lie inside a size, of which one side may be None."""
    box_width, box_height = _size_of(box)
    scales = [
        side / box_side
        for side, box_side in ((width, box_width), (height, box_height))
        if side is not None
    ]
    scale = min(scales) if upscale else min(*scales, 1.0)
    size = (_side(box_width * scale), _side(box_height * scale))
    return ResizeGeometry(box, size, size)


def fill(
    box: Box, width: int, height: int, *, upscale: bool, focal_point: tuple[int, int]
) -> ResizeGeometry:
    """
    Crop the box to the aspect ratio of a size, as near the focal point as possible.

    The focal point is in percent from the left and from the top. The result has the largest
    possible area.
    """
    left, top, right, bottom = box
    full_width, full_height = _size_of(box)
    # Cross-multiplied, so that a box of exactly this aspect ratio is not cropped by rounding.
    if full_width * height > full_height * width:
        box_width, box_height = full_height * width / height, full_height
    else:
        box_width, box_height = full_width, full_width * height / width
    x, y = focal_point
    left += min(max(full_width * x / 100 - box_width / 2, 0), full_width - box_width)
    top += min(max(full_height * y / 100 - box_height / 2, 0), full_height - box_height)
    is_enlarged = box_width < width or box_height < height
    size = (width, height)
    if is_enlarged and not upscale:
        size = (_side(box_width), _side(box_height))
    # min(): the rounded sum could exceed the box.
    return ResizeGeometry(
        (left, top, min(left + box_width, right), min(top + box_height, bottom)), size, size
    )


def pad(box: Box, width: int, height: int, *, upscale: bool) -> ResizeGeometry:
    """Scale the box to lie inside a size, and pad it on both sides to that size."""
    return fit(box, width, height, upscale=upscale)._replace(size=(width, height))


def _size_of(box: Box) -> tuple[float, float]:
    left, top, right, bottom = box
    return right - left, bottom - top


def _side(length: float) -> int:
    return max(1, int(length + 0.5))
