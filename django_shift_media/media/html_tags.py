"""What templates call, whichever their engine: the URL of a resize, and HTML of pictures."""

import difflib
import re
from typing import Any, TypeGuard, Unpack

from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from django_shift_media.exceptions import InvalidResize
from django_shift_media.media.files import MediaFile
from django_shift_media.naming.picture import Picture, Source
from django_shift_media.naming.resizes import Options
from django_shift_media.naming.srcset import OPTIONS

# https://html.spec.whatwg.org/multipage/embedded-content.html#the-img-element, but for those that
# follow from the options; data_id and others are written as data-id. Another name is likely to be
# a misspelt option.
_ATTRIBUTE = re.compile(
    "accesskey|alt|autofocus|class|crossorigin|decoding|dir|draggable|elementtiming|fetchpriority"
    "|hidden|id|inert|is|ismap|itemid|itemprop|itemref|itemscope|itemtype|lang|loading|nonce|part"
    "|popover|referrerpolicy|role|slot|spellcheck|style|tabindex|title|translate|usemap"
    "|on[a-z]+|[a-z]+(_[a-z0-9]+)+"
)


def resize(file: MediaFile | None, size: str, **options: Unpack[Options]) -> str:
    """
    Render the URL of a resize; see ``MediaFile.resize()`` for the options.

    An empty file renders nothing.
    """
    return file.resize(size, **options) if _is_there(file, "resize") else ""


def picture(
    file: MediaFile | None, size: str | None = None, *, placeholder: bool = False, **arguments: Any
) -> str:
    """
    Render a ``<picture>``; see ``MediaFile.picture()`` for the options.

    With ``placeholder``, that of the file is shown until the picture has come. All other arguments
    are attributes of its ``<img>``, of which ``alt`` is required. In their names, _ stands for -.
    An empty file renders nothing.
    """
    if not _is_there(file, "picture"):
        return ""
    options, attributes = _split_arguments("picture", file, placeholder, arguments)
    picture = file.picture(size, **options)
    sources = format_html_join("", "{}", ([_source(source)] for source in picture.sources))
    return format_html("<picture>{}{}</picture>", sources, _img(picture.img, attributes))


def img(
    file: MediaFile | None, size: str | None = None, *, placeholder: bool = False, **arguments: Any
) -> str:
    """Render an ``<img>``, of one format, from the arguments of ``picture()``."""
    if not _is_there(file, "img"):
        return ""
    options, attributes = _split_arguments("img", file, placeholder, arguments)
    return _img(_only_source("img", file.picture(size, **options)), attributes)


def srcset(file: MediaFile | None, size: str | None = None, **options: Any) -> str:
    """Render what the attribute ``srcset`` says, of one format; the options are a picture's."""
    if not _is_there(file, "srcset"):
        return ""
    return _only_source("srcset", file.picture(size, **options)).srcset_text


def _is_there(file: MediaFile | None, tag: str) -> TypeGuard[MediaFile]:
    if file is None:
        return False
    if not isinstance(file, MediaFile):
        raise ValueError(
            f"{tag} got {file!r}, wanted the file of a MediaField, as in"
            f" {{% {tag} obj.photo … %}}. Is the variable's name right?"
        )
    return bool(file)


def _split_arguments(
    tag: str, file: MediaFile, placeholder: bool, arguments: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the options, and the attributes of the ``<img>``."""
    options = {name: value for name, value in arguments.items() if name in OPTIONS}
    attributes = {
        _attribute(name): value for name, value in arguments.items() if name not in OPTIONS
    }
    if attributes.get("alt") is None:
        raise ValueError(
            f'{tag} needs alt="…": what the picture tells those who do not see it, or alt="" if it'
            " is but decoration."
        )
    if placeholder:
        attributes["style"] = _style(file, attributes)
    return options, attributes


def _attribute(name: str) -> str:
    if _ATTRIBUTE.fullmatch(name):
        return name.replace("_", "-")
    close = difflib.get_close_matches(name, OPTIONS, 1)
    hint = f", did you mean {close[0]!r}?" if close else "."
    raise InvalidResize(f"{name!r} is no option of a picture and no attribute of an image{hint}")


def _style(file: MediaFile, attributes: dict[str, Any]) -> str | None:
    """Return the attribute ``style``, with the file's placeholder before what is there."""
    if not file.field.placeholder_field:
        raise ValueError(
            f"placeholder=True, but the MediaField {file.field.name!r} has no placeholder_field."
        )
    style = file.placeholder.style if file.placeholder else ""
    return ";".join(filter(None, [style, attributes.get("style")])) or None


def _only_source(tag: str, picture: Picture) -> Source:
    if picture.sources:
        raise InvalidResize(
            f"{tag} takes one format and no art: of this picture there are"
            f" {len(picture.sources) + 1} versions. Use picture."
        )
    return picture.img


def _source(source: Source) -> SafeString:
    return _element("source", {"media": source.media, "type": source.type, **_candidates(source)})


def _img(source: Source, attributes: dict[str, Any]) -> SafeString:
    candidates = _candidates(source)
    if source.sizes is None and len(source.srcset) == 1:
        candidates["srcset"] = None  # it would say what src says
    return _element("img", {"src": source.url, **candidates, **attributes})


def _candidates(source: Source) -> dict[str, Any]:
    return {
        "srcset": source.srcset_text,
        "sizes": source.sizes,
        "width": source.width,
        "height": source.height,
    }


def _element(name: str, attributes: dict[str, Any]) -> SafeString:
    # As Django's flatatt(), which takes half of the time of a page, and lets safe text end it.
    written = "".join(
        f" {attribute}" if value is True else f' {attribute}="{_quoted(value)}"'
        for attribute, value in attributes.items()
        if value is not None and value is not False
    )
    return mark_safe(f"<{name}{written}>")  # noqa: S308  # each value is quoted


def _quoted(value: Any) -> str:
    """Escape what an attribute says; a quote ends it, be the value safe elsewhere."""
    return conditional_escape(value).replace('"', "&quot;")
