"""Which part of an original is kept, and how large it comes out: numbers in, numbers out."""

from typing import NamedTuple

Box = tuple[float, float, float, float]
Size = tuple[int, int]


class Plan(NamedTuple):
    """
    What a resize does to an original of a certain size.

    ``box`` is the part of the upright original that is kept: left, top, right, bottom in
    pixels, not rounded. It is scaled to ``scaled``, width and height in pixels, which is
    centerd in ``size``, those of the result; only "pad" makes the two differ.
    """

    box: Box
    size: Size
    scaled: Size

    @property
    def place(self) -> Size:
        """Left and top of the scaled picture in the result, rounded down."""
        return (self.size[0] - self.scaled[0]) // 2, (self.size[1] - self.scaled[1]) // 2


def fit(box: Box, width: int | None, height: int | None, *, upscale: bool) -> Plan:
    """Scale the box to lie inside a size, of which one side may be left out."""
    box_width, box_height = _size_of(box)
    scales = [
        wanted / given
        for wanted, given in ((width, box_width), (height, box_height))
        if wanted is not None
    ]
    scale = min(scales) if upscale else min(*scales, 1.0)
    size = (_side(box_width * scale), _side(box_height * scale))
    return Plan(box, size, size)


def fill(box: Box, width: int, height: int, *, upscale: bool, focal_point: tuple[int, int]) -> Plan:
    """
    Cut the largest box of the size's aspect ratio out of a box, as near a point as can be.

    The point is in per cent from the left and from the top.
    """
    left, top, right, bottom = box
    whole_width, whole_height = _size_of(box)
    # Multiplied crosswise, so that a box of exactly that ratio is kept whole.
    if whole_width * height > whole_height * width:
        box_width, box_height = whole_height * width / height, whole_height
    else:
        box_width, box_height = whole_width, whole_width * height / width
    x, y = focal_point
    left += min(max(whole_width * x / 100 - box_width / 2, 0), whole_width - box_width)
    top += min(max(whole_height * y / 100 - box_height / 2, 0), whole_height - box_height)
    enlarges = box_width < width or box_height < height
    size = (width, height)
    if enlarges and not upscale:
        size = (_side(box_width), _side(box_height))
    # Not beyond what was given, whatever the sum is rounded to.
    return Plan(
        (left, top, min(left + box_width, right), min(top + box_height, bottom)), size, size
    )


def pad(box: Box, width: int, height: int, *, upscale: bool) -> Plan:
    """Scale the box to lie inside a size, and add to it on both sides until it has that size."""
    return fit(box, width, height, upscale=upscale)._replace(size=(width, height))


def _size_of(box: Box) -> tuple[float, float]:
    left, top, right, bottom = box
    return right - left, bottom - top


def _side(length: float) -> int:
    return max(1, int(length + 0.5))
