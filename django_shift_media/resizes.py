"""``Resize``, the value object that says what is wanted, and how templates spell it."""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, TypedDict, Unpack, get_args

from django_shift_media import geometry
from django_shift_media.exceptions import FileTooLarge, InvalidResize
from django_shift_media.exceptions import gettext_noop as _
from django_shift_media.formats import FORMATS, NO_LOSS, extension_of
from django_shift_media.options import (
    MAX_BLUR,
    MAX_FRAME,
    MAX_SHARPEN,
    MAX_SIDE,
    WHOLE,
    check_background,
    check_choice,
    check_crop,
    check_flag,
    check_focal_point,
    check_number,
    check_sides,
)

How = Literal["fit", "fill", "pad"]
ImageFormat = Literal["jpg", "png", "webp", "avif", "gif"]
FocalPoint = tuple[int, int]
Crop = tuple[int, int, int, int]

_WHITE = "ffffff"

# Part of the name of every resize ever stored: changing it orphans them all. It may grow by
# further words, each with one place in the order; see docs/reference/url-format.rst.
_TEXT = re.compile(
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
    r"-(?P<quality>[0-9]{1,2})-(?P<upscale>upscale|noupscale)\.(?P<format>[a-z]+)"
)
_FOCAL_POINT = re.compile("([0-9]{1,3}),([0-9]{1,3})")
_PERCENT = "([0-9]{1,3}(?:[.][0-9]{1,2})?)"
_CROP = re.compile(",".join([_PERCENT] * 4))
_COLOUR = re.compile("#?([0-9a-f]{6})", re.IGNORECASE)
_SIZE = re.compile(r"(?P<width>[0-9]+)?x(?P<height>[0-9]+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Resize:
    """
    One way to resize an image: a box, how to meet it, what else to do, and the output format.

    ``width`` and ``height`` are in pixels; one of them may be None and follows from the
    aspect ratio. ``how`` is "fit" (lie inside the box), "fill" (cover the box, then crop to
    its aspect ratio around ``focal_point``, in per cent from the left and the top; None: the
    centre) or "pad" (lie inside the box, then fill it up with the background). Without
    ``upscale`` a smaller original is not enlarged: "fit" leaves its size alone, "fill" keeps
    the box's aspect ratio, "pad" adds more. ``quality`` None means the format's own.

    ``crop`` is left, top, right and bottom of the part that all of this is done to, in
    hundredths of a per cent; None: all of it. ``background``, red, green and blue in six
    hexadecimal digits, is what the picture is put on; None: white for "pad" and "jpg", else
    nothing. ``frame`` is the frame of an animation that is wanted as a still picture, from 1;
    None: all of them if the format can. ``blur`` is the standard deviation in pixels of the
    result, ``sharpen`` the strength in per cent. ``lossless`` is for formats that have both.

    ``str(resize)`` and ``Resize.parse()`` are each other's inverse, because the text is part of
    the name under which a resize is stored. Raise ``InvalidResize`` for what cannot be made.
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
    # Asked for with each URL.
    _text: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_sides(self.width, self.height)
        check_choice("how", self.how, get_args(How))
        check_choice("format", self.format, tuple(FORMATS))
        check_flag("upscale", self.upscale)
        check_flag("grayscale", self.grayscale)
        check_flag("lossless", self.lossless)
        if self.how != "fit" and None in (self.width, self.height):
            raise InvalidResize(f'how="{self.how}" needs both sides of the size, as in "200x200".')
        check_focal_point(self.focal_point, self.how)
        check_crop(self.crop, self.focal_point)
        check_background(self.background)
        check_number("quality", self.quality, 99)
        check_number("frame", self.frame, MAX_FRAME)
        check_number("blur", self.blur, MAX_BLUR)
        check_number("sharpen", self.sharpen, MAX_SHARPEN)
        self._drop_what_makes_no_difference()
        object.__setattr__(self, "_text", self._spelt())

    def _drop_what_makes_no_difference(self) -> None:
        """Leave one spelling of each resize."""
        format = FORMATS[self.format]
        if self.focal_point == (50, 50):
            object.__setattr__(self, "focal_point", None)
        if self.crop == (0, 0, WHOLE, WHOLE):
            object.__setattr__(self, "crop", None)
        if self.background == _WHITE and (self.how == "pad" or not format.transparent):
            object.__setattr__(self, "background", None)
        if self.frame == 1 and not format.animated:
            object.__setattr__(self, "frame", None)
        if self.lossless and format.loss != "optional":
            object.__setattr__(self, "lossless", False)
        if format.loss == "none" or self.lossless:
            object.__setattr__(self, "quality", NO_LOSS)
        elif self.quality is None:
            object.__setattr__(self, "quality", format.quality)

    def __str__(self) -> str:
        return self._text

    def _spelt(self) -> str:
        upscale = "upscale" if self.upscale else "noupscale"
        return (
            f"{self.width or ''}x{self.height or ''}-{self.how}{self._words()}"
            f"-{self.quality}-{upscale}.{self.format}"
        )

    def _words(self) -> str:
        """Spell what is not as usual, in the order of ``_TEXT``."""
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
            )
        )

    @classmethod
    def parse(cls, text: str) -> "Resize":
        """Return the resize that ``text`` is the one spelling of, or raise ``InvalidResize``."""
        if not (match := _TEXT.fullmatch(text)):
            raise InvalidResize(f"{text!r} is not a resize, as in '200x200-fill-65-upscale.webp'.")
        resize = cls(
            width=_int(match["width"]),
            height=_int(match["height"]),
            how=match["how"],  # type: ignore[arg-type]  # checked by __post_init__
            format=match["format"],  # type: ignore[arg-type]  # checked by __post_init__
            quality=int(match["quality"]),
            upscale=match["upscale"] == "upscale",
            focal_point=(int(match["x"]), int(match["y"])) if match["x"] else None,
            crop=tuple(map(int, match["crop"].split("x"))) if match["crop"] else None,  # type: ignore[arg-type]  # four, by _TEXT
            background=match["background"],
            frame=_int(match["frame"]),
            grayscale=bool(match["grayscale"]),
            blur=_int(match["blur"]),
            sharpen=_int(match["sharpen"]),
            lossless=bool(match["lossless"]),
        )
        if str(resize) != text:
            raise InvalidResize(f"{text!r} is another spelling of {str(resize)!r}.")
        return resize

    def plan(self, width: int, height: int) -> geometry.Plan:
        """
        Say what to do with an upright original of ``width`` by ``height`` pixels.

        Sides are rounded half up and are never 0. Raise ``FileTooLarge`` if the result would
        have a side of more than ``MAX_SIDE`` pixels.
        """
        plan = self._plan(width, height)
        if max(plan.size) > MAX_SIDE:
            raise FileTooLarge(
                _("The resize would be %(size)s pixels, a side may have %(limit)s at most."),
                size="{} x {}".format(*plan.size),
                limit=MAX_SIDE,
            )
        return plan

    def _plan(self, width: int, height: int) -> geometry.Plan:
        left, top, right, bottom = self.crop or (0, 0, WHOLE, WHOLE)
        box = (
            width * left / WHOLE,
            height * top / WHOLE,
            width * right / WHOLE,
            height * bottom / WHOLE,
        )
        if self.how == "fit":
            return geometry.fit(box, self.width, self.height, upscale=self.upscale)
        assert self.width is not None  # by __post_init__
        assert self.height is not None
        if self.how == "pad":
            return geometry.pad(box, self.width, self.height, upscale=self.upscale)
        point = self.focal_point or (50, 50)
        return geometry.fill(box, self.width, self.height, upscale=self.upscale, focal_point=point)


class Options(TypedDict, total=False):
    """The options of a resize as templates and callers give them; see ``MediaFile.resize()``."""

    how: How
    format: ImageFormat | None
    quality: int | None
    upscale: bool
    crop: str | None
    background: str | None
    frame: int | None
    grayscale: bool
    blur: int | None
    sharpen: int | None
    lossless: bool


@lru_cache(maxsize=4096, typed=True)
def parse_options(
    size: str,
    default_format: ImageFormat,
    focal_point: FocalPoint | None,
    **options: Unpack[Options],
) -> Resize:
    """
    Return the ``Resize`` for options as templates give them, ``size`` as in "200x".

    The focal point is left out where nothing is cropped, or what is kept is said by ``crop``.
    """
    match = _SIZE.fullmatch(size) if isinstance(size, str) else None
    if not match:
        raise InvalidResize(f'size is {size!r}, must be as in "200x200", "200x" or "x200".')
    for option in options.keys() - Options.__annotations__.keys():
        raise InvalidResize(
            f"{option!r} is no option of a resize, must be one of:"
            f" {', '.join(Options.__annotations__)}."
        )
    crop = _parse_crop(options.get("crop"))
    parsed = {
        **options,
        "format": options.get("format") or default_format,
        "crop": crop,
        "background": _parse_colour(options.get("background")),
        "focal_point": focal_point if options.get("how") == "fill" and not crop else None,
    }
    return Resize(width=_int(match["width"]), height=_int(match["height"]), **parsed)  # type: ignore[arg-type]


def parse_focal_point(text: str) -> FocalPoint:
    """Parse "30,70", per cent from the left and from the top, or raise ``ValueError``."""
    match = _FOCAL_POINT.fullmatch(text)
    point = (int(match[1]), int(match[2])) if match else None
    if point is None or max(point) > 100:
        raise ValueError(f'The focal point is {text!r}, must be as in "30,70", in per cent.')
    return point


def _parse_crop(text: object) -> Crop | None:
    if text is None:
        return None
    match = _CROP.fullmatch(text) if isinstance(text, str) else None
    if not match:
        raise InvalidResize(
            f'crop is {text!r}, must be as in "10,20,60.5,80": left, top, right and bottom in'
            " per cent."
        )
    left, top, right, bottom = (round(float(percent) * 100) for percent in match.groups())
    return left, top, right, bottom


def _parse_colour(text: object) -> str | None:
    if text is None:
        return None
    match = _COLOUR.fullmatch(text) if isinstance(text, str) else None
    if not match:
        raise InvalidResize(f'background is {text!r}, must be as in "#ffcc00".')
    return match[1].lower()


def _int(text: str | None) -> int | None:
    return int(text) if text else None


def default_format(original: str) -> ImageFormat:
    """Return the format of a resize that names none: the original's own if browsers show it."""
    extension = extension_of(original)
    return extension if extension in FORMATS else "jpg"  # type: ignore[return-value]
