"""``Resize``, the value object that says what is wanted, and the geometry that follows from it."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple, TypedDict, Unpack, get_args

from django_shift_media.exceptions import FileTooLarge, InvalidResize
from django_shift_media.exceptions import gettext_noop as _
from django_shift_media.formats import FORMATS, extension_of

How = Literal["fit", "fill"]
ImageFormat = Literal["jpg", "png", "webp", "avif", "gif"]
FocalPoint = tuple[int, int]

MAX_SIDE = 16_383  # pixels: what WebP can hold, the least of the formats

# Part of the name of every resize ever stored: changing it orphans them all.
_TEXT = re.compile(
    r"(?P<width>[0-9]{1,5})?x(?P<height>[0-9]{1,5})?"
    r"-(?P<how>[a-z]+?)(?:x(?P<x>[0-9]{1,3})y(?P<y>[0-9]{1,3}))?"
    r"-(?P<quality>[0-9]{1,2})-(?P<upscale>upscale|noupscale)\.(?P<format>[a-z]+)"
)
_FOCAL_POINT = re.compile("([0-9]{1,3}),([0-9]{1,3})")
_SIZE = re.compile(r"(?P<width>[0-9]+)?x(?P<height>[0-9]+)?")


class Plan(NamedTuple):
    """
    What a resize does to an original of a certain size.

    ``box`` is the part of the upright original that is kept: left, top, right, bottom in
    pixels, not rounded. ``size`` is the width and height of the result in pixels.
    """

    box: tuple[float, float, float, float]
    size: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resize:
    """
    One way to resize an image: a box, how to meet it, and the output format.

    ``width`` and ``height`` are in pixels; one of them may be None and follows from the
    aspect ratio. ``how`` is "fit" (lie inside the box) or "fill" (cover the box, then crop to
    its aspect ratio around ``focal_point``, in per cent from the left and the top; None: the
    centre). ``quality`` None means the format's own. Without ``upscale`` a smaller original is
    not enlarged: "fit" leaves its size alone, "fill" keeps the box's aspect ratio.

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

    def __post_init__(self) -> None:
        _check_sides(self.width, self.height)
        _check_choice("how", self.how, get_args(How))
        _check_choice("format", self.format, tuple(FORMATS))
        if not isinstance(self.upscale, bool):
            raise InvalidResize(f"upscale is {self.upscale!r}, must be True or False.")
        if self.how == "fill" and None in (self.width, self.height):
            raise InvalidResize('how="fill" needs both sides of the size, as in "200x200".')
        _check_focal_point(self.focal_point, self.how)
        _check_quality(self.quality)
        # One resize has one spelling: options that make no difference are not kept apart.
        if self.focal_point == (50, 50):
            object.__setattr__(self, "focal_point", None)
        if self.quality is None or FORMATS[self.format].lossless:
            object.__setattr__(self, "quality", FORMATS[self.format].quality)

    def __str__(self) -> str:
        focus = "x{}y{}".format(*self.focal_point) if self.focal_point else ""
        upscale = "upscale" if self.upscale else "noupscale"
        return (
            f"{self.width or ''}x{self.height or ''}-{self.how}{focus}"
            f"-{self.quality}-{upscale}.{self.format}"
        )

    @classmethod
    def parse(cls, text: str) -> "Resize":
        """Return the resize that ``text`` is the one spelling of, or raise ``InvalidResize``."""
        if not (match := _TEXT.fullmatch(text)):
            raise InvalidResize(f"{text!r} is not a resize, as in '200x200-fill-65-upscale.webp'.")
        resize = cls(
            width=int(match["width"]) if match["width"] else None,
            height=int(match["height"]) if match["height"] else None,
            how=match["how"],  # type: ignore[arg-type]  # checked by __post_init__
            format=match["format"],  # type: ignore[arg-type]  # checked by __post_init__
            quality=int(match["quality"]),
            upscale=match["upscale"] == "upscale",
            focal_point=(int(match["x"]), int(match["y"])) if match["x"] else None,
        )
        if str(resize) != text:
            raise InvalidResize(f"{text!r} is another spelling of {str(resize)!r}.")
        return resize

    def plan(self, width: int, height: int) -> Plan:
        """
        Say what to do with an upright original of ``width`` by ``height`` pixels.

        Sides are rounded half up and are never 0. Raise ``FileTooLarge`` if the result would
        have a side of more than ``MAX_SIDE`` pixels.
        """
        plan = (self._fill if self.how == "fill" else self._fit)(width, height)
        if max(plan.size) > MAX_SIDE:
            raise FileTooLarge(
                _("The resize would be %(size)s pixels, a side may have %(limit)s at most."),
                size="{} x {}".format(*plan.size),
                limit=MAX_SIDE,
            )
        return plan

    def _fit(self, width: int, height: int) -> Plan:
        scales = [
            wanted / given
            for wanted, given in ((self.width, width), (self.height, height))
            if wanted is not None
        ]
        scale = min(scales) if self.upscale else min(*scales, 1.0)
        return Plan((0, 0, width, height), (_side(width * scale), _side(height * scale)))

    def _fill(self, width: int, height: int) -> Plan:
        assert self.width is not None  # by __post_init__
        assert self.height is not None
        # The largest box of the wanted aspect ratio; multiplied crosswise, so that an original
        # of exactly that ratio is kept whole.
        if width * self.height > height * self.width:
            box_width, box_height = height * self.width / self.height, float(height)
        else:
            box_width, box_height = float(width), width * self.height / self.width
        x, y = self.focal_point or (50, 50)
        left = min(max(width * x / 100 - box_width / 2, 0), width - box_width)
        top = min(max(height * y / 100 - box_height / 2, 0), height - box_height)
        enlarges = box_width < self.width or box_height < self.height
        size = (self.width, self.height)
        if enlarges and not self.upscale:
            size = (_side(box_width), _side(box_height))
        return Plan((left, top, left + box_width, top + box_height), size)


