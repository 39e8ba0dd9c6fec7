"""The template tags of every template engine: URLs of resizes, ``<picture>`` and ``<img>``."""

import difflib
import re
from collections.abc import Callable, Mapping
from functools import lru_cache, wraps
from typing import Any, TypeGuard, TypeVar, Unpack, cast

from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

from django_shift_media.exceptions import InvalidResize
from django_shift_media.media.bad_rows import BAD_ROW_ERRORS, MissingFile, report
from django_shift_media.media.files import MediaFile
from django_shift_media.naming.picture import Picture, PictureSource
from django_shift_media.naming.resize_options import ResizeOptions
from django_shift_media.naming.srcset import PICTURE_OPTIONS

# The attributes in https://html.spec.whatwg.org/multipage/embedded-content.html#the-img-element
# except those that the options determine, and names with a hyphen, such as data_id for data-id.
# Any other name is likely to be a misspelled option.
ATTRIBUTE = re.compile(
    "accesskey|alt|autofocus|class|crossorigin|decoding|dir|draggable|elementtiming|fetchpriority"
    "|hidden|id|inert|is|ismap|itemid|itemprop|itemref|itemscope|itemtype|lang|loading|nonce|part"
    "|popover|referrerpolicy|role|slot|spellcheck|style|tabindex|title|translate|usemap"
    "|on[a-z]+|[a-z]+(_[a-z0-9]+)+"
)

# The file of a row; None or ``MissingFile`` if there is no row.
TagFile = MediaFile | MissingFile | None
Tag = TypeVar("Tag", bound=Callable[..., str])


def skip_bad_rows(tag: Tag) -> Tag:
    """Let a tag render nothing for a row with invalid values; see ``bad_rows``."""

    @wraps(tag)
    def render(file: TagFile, *args: Any, **kwargs: Any) -> str:
        try:
            return tag(file, *args, **kwargs)
        except BAD_ROW_ERRORS as error:
            report(error)
            return ""

    return cast(Tag, render)


@skip_bad_rows
def resize(file: TagFile, size: str, **options: Unpack[ResizeOptions]) -> str:
    """
    Render the URL of a resize, a ``ResizedImage``; see ``MediaFile.resize()`` for the options.

    Render nothing if there is no file.
    """
    return file.resize(size, **options) if _has_file(file, "resize") else ""


@skip_bad_rows
def picture(
    file: TagFile, size: str | None = None, *, placeholder: bool = False, **arguments: Any
) -> str:
    """
    Render a ``<picture>``; see ``MediaFile.picture()`` for the options.

    With ``placeholder``, the file's placeholder is displayed until the picture has loaded. All
    other arguments are attributes of the ``<img>``, with _ for - in their names; ``alt`` is
    required, unless the field has an ``alt_field``. Render nothing if there is no file.
    """
    if not _has_file(file, "picture"):
        return ""
    options, attributes = _split_arguments("picture", file, placeholder, arguments)
    picture = file.picture(size, **options)
    sources = "".join(map(_source, picture.sources))
    img = _img(picture.img, attributes)
    return mark_safe(f"<picture>{sources}{img}</picture>")  # noqa: S308  # both are escaped


@skip_bad_rows
def img(
    file: TagFile, size: str | None = None, *, placeholder: bool = False, **arguments: Any
) -> str:
    """Render an ``<img>`` in one format, from the arguments of ``picture()``."""
    if not _has_file(file, "img"):
        return ""
    options, attributes = _split_arguments("img", file, placeholder, arguments)
    return _img(_only_source("img", file.picture(size, **options)), attributes)


@skip_bad_rows
def srcset(file: TagFile, size: str | None = None, **options: Any) -> str:
    """Render the value of a ``srcset`` in one format, from the options of ``picture()``."""
    if not _has_file(file, "srcset"):
        return ""
    return _only_source("srcset", file.picture(size, **options)).srcset_text


@skip_bad_rows
def video(
    file: TagFile,
    presets: str | None = None,
    *,
    poster: str | None = "960x",
    captions: Any = None,
    refresh: bool = False,
    **attributes: Any,
) -> str:
    """
    Render a ``<video>`` with its poster, its upright size and a ``<source>`` for each rendition.

    ``presets`` is a list of names in ``SHIFT_MEDIA_VIDEO_PRESETS``, such as "web,small"; the
    default is all of them. ``poster`` is a size as ``resize()`` takes it, or None for no poster.
    ``captions`` is a WebVTT file, its URL, or a list of dicts with the attributes of a ``<track>``.
    With ``refresh``, the script ``shift_video.js`` shows the renditions when they are ready. All
    other arguments are attributes of the element, such as ``controls=True`` and
    ``preload="none"``. Render nothing if there is no file.
    """
    if not _has_file(file, "video"):
        return ""
    from django_shift_media.media.video_tag import render

    return render(file, presets, poster, captions, refresh, attributes)


