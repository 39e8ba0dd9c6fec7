"""``Resize``: the value object that describes one way to resize an image."""

import re
from dataclasses import dataclass, field
from typing import Literal, get_args

from django_shift_media.exceptions import FileTooLarge, InvalidResize
from django_shift_media.exceptions import gettext_noop as _
from django_shift_media.naming.formats import LOSSLESS_QUALITY, OUTPUT_FORMATS
from django_shift_media.naming.geometry import ResizeGeometry, fill, fit, pad
from django_shift_media.naming.steps import (
    SERIALIZED,
    Steps,
    check_steps,
    parse_serialized,
    serialize,
)
from django_shift_media.naming.validation import (
    HUNDRED_PERCENT,
    MAX_BLUR,
    MAX_FRAME,
    MAX_SHARPEN,
    MAX_SIDE,
    check_background,
    check_choice,
    check_crop,
    check_flag,
    check_focal_point,
    check_number,
    check_sides,
)

How = Literal["fit", "fill", "pad"]
ImageFormat = Literal["jpg", "png", "webp", "avif", "gif", "jxl"]
FocalPoint = tuple[int, int]
Crop = tuple[int, int, int, int]

_WHITE = "ffffff"

# Part of the name of every resize ever stored: changing it orphans them all. It may be extended
# by more options, each at a fixed position; see docs/reference/url-format.rst.
_SERIALIZED = re.compile(
    r"(?P<width>[0-9]{1,5})?x(?P<height>[0-9]{1,5})?"
    r"-(?P<how>fit|fill|pad)"
    r"(?:x(?P<x>[0-9]{1,3})y(?P<y>[0-9]{1,3}))?"
    r"(?:crop(?P<crop>[0-9]{1,5}(?:x[0-9]{1,5}){3}))?"
    r"(?:bg(?P<background>[0-9a-f]{6}))?"
    r"(?:frame(?P<frame>[0-9]{1,4}))?"
    r"(?P<grayscale>gray)?"
    r"(?:blur(?P<blur>[0-9]{1,3}))?"
    r"(?:sharp(?P<sharpen>[0-9]{1,3}))?"
    r"(?P<lossless>lossless)?"
    rf"(?P<steps>{SERIALIZED})"
    r"-(?P<quality>[0-9]{1,2})-(?P<upscale>upscale|noupscale)\.(?P<format>[a-z]+)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resize:
    """
    One way to resize an image: a box, how to fill it, further operations and the output format.

    ``width`` and ``height`` are in pixels; one of them may be None and follows from the aspect
    ratio. ``how`` is "fit" (scale to lie inside the box), "fill" (cover the box, then crop to its
    aspect ratio around ``focal_point``) or "pad" (scale to lie inside the box, then fill the rest
    with the background). ``focal_point`` is in percent from the left and the top; None means the
    center. Without ``upscale``, a smaller original is not enlarged: "fit" keeps its size, "fill"
    keeps the aspect ratio of the box, and "pad" adds more background. ``quality`` is 1 to 99;
    None means the default of the format.

    ``crop`` is the part of the original to use, as left, top, right and bottom in hundredths of a
    percent; None means the whole. ``background`` is the color behind transparent and padded
    parts, as six hexadecimal digits; None means white for "pad" and "jpg", and no background
    otherwise. ``frame`` selects one frame of an animation, counted from 1; None means all frames
    if the output format supports animations. ``blur`` is the standard deviation in pixels of the
    result, ``sharpen`` the strength in percent. ``lossless`` selects lossless compression in
    formats that have both kinds. ``steps`` are steps of ``SHIFT_MEDIA_STEPS``, applied in this
    order after everything else.

    ``Resize.parse()`` is the inverse of ``str(resize)``, which is part of the key of a stored
    resize. Raise ``InvalidResize`` for invalid values.
    """

    width: int | None
    height: int | None
    how: How = "fit"
    format: ImageFormat = "jpg"
    quality: int | None = None
    upscale: bool = False
    focal_point: FocalPoint | None = None
    crop: Crop | None = None
    background: str | None = None
    frame: int | None = None
    grayscale: bool = False
    blur: int | None = None
    sharpen: int | None = None
    lossless: bool = False
    steps: Steps = ()
    # Serialized once, because each URL contains it.
    _text: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_sides(self.width, self.height)
        check_choice("how", self.how, get_args(How))
        check_choice("format", self.format, tuple(OUTPUT_FORMATS))
        check_flag("upscale", self.upscale)
        check_flag("grayscale", self.grayscale)
        check_flag("lossless", self.lossless)
        if self.how != "fit" and None in (self.width, self.height):
            raise InvalidResize(
                f'how="{self.how}" requires both width and height, such as "200x200".'
            )
        check_focal_point(self.focal_point, self.how)
        check_crop(self.crop, self.focal_point)
        check_background(self.background)
        check_number("quality", self.quality, 99)
        check_number("frame", self.frame, MAX_FRAME)
        check_number("blur", self.blur, MAX_BLUR)
        check_number("sharpen", self.sharpen, MAX_SHARPEN)
        check_steps(self.steps)
        self._normalize()
        object.__setattr__(self, "_text", self._serialize())

    def _normalize(self) -> None:
        """Replace values that have no effect by their defaults, so that equal results are equal."""
        format = OUTPUT_FORMATS[self.format]
        if self.focal_point == (50, 50):
            object.__setattr__(self, "focal_point", None)
        if self.crop == (0, 0, HUNDRED_PERCENT, HUNDRED_PERCENT):
            object.__setattr__(self, "crop", None)
        if self.background == _WHITE and (self.how == "pad" or not format.transparent):
            object.__setattr__(self, "background", None)
        if self.frame == 1 and not format.animated:
            object.__setattr__(self, "frame", None)
        if self.lossless and format.compression != "both":
            object.__setattr__(self, "lossless", False)
        if format.compression == "lossless" or self.lossless:
            object.__setattr__(self, "quality", LOSSLESS_QUALITY)
        elif self.quality is None:
            object.__setattr__(self, "quality", format.quality)

    def __str__(self) -> str:
        return self._text

    def _serialize(self) -> str:
        upscale = "upscale" if self.upscale else "noupscale"
        return (
            f"{self.width or ''}x{self.height or ''}-{self.how}{self._serialize_options()}"
            f"-{self.quality}-{upscale}.{self.format}"
        )

    def _serialize_options(self) -> str:
        """Serialize the options that differ from their defaults, in the order of the pattern."""
        return "".join(
            (
                "x{}y{}".format(*self.focal_point) if self.focal_point else "",
                "crop{}x{}x{}x{}".format(*self.crop) if self.crop else "",
                f"bg{self.background}" if self.background else "",
                f"frame{self.frame}" if self.frame else "",
                "gray" if self.grayscale else "",
                f"blur{self.blur}" if self.blur else "",
                f"sharp{self.sharpen}" if self.sharpen else "",
                "lossless" if self.lossless else "",
                serialize(self.steps),
            )
        )

    @classmethod
    def parse(cls, text: str) -> "Resize":
        """Parse ``str(resize)``; raise ``InvalidResize`` for any other text."""
        if not (match := _SERIALIZED.fullmatch(text)):
            raise InvalidResize(
                f"{text!r} is not a serialized resize, such as '200x200-fill-65-upscale.webp'."
            )
        resize = cls(
            width=optional_int(match["width"]),
            height=optional_int(match["height"]),
            how=match["how"],  # type: ignore[arg-type]  # checked by __post_init__
            format=match["format"],  # type: ignore[arg-type]  # checked by __post_init__
            quality=int(match["quality"]),
            upscale=match["upscale"] == "upscale",
            focal_point=(int(match["x"]), int(match["y"])) if match["x"] else None,
            crop=tuple(map(int, match["crop"].split("x"))) if match["crop"] else None,  # type: ignore[arg-type]  # the pattern has four
            background=match["background"],
            frame=optional_int(match["frame"]),
            grayscale=bool(match["grayscale"]),
            blur=optional_int(match["blur"]),
            sharpen=optional_int(match["sharpen"]),
            lossless=bool(match["lossless"]),
            steps=parse_serialized(match["steps"]),
        )
        if str(resize) != text:
            raise InvalidResize(f"{text!r} is not in normal form. Use {str(resize)!r}.")
        return resize

    def geometry(self, width: int, height: int) -> ResizeGeometry:
        """
        Compute the geometry for an upright original of ``width`` by ``height`` pixels.

        Sides are rounded half up and are never 0. Raise ``FileTooLarge`` if a side of the result
        would have more than ``MAX_SIDE`` pixels.
        """
        geometry = self._unchecked_geometry(width, height)
        if max(geometry.size) > MAX_SIDE:
            raise FileTooLarge(
                _("The resize would have %(size)s pixels; the maximum per side is %(limit)s."),
                size="{} x {}".format(*geometry.size),
                limit=MAX_SIDE,
            )
        return geometry

    def _unchecked_geometry(self, width: int, height: int) -> ResizeGeometry:
        left, top, right, bottom = self.crop or (0, 0, HUNDRED_PERCENT, HUNDRED_PERCENT)
        box = (
            width * left / HUNDRED_PERCENT,
            height * top / HUNDRED_PERCENT,
            width * right / HUNDRED_PERCENT,
            height * bottom / HUNDRED_PERCENT,
        )
        if self.how == "fit":
            return fit(box, self.width, self.height, upscale=self.upscale)
        assert self.width is not None  # by __post_init__
        assert self.height is not None
        if self.how == "pad":
            return pad(box, self.width, self.height, upscale=self.upscale)
        focal_point = self.focal_point or (50, 50)
        return fill(box, self.width, self.height, upscale=self.upscale, focal_point=focal_point)


def optional_int(text: str | None) -> int | None:
    return int(text) if text else None
