"""Compute the candidates of responsive images and their sizes, without URLs."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from django_shift_media.exceptions import FileTooLarge, InvalidResize
from django_shift_media.naming.geometry import Size
from django_shift_media.naming.resize_options import ResizeOptions, parse_options
from django_shift_media.naming.resizes import FocalPoint, How, ImageFormat, Resize
from django_shift_media.naming.validation import MAX_SIDE

Number = int | float

# One entry of the option ``art``: "(max-width: 40em) {ratio: 1/1; widths: 320,640}".
_ART_DIRECTION = re.compile(r"\s*([^{};]+?)\s*\{([^{}]*)\}\s*")
_BOOLEANS = {"true": True, "false": False}


class PictureOptions(ResizeOptions, total=False):
    """The options of ``MediaFile.picture()``."""

    widths: str | int | Sequence[int] | None
    ratio: str | Number | None
    sizes: str | None
    densities: str | Number | Sequence[Number] | None
    formats: str | Sequence[str] | None
    art: str | None


PICTURE_OPTIONS = ("size", *PictureOptions.__annotations__)


class SrcsetCandidate(NamedTuple):
    """
    One candidate of a ``srcset``: a resize and its descriptor, such as "640w" or "2x".

    ``size`` is the actual width and height in pixels, None if it is not known.
    """

    resize: Resize
    descriptor: str
    size: Size | None


class SourceLayout(NamedTuple):
    """
    The candidates of one ``<source>``, in one format, from small to large.

    ``size`` is the width and height for the HTML attributes, in pixels.
    """

    candidates: tuple[SrcsetCandidate, ...]
    size: Size | None
    sizes: str | None
    media: str | None


class SourceSpec(NamedTuple):
    """
    One ``<source>`` as the options describe it, independent of an original, so that it is cached.

    ``targets`` has the width or density of each candidate and its size, such as (2, "400x400").
    ``sizes`` is None for densities.
    """

    targets: tuple[tuple[Number, str], ...]
    options: ResizeOptions
    sizes: str | None
    media: str | None


def source_specs(default_format: ImageFormat, options: Mapping[str, Any]) -> tuple[SourceSpec, ...]:
    """
    Return the sources of a ``<picture>`` in order; the last one is for the ``<img>``.

    ``options`` are ``PictureOptions`` and "size". Raise ``InvalidResize``.
    """
    return tuple(
        _source_spec({**source_options, "format": format}, media)
        for media, source_options in (*_art_directions(options), (None, options))
        for format in _formats(source_options, default_format)
    )


def source_layout(
    spec: SourceSpec, focal_point: FocalPoint | None, original_size: Size | None
) -> SourceLayout:
    """
    Return the candidates for an original with that upright size, None if it is not known.

    If it is known, the candidates never exceed the original: the first one that would gets the
    largest possible size and is the last.
    """
    unit = "w" if spec.sizes else "x"
    targets = (
        # The default format is not used: spec.options has a format.
        (measure, parse_options(size, "jpg", focal_point, **spec.options))
        for measure, size in spec.targets
    )
    candidates = tuple(_candidates(targets, unit, original_size))
    displayed = candidates[-1 if spec.sizes else 0]
    size = _layout_size(displayed.resize, displayed.size)
    return SourceLayout(candidates, size, spec.sizes, spec.media)


def displayed_size(resize: Resize, original_size: Size | None) -> Size | None:
    """Return the width and height for the HTML attributes of a resize, in pixels."""
    return _layout_size(resize, _result_size(resize, original_size))


def _art_directions(options: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    text = options.get("art")
    if text is None:
        return
    if not isinstance(text, str) or not text or _ART_DIRECTION.sub("", text):
        raise InvalidResize(
            f"Invalid art {text!r}. Use media queries with options, such as"
            ' "(max-width: 40em) {ratio: 1/1}".'
        )
    for media, declarations in _ART_DIRECTION.findall(text):
        own = dict(_parse_declarations(declarations))
        overridden = {"art"}
        if "size" in own:
            overridden |= {"widths", "ratio", "sizes"}
        if "widths" in own:
            overridden |= {"size", "densities"}
        inherited = {name: options[name] for name in options.keys() - overridden}
        yield media, {**inherited, **own}


def _parse_declarations(declarations: str) -> Iterator[tuple[str, Any]]:
    for declaration in filter(str.strip, declarations.split(";")):
        name, _, text = (part.strip() for part in declaration.partition(":"))
        yield name, int(text) if text.isdecimal() else _BOOLEANS.get(text.lower(), text)


def _formats(options: Mapping[str, Any], default: ImageFormat) -> list[Any]:
    format, formats = options.get("format"), options.get("formats")
    if formats is None:
        return [format or default]
    if format is not None:
        raise InvalidResize(
            f"Use either format or formats; got format={format!r} and formats={formats!r}."
        )
    names = list(dict.fromkeys(_split_list(formats)))
    if not all(names):
        raise InvalidResize(f'Invalid formats {formats!r}. Use a list such as "avif,webp,jpg".')
    return names


def _source_spec(options: Mapping[str, Any], media: str | None) -> SourceSpec:
    _check_option_names(options)
    size, widths, ratio = options.get("size"), options.get("widths"), options.get("ratio")
    if (size is None) == (widths is None):
        raise InvalidResize(
            f"Use either a size or widths; got size={size!r} and widths={widths!r}. Examples:"
            ' "200x200", the name of a preset, or widths="320,640".'
        )
    names = options.keys() & ResizeOptions.__annotations__.keys()
    resize_options: Any = {name: options[name] for name in names}
    if widths is None:
        _reject_options(options, ("ratio", "sizes"), "widths")
        densities = options.get("densities")
        numbers = _parse_numbers("densities", 1 if densities is None else densities, float)
        base = parse_options(size, "jpg", None, **resize_options)
        targets = _targets_for_densities(base, numbers)
        return SourceSpec(tuple(targets), resize_options, None, media)
    _reject_options(options, ("densities",), "a size")
    resize_options["how"] = _how_for_ratio(resize_options.get("how"), ratio)
    targets = _targets_for_widths(_parse_numbers("widths", widths, int), ratio)
    return SourceSpec(tuple(targets), resize_options, options.get("sizes") or "100vw", media)


def _targets_for_densities(
    base: Resize, densities: Iterable[Number]
) -> Iterator[tuple[Number, str]]:
    for density in densities:
        width, height = (side and int(side * density + 0.5) for side in (base.width, base.height))
        yield density, f"{width or ''}x{height or ''}"


def _how_for_ratio(how: How | None, ratio: Any) -> How:
    how = how or ("fit" if ratio is None else "fill")
    if how != "fit" and ratio is None:
        raise InvalidResize(f'how="{how}" with widths requires a ratio, such as "16/9".')
    if how == "fit" and ratio is not None:
        raise InvalidResize(f'ratio={ratio!r} requires how="fill" or how="pad".')
    return how


def _targets_for_widths(widths: Iterable[int], ratio: Any) -> Iterator[tuple[Number, str]]:
    if ratio is None:
        yield from ((width, f"{width}x") for width in widths)
        return
    fraction = _parse_ratio(ratio)
    for width in widths:
        yield width, f"{width}x{max(1, int(width / fraction + Fraction(1, 2)))}"


def _candidates(
    targets: Iterable[tuple[Number, Resize]], unit: str, original_size: Size | None
) -> Iterator[SrcsetCandidate]:
    """Yield candidates up to the first that is limited by the size of the original."""
    largest = base_width = 0
    for measure, resize in targets:
        size = _result_size(resize, original_size)
        if size is None or size[0] == resize.width or size[1] == resize.height:
            yield SrcsetCandidate(resize, f"{measure:g}{unit}", size)
            largest = size[0] if size else 0
            base_width = base_width or largest
            continue
        if size[0] > largest:
            measure = size[0] if unit == "w" else size[0] / (base_width or size[0])
            yield SrcsetCandidate(resize, f"{measure:.6g}{unit}", size)
        return


def _result_size(resize: Resize, original_size: Size | None) -> Size | None:
    try:
        return resize.geometry(*original_size).size if original_size else None
    except FileTooLarge:
        return None  # The request for the resize fails with 422; the page must still render.


def _layout_size(resize: Resize, size: Size | None) -> Size | None:
    if size is None and resize.width and resize.height and resize.how != "fit":
        return (resize.width, resize.height)
    return size


def _parse_ratio(value: Any) -> Fraction:
    try:
        ratio = Fraction(value)
    except (ValueError, TypeError, ArithmeticError):
        ratio = Fraction(0)
    if ratio <= 0:
        raise InvalidResize(f'Invalid ratio {value!r}. Use a ratio such as "16/9".')
    return ratio


def _parse_numbers(option: str, value: Any, type: type[Number]) -> list[Any]:
    try:
        numbers = sorted({type(str(part)) for part in _split_list(value)})
    except ValueError:
        numbers = []
    if not numbers or not all(0 < number <= MAX_SIDE for number in numbers):
        example = "320,640" if option == "widths" else "1,2,3"
        raise InvalidResize(f'Invalid {option} {value!r}. Use numbers such as "{example}".')
    # Density 1 is always offered: it is the size that was asked for.
    return numbers if option == "widths" else sorted({1, *numbers})


def _split_list(value: Any) -> list[Any]:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",")]
    return list(value) if isinstance(value, Iterable) else [value]


def _check_option_names(options: Iterable[str]) -> None:
    for name in options:
        if name not in PICTURE_OPTIONS:
            close = difflib.get_close_matches(name, PICTURE_OPTIONS, 1)
            hint = (
                f"Did you mean {close[0]!r}?"
                if close
                else f"The options are: {', '.join(PICTURE_OPTIONS)}."
            )
            raise InvalidResize(f"Unknown picture option {name!r}. {hint}")


def _reject_options(options: Mapping[str, Any], names: tuple[str, ...], required: str) -> None:
    for name in names:
        if options.get(name) is not None:
            raise InvalidResize(f"{name}={options[name]!r} requires {required}.")