class Options(TypedDict, total=False):
    """The options of a resize as templates and callers give them; see ``MediaFile.resize()``."""

    how: How
    format: ImageFormat | None
    quality: int | None
    upscale: bool


@lru_cache(maxsize=4096, typed=True)
def parse_options(
    size: str,
    default_format: ImageFormat,
    focal_point: FocalPoint | None,
    **options: Unpack[Options],
) -> Resize:
    """
    Return the ``Resize`` for options as templates give them, ``size`` as in "200x".

    The focal point is left out where nothing is cropped.
    """
    match = _SIZE.fullmatch(size) if isinstance(size, str) else None
    if not match:
        raise InvalidResize(f'size is {size!r}, must be as in "200x200", "200x" or "x200".')
    for option in options.keys() - Options.__annotations__.keys():
        raise InvalidResize(
            f"{option!r} is no option of a resize, must be one of:"
            f" {', '.join(Options.__annotations__)}."
        )
    width, height = (int(side) if side else None for side in match.groups())
    return Resize(
        width=width,
        height=height,
        focal_point=focal_point if options.get("how") == "fill" else None,
        **{**options, "format": options.get("format") or default_format},  # type: ignore[arg-type]
    )


def parse_focal_point(text: str) -> FocalPoint:
    """Parse "30,70", per cent from the left and from the top, or raise ``ValueError``."""
    match = _FOCAL_POINT.fullmatch(text)
    point = (int(match[1]), int(match[2])) if match else None
    if point is None or max(point) > 100:
        raise ValueError(f'The focal point is {text!r}, must be as in "30,70", in per cent.')
    return point


def default_format(original: str) -> ImageFormat:
    """Return the format of a resize that names none: the original's own if browsers show it."""
    extension = extension_of(original)
    return extension if extension in FORMATS else "jpg"  # type: ignore[return-value]


def _side(length: float) -> int:
    return max(1, int(length + 0.5))


def _check_sides(*sides: int | None) -> None:
    for side in sides:
        if side is not None and not (_is_int(side) and 1 <= side <= MAX_SIDE):
            raise InvalidResize(f"size has a side of {side!r}, must be 1 to {MAX_SIDE} pixels.")
    if not any(sides):
        raise InvalidResize('size has no side, must be as in "200x200", "200x" or "x200".')


def _check_choice(option: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise InvalidResize(f"{option} is {value!r}, must be one of: {', '.join(choices)}.")


def _check_quality(quality: object) -> None:
    if quality is not None and not (_is_int(quality) and 1 <= quality <= 99):  # type: ignore[operator]
        raise InvalidResize(f"quality is {quality!r}, must be a whole number from 1 to 99.")


def _check_focal_point(point: object, how: str) -> None:
    if point is None:
        return
    if how != "fill":
        raise InvalidResize(f'focal_point is {point!r}, but how="{how}" crops nothing.')
    if not (
        isinstance(point, tuple)
        and len(point) == 2
        and all(_is_int(part) and 0 <= part <= 100 for part in point)
    ):
        raise InvalidResize(f"focal_point is {point!r}, must be two whole numbers from 0 to 100.")


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