def _has_file(file: TagFile, tag: str) -> TypeGuard[MediaFile]:
    if file is None:
        return False
    if isinstance(file, MissingFile):
        report(
            ValueError(
                f"{tag} got nothing: an object in {file.lookup!r} does not exist. Put the tag into"
                " {% if %}."
            )
        )
        return False
    if not isinstance(file, MediaFile):
        raise ValueError(
            f"{tag} got {file!r}. Use the file of a MediaField, such as"
            f" {{% {tag} obj.photo … %}}, and check the spelling of the variable."
        )
    return bool(file)


def _split_arguments(
    tag: str, file: MediaFile, placeholder: bool, arguments: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Split the arguments into options and attributes of the ``<img>``."""
    options = {name: value for name, value in arguments.items() if name in PICTURE_OPTIONS}
    attributes = {
        _attribute_name(name): value
        for name, value in arguments.items()
        if name not in PICTURE_OPTIONS
    }
    if attributes.get("alt") is None and file.field.alt_field:
        attributes["alt"] = file.alt
    if attributes.get("alt") is None:
        raise ValueError(
            f'{tag} requires alt="…": a text for people who do not see the picture, or alt="" if'
            " the picture is only decoration."
        )
    if placeholder:
        attributes["style"] = _style(file, attributes)
    return options, attributes


def _attribute_name(name: str) -> str:
    if ATTRIBUTE.fullmatch(name):
        return name.replace("_", "-")
    close = difflib.get_close_matches(name, PICTURE_OPTIONS, 1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    raise InvalidResize(f"{name!r} is neither a picture option nor an attribute of <img>.{hint}")


def _style(file: MediaFile, attributes: dict[str, Any]) -> str | None:
    """Return the ``style`` attribute with the CSS of the placeholder at its beginning."""
    if not file.field.placeholder_field:
        raise ValueError(
            f"placeholder=True requires a placeholder_field, which the MediaField"
            f" {file.field.name!r} does not have."
        )
    style = file.placeholder.style if file.placeholder else ""
    return ";".join(filter(None, [style, attributes.get("style")])) or None


def _only_source(tag: str, picture: Picture) -> PictureSource:
    if picture.sources:
        raise InvalidResize(
            f"{tag} supports one format and no art, but this picture has"
            f" {len(picture.sources) + 1} sources. Use picture instead."
        )
    return picture.img


def _source(source: PictureSource) -> str:
    fixed = _fixed_attributes(media=source.media, type=source.type)
    return f"<source{fixed}{_source_attributes(source, source.srcset_text)}>"


def _img(source: PictureSource, attributes: dict[str, Any]) -> SafeString:
    # With one candidate, that is the URL in src.
    has_srcset = source.sizes is not None or len(source.srcset) > 1
    srcset = source.srcset_text if has_srcset else None
    src = _attributes({"src": source.url})
    own = _attributes(attributes)
    text = f"<img{src}{_source_attributes(source, srcset)}{own}>"
    return mark_safe(text)  # noqa: S308  # each value is escaped


def _source_attributes(source: PictureSource, srcset: str | None) -> str:
    fixed = _fixed_attributes(sizes=source.sizes, width=source.width, height=source.height)
    return _attributes({"srcset": srcset}) + fixed


def element(name: str, attributes: Mapping[str, Any]) -> SafeString:
    """Return the start tag of an element."""
    return mark_safe(f"<{name}{_attributes(attributes)}>")  # noqa: S308  # each value is escaped


@lru_cache(maxsize=1024, typed=True)  # a safe string equals the same text
def _fixed_attributes(**attributes: str | int | None) -> str:
    """Return attributes that are the same in many rows: they depend on the layout only."""
    return _attributes(attributes)


def _attributes(attributes: Mapping[str, Any]) -> str:
    # Not Django's flatatt(): it takes half of the time of a page, and a safe string with a quote
    # would end the attribute.
    return "".join(
        f" {attribute}" if value is True else f' {attribute}="{_escape_attribute(value)}"'
        for attribute, value in attributes.items()
        if value is not None and value is not False
    )


def _escape_attribute(value: Any) -> str:
    """Escape the value of an attribute; in a safe string, escape double quotes only."""
    return conditional_escape(value).replace('"', "&quot;")
