"""The HTML of a ``<video>``, for ``html_tags``; imported only by sites that have videos."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from django.db.models.fields.files import FieldFile
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext

from django_shift_media.exceptions import InvalidResize
from django_shift_media.media.files import MediaFile
from django_shift_media.media.html_tags import ATTRIBUTE, element
from django_shift_media.media.players import Player
from django_shift_media.naming.validation import check_choice

# The attributes in https://html.spec.whatwg.org/multipage/media.html#the-video-element
_OF_VIDEO = re.compile(
    "autoplay|controls|controlslist|disablepictureinpicture|disableremoteplayback|height|loop"
    "|muted|playsinline|preload|width"
)
TrackKind = Literal["captions", "subtitles", "descriptions", "chapters", "metadata"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """A ``<track>``: a WebVTT file, as https://html.spec.whatwg.org/multipage/media.html has it."""

    src: Any
    kind: TrackKind = "captions"
    srclang: str | None = None
    label: str | None = None
    default: bool = False

    def __post_init__(self) -> None:
        check_choice("kind", self.kind, get_args(TrackKind))
        if not isinstance(self.src, str | FieldFile):
            raise InvalidResize(f"Invalid captions {self.src!r}. Use a file or a URL.")
        if self.kind == "subtitles" and not self.srclang:
            raise InvalidResize('A track of kind "subtitles" requires a srclang, such as "en".')


def render(
    file: MediaFile,
    presets: str | None,
    poster: str | None,
    captions: Any,
    refresh: bool,
    attributes: Mapping[str, Any],
) -> SafeString:
    """Render a ``<video>``; see ``html_tags.video()``. This requires no I/O."""
    names = {name: _attribute_name(name) for name in attributes}
    player = file.video(presets, poster=poster)
    video = element(
        "video",
        {
            "poster": player.poster,
            "width": player.width,
            "height": player.height,
            **{names[name]: value for name, value in attributes.items()},
        },
    )
    html = format_html("{}{}{}</video>", video, _sources(player), _tracks(captions))
    return _refreshed(player, html) if refresh and _may_change(player) else html


def _attribute_name(name: str) -> str:
    if not (_OF_VIDEO.fullmatch(name) or ATTRIBUTE.fullmatch(name)):
        raise InvalidResize(f"{name!r} is not an attribute of <video>.")
    return name.replace("_", "-")


def _sources(player: Player) -> SafeString:
    return _elements(
        "source",
        ({"src": each.url, "type": each.type, "media": each.media} for each in player.sources),
    )


def _tracks(captions: Any) -> SafeString:
    return _elements(
        "track",
        (
            {
                "kind": track.kind,
                "src": _url(track.src),
                "srclang": track.srclang,
                "label": track.label,
                "default": track.default,
            }
            for track in _parse_tracks(captions)
            if track.src
        ),
    )


def _parse_tracks(captions: Any) -> Iterable[Track]:
    """Return the tracks of ``captions``: one file or URL, or a list of the options of tracks."""
    if not captions:
        return []
    if isinstance(captions, str | FieldFile):
        return [Track(src=captions, srclang=get_language(), default=False)]
    tracks = [each if isinstance(each, Mapping) else {"src": each} for each in captions]
    options = Track.__annotations__.keys()
    for track in tracks:
        if unknown := track.keys() - options:
            raise InvalidResize(
                f"Unknown options of captions: {', '.join(sorted(map(repr, unknown)))}. Use:"
                f" {', '.join(options)}."
            )
    return [Track(**track) for track in tracks]


def _url(src: "str | FieldFile") -> str:
    return src if isinstance(src, str) else src.url


def _elements(name: str, attributes: Iterable[Mapping[str, Any]]) -> SafeString:
    return format_html_join("", "{}", ([element(name, each)] for each in attributes))


def _may_change(player: Player) -> bool:
    return player.state_url is not None and player.state in {"queued", "working"}


def _refreshed(player: Player, video: SafeString) -> SafeString:
    """Wrap a video into the element of shift_video.js, which asks for its state."""
    start = element(
        "shift-video",
        {"state-url": player.state_url, "data-state": player.state, "data-percent": player.percent},
    )
    progress = element(
        "progress",
        {"max": 100, "value": player.percent, "aria-label": gettext("The video is being prepared")},
    )
    return format_html("{}{}{}</progress></shift-video>", start, video, progress)
