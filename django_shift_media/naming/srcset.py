"""Which resizes make up a picture, and how large each comes out: geometry, without URLs."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from django_shift_media.exceptions import FileTooLarge, InvalidResize
from django_shift_media.naming.resizes import (
    FocalPoint,
    How,
    ImageFormat,
    Options,
    Resize,
    parse_options,
)
from django_shift_media.naming.validation import MAX_SIDE

Size = tuple[int, int]
Number = int | float

# One of an art direction: "(max-width: 40em) {ratio: 1/1; widths: 320,640}".
_ART = re.compile(r"\s*([^{};]+?)\s*\{([^{}]*)\}\s*")
_WORDS = {"true": True, "false": False}


class PictureOptions(Options, total=False):
    """The options of a picture as templates and callers give them; see ``MediaFile.picture()``."""

    widths: str | int | Sequence[int] | None
    ratio: str | Number | None
    sizes: str | None
    densities: str | Number | Sequence[Number] | None
    formats: str | Sequence[str] | None
    art: str | None


OPTIONS = ("size", *PictureOptions.__annotations__)
_LISTED = ", ".join(OPTIONS)


class SrcsetCandidate(NamedTuple):
    """
    A resize that a browser may choose, by its descriptor: "640w" or "2x".

    ``size`` is the true width and height in pixels, None where it is not known.
    """

    resize: Resize
    descriptor: str
    size: Size | None


class Row(NamedTuple):
    """
    What one ``<source>`` offers: candidates of one format and shape, from small to large.

    ``size`` is for the attributes ``width`` and ``height``, in pixels.
    """

    candidates: tuple[SrcsetCandidate, ...]
    size: Size | None
    sizes: str | None
    media: str | None


class Shape(NamedTuple):
    """
    What the options say of a row, whatever the original: what takes longest to find out.

    ``wanted`` is widths or densities, each with its size as in "200x200". ``sizes`` is None for
    densities.
    """

    wanted: tuple[tuple[Number, str], ...]
    options: Options
    sizes: str | None
    media: str | None


def shapes(default_format: ImageFormat, options: Mapping[str, Any]) -> tuple[Shape, ...]:
    """
    Return the shapes of a picture as ``<picture>`` lists them; the last is that of ``<img>``.

    ``options`` are ``PictureOptions`` and "size"; raise ``InvalidResize`` for a wrong one.
    """
    return tuple(
        _shape({**given, "format": format}, media)
        for media, given in (*_art_directions(options), (None, options))
        for format in _formats(given, default_format)
    )


def lay_out_source(shape: Shape, focal_point: FocalPoint | None, original: Size | None) -> Row:
    """
    Return what a shape offers of an original of that upright size, None where it is not known.

    Where it is, no candidate promises more than the original has: the first that would is given
    what there is, and is the last.
    """
    unit = "w" if shape.sizes else "x"
    wanted = (
        # The format is always given.
        (measure, parse_options(size, "jpg", focal_point, **shape.options))
        for measure, size in shape.wanted
    )
    candidates = tuple(_candidates(wanted, unit, original))
    return Row(candidates, _size(candidates[-1 if shape.sizes else 0]), shape.sizes, shape.media)


def _art_directions(options: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    text = options.get("art")
    if text is None:
        return
    if not isinstance(text, str) or not text or _ART.sub("", text):
        raise InvalidResize(f'art is {text!r}, must be as in "(max-width: 40em) {{ratio: 1/1}}".')
    for media, declarations in _ART.findall(text):
        own = dict(_declared(declarations))
        replaced = {"art"}
        if "size" in own:
            replaced |= {"widths", "ratio", "sizes"}
        if "widths" in own:
            replaced |= {"size", "densities"}
        inherited = {name: options[name] for name in options.keys() - replaced}
        yield media, {**inherited, **own}


def _declared(declarations: str) -> Iterator[tuple[str, Any]]:
    for declaration in filter(str.strip, declarations.split(";")):
        name, _, text = (part.strip() for part in declaration.partition(":"))
        yield name, int(text) if text.isdecimal() else _WORDS.get(text.lower(), text)


def _formats(options: Mapping[str, Any], default: ImageFormat) -> list[Any]:
    format, formats = options.get("format"), options.get("formats")
    if formats is None:
        return [format or default]
    if format is not None:
        raise InvalidResize(f"format is {format!r}, formats is {formats!r}: only one may be given.")
    names = list(dict.fromkeys(_split(formats)))
    if not all(names):
        raise InvalidResize(f'formats is {formats!r}, must be as in "avif,webp,jpg".')
    return names


def _shape(given: Mapping[str, Any], media: str | None) -> Shape:
    _check_names(given)
    size, widths, ratio = given.get("size"), given.get("widths"), given.get("ratio")
    if (size is None) == (widths is None):
        raise InvalidResize(f"size is {size!r}, widths is {widths!r}: one of them must be given.")
    options: Any = {name: given[name] for name in given.keys() & Options.__annotations__.keys()}
    if widths is None:
        _refuse(given, ("ratio", "sizes"), "widths")
        densities = given.get("densities")
        numbers = _numbers("densities", 1 if densities is None else densities, float)
        dense = _dense(parse_options(size, "jpg", None, **options), numbers)
        return Shape(tuple(dense), options, None, media)
    _refuse(given, ("densities",), "size")
    options["how"] = _how(options.get("how"), ratio)
    wide = _wide(_numbers("widths", widths, int), ratio)
    return Shape(tuple(wide), options, given.get("sizes") or "100vw", media)


def _dense(one: Resize, densities: Iterable[Number]) -> Iterator[tuple[Number, str]]:
    for density in densities:
        width, height = (side and int(side * density + 0.5) for side in (one.width, one.height))
        yield density, f"{width or ''}x{height or ''}"


def _how(how: How | None, ratio: Any) -> How:
    how = how or ("fit" if ratio is None else "fill")
    if (how == "fit") != (ratio is None):
        raise InvalidResize(
            f"ratio is {ratio!r}, which does not go with how={how!r}: only what is cropped or"
            " padded has a ratio."
        )
    return how


def _wide(widths: Iterable[int], ratio: Any) -> Iterator[tuple[Number, str]]:
    if ratio is None:
        yield from ((width, f"{width}x") for width in widths)
        return
    shape = _ratio(ratio)
    for width in widths:
        yield width, f"{width}x{max(1, int(width / shape + Fraction(1, 2)))}"


def _candidates(
    wanted: Iterable[tuple[Number, Resize]], unit: str, original: Size | None
) -> Iterator[SrcsetCandidate]:
    """Give the candidates until one is as large as the original allows."""
    largest = one = 0
    for measure, resize in wanted:
        size = _true_size(resize, original)
        if size is None or size[0] == resize.width or size[1] == resize.height:
            yield SrcsetCandidate(resize, f"{measure:g}{unit}", size)
            largest = size[0] if size else 0
            one = one or largest
            continue
        if size[0] > largest:
            measure = size[0] if unit == "w" else size[0] / (one or size[0])
            yield SrcsetCandidate(resize, f"{measure:.6g}{unit}", size)
        return


def _true_size(resize: Resize, original: Size | None) -> Size | None:
    try:
        return resize.plan(*original).size if original else None
    except FileTooLarge:
        return None  # the browser will be told: one file that is too long breaks no page


def _size(candidate: SrcsetCandidate) -> Size | None:
    resize = candidate.resize
    if candidate.size is None and resize.width and resize.height and resize.how != "fit":
        return (resize.width, resize.height)
    return candidate.size


def _ratio(value: Any) -> Fraction:
    try:
        ratio = Fraction(value)
    except (ValueError, TypeError, ArithmeticError):
        ratio = Fraction(0)
    if ratio <= 0:
        raise InvalidResize(f'ratio is {value!r}, must be as in "16/9".')
    return ratio


def _numbers(option: str, value: Any, type: type[Number]) -> list[Any]:
    try:
        numbers = sorted({type(str(part)) for part in _split(value)})
    except ValueError:
        numbers = []
    if not numbers or not all(0 < number <= MAX_SIDE for number in numbers):
        example = "320,640" if option == "widths" else "1,2,3"
        raise InvalidResize(f'{option} is {value!r}, must be as in "{example}".')
    # The size is what one pixel of the page has one pixel for: that is always offered.
    return numbers if option == "widths" else sorted({1, *numbers})


def _split(value: Any) -> list[Any]:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",")]
    return list(value) if isinstance(value, Iterable) else [value]


def _check_names(options: Iterable[str]) -> None:
    for name in options:
        if name not in OPTIONS:
            close = difflib.get_close_matches(name, OPTIONS, 1)
            wanted = f"did you mean {close[0]!r}?" if close else f"must be one of: {_LISTED}."
            raise InvalidResize(f"{name!r} is no option of a picture or a resize, {wanted}")


def _refuse(options: Mapping[str, Any], names: tuple[str, ...], other: str) -> None:
    for name in names:
        if options.get(name) is not None:
            raise InvalidResize(f"{name} is {options[name]!r}, which goes with {other} only.")
