"""The HTML of a ``<video>``, for ``html_tags``; imported only by sites that have videos."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from django_shift_media.conf import conf
from django_shift_media.exceptions import InvalidResize
from django_shift_media.media.files import MediaFile
from django_shift_media.media.html_tags import ATTRIBUTE, element
from django_shift_media.naming.formats import content_type
from django_shift_media.naming.renditions import Codec, Rendition, sign
from django_shift_media.video.presets import rendition
from django_shift_media.video.states import State, is_ready

# The attributes in https://html.spec.whatwg.org/multipage/media.html#the-video-element
_OF_VIDEO = re.compile(
    "autoplay|controls|controlslist|disablepictureinpicture|disableremoteplayback|height|loop"
    "|muted|playsinline|preload|width"
)
# A browser plays the first source that it supports: the smallest files come first.
_ORDER: tuple[Codec, ...] = ("av1", "vp9", "h264")
# The codecs are named where some browsers do not support them. That of AV1 is the Main profile,
# level 5.1, 8 bits: https://aomediacodec.github.io/av1-isobmff/#codecsparam
_TYPES: Mapping[Codec, str] = {
    "h264": "video/mp4",
    "vp9": 'video/webm; codecs="vp9"',
    "av1": 'video/mp4; codecs="av01.0.13M.08"',
}


def render(
    file: MediaFile, presets: str | None, poster: str | None, attributes: Mapping[str, Any]
) -> SafeString:
    """
    Render a ``<video>``; see ``html_tags.video()``.

    This requires no I/O. Renditions that are not ready are left out. Until one is, the source is
    the original, if all browsers play it.
    """
    if file.field.kind != "video":
        raise InvalidResize(
            f'video requires a MediaField with kind="video"; that of {file.field.name!r} is'
            f" {file.field.kind!r}."
        )
    names = {name: _attribute_name(name) for name in attributes}
    width, height = file.dimensions or (None, None)
    video = element(
        "video",
        {
            "poster": file.resize(poster) if poster else None,
            "width": width,
            "height": height,
            **{names[name]: value for name, value in attributes.items()},
        },
    )
    sources = format_html_join("", "{}", ([source] for source in _sources(file, presets)))
    return format_html("{}{}</video>", video, sources)


def _attribute_name(name: str) -> str:
    if not (_OF_VIDEO.fullmatch(name) or ATTRIBUTE.fullmatch(name)):
        raise InvalidResize(f"{name!r} is not an attribute of <video>.")
    return name.replace("_", "-")


def _sources(file: MediaFile, presets: str | None) -> Iterator[SafeString]:
    names = conf.video_presets if presets is None else re.split(r"\s*,\s*", presets.strip())
    renditions = sorted(map(rendition, names), key=lambda each: _ORDER.index(each.codec))
    state = file.video_state
    ready = [each for each in renditions if state is None or is_ready(state, each)]
    yield from (_source(file, each) for each in ready)
    if not ready and _plays_original(state):
        yield element("source", {"src": file.url, "type": content_type(str(file.name))})


def _source(file: MediaFile, rendition: Rendition) -> SafeString:
    url = file.storage.resize_url(sign(str(file.name), rendition))
    return element("source", {"src": url, "type": _TYPES[rendition.codec]})


def _plays_original(state: State | None) -> bool:
    return bool(state and state.get("facts", {}).get("plays_everywhere"))
