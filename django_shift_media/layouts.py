"""Which resizes make up a picture, and how large each comes out: geometry, without URLs."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, NamedTuple

from django_shift_media.exceptions import FileTooLarge, InvalidResize
from django_shift_media.resizes import (
    MAX_SIDE,
    FocalPoint,
    ImageFormat,
    Options,
    Resize,
    parse_options,
)

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


class Candidate(NamedTuple):
    """
    A resize that a browser may choose, by its descriptor: "640w" or "2x".

    ``size`` is the true width and height in pixels, None where it is not known.
    """

    resize: Resize
    descriptor: str
    size: Size | None


@dataclass(frozen=True, slots=True)
class Row:
    """
    What one ``<source>`` offers: candidates of one format and shape, from small to large.

    ``size`` is for the attributes ``width`` and ``height``, in pixels.
    """

    candidates: tuple[Candidate, ...]
    size: Size | None
    sizes: str | None
    media: str | None


def layout(
    default_format: ImageFormat,
    focal_point: FocalPoint | None,
    original: Size | None,
    **options: Any,  # PictureOptions and "size", which come from settings, too
) -> tuple[Row, ...]:
    """
    Return the rows of a picture as ``<picture>`` lists them; the last is that of ``<img>``.

    ``original`` is the upright size of the original, None where it is not known. Where it is, no
    candidate promises more than the original has: the first that would is given what there is,
    and is the last. Raise ``InvalidResize`` for a wrong option.
    """
    return tuple(
        _row(format, focal_point, original, media, shape)
        for media, shape in (*_art_directions(options), (None, options))
        for format in _formats(shape, default_format)
    )


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
    return list(dict.fromkeys(_split("formats", formats)))


def _row(
    format: ImageFormat,
    focal_point: FocalPoint | None,
    original: Size | None,
    media: str | None,
    given: Mapping[str, Any],
) -> Row:
    _check_names(given)
    size, widths = given.get("size"), given.get("widths")
    if (size is None) == (widths is None):
        raise InvalidResize(f"size is {size!r}, widths is {widths!r}: one of them must be given.")
    options = {name: value for name, value in given.items() if name in Options.__annotations__}
    options["format"] = format
    if widths is None:
        _refuse(given, ("ratio", "sizes"), "widths")
        dense = _dense(size, given.get("densities"), focal_point, options)
        candidates = tuple(_candidates(dense, "x", original))
        return Row(candidates, _size(candidates[0]), None, media)
    _refuse(given, ("densities",), "size")
    wide = _wide(widths, given.get("ratio"), focal_point, options)
    candidates = tuple(_candidates(wide, "w", original))
    return Row(candidates, _size(candidates[-1]), given.get("sizes") or "100vw", media)


def _dense(
    size: Any, densities: Any, focal_point: FocalPoint | None, options: dict[str, Any]
) -> Iterator[tuple[Number, Resize]]:
    one = parse_options(size, "jpg", focal_point, **options)
    for density in _numbers("densities", 1 if densities is None else densities, float):
        width, height = (side and int(side * density + 0.5) for side in (one.width, one.height))
        yield density, replace(one, width=width, height=height)


def _wide(
    widths: Any, ratio: Any, focal_point: FocalPoint | None, options: dict[str, Any]
) -> Iterator[tuple[Number, Resize]]:
    options = {**options, "how": options.get("how") or ("fit" if ratio is None else "fill")}
    if (options["how"] == "fit") != (ratio is None):
        raise InvalidResize(
            f"ratio is {ratio!r}, which does not go with how={options['how']!r}: only what is"
            " cropped or padded has a ratio."
        )
    for width in _numbers("widths", widths, int):
        height = "" if ratio is None else max(1, int(width / _ratio(ratio) + Fraction(1, 2)))
        yield width, parse_options(f"{width}x{height}", "jpg", focal_point, **options)


def _candidates(
    wanted: Iterable[tuple[Number, Resize]], unit: str, original: Size | None
) -> Iterator[Candidate]:
    """Give the candidates until one is as large as the original allows."""
    largest = one = 0
    for measure, resize in wanted:
        size = _true_size(resize, original)
        if size is None or size[0] == resize.width or size[1] == resize.height:
            yield Candidate(resize, f"{measure:g}{unit}", size)
            largest = size[0] if size else 0
            one = one or largest
            continue
        if size[0] > largest:
            measure = size[0] if unit == "w" else size[0] / (one or size[0])
            yield Candidate(resize, f"{measure:.6g}{unit}", size)
        return


def _true_size(resize: Resize, original: Size | None) -> Size | None:
    try:
        return resize.plan(*original).size if original else None
    except FileTooLarge:
        return None  # the browser will be told: one file that is too long breaks no page


def _size(candidate: Candidate) -> Size | None:
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
        numbers = sorted({type(str(part)) for part in _split(option, value)})
    except ValueError:
        numbers = []
    if not numbers or not all(0 < number <= MAX_SIDE for number in numbers):
        example = "320,640" if option == "widths" else "1,2,3"
        raise InvalidResize(f'{option} is {value!r}, must be as in "{example}".')
    # The size is what one pixel of the page has one pixel for: that is always offered.
    return numbers if option == "widths" else sorted({1, *numbers})


def _split(option: str, value: Any) -> list[Any]:
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",")]
    parts = list(value) if isinstance(value, Iterable) else [value]
    if not parts or "" in parts:
        raise InvalidResize(f"{option} is {value!r}: something is missing.")
    return parts


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
