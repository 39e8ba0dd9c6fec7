"""``Player``: what a page needs to play a video, for templates, APIs and scripts."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django_shift_media.conf import conf
from django_shift_media.exceptions import InvalidMetadata
from django_shift_media.media.bad_rows import describe_row
from django_shift_media.media.files import MediaFile
from django_shift_media.media.player_tokens import PlayerToken
from django_shift_media.naming.formats import HLS_TYPE, content_type
from django_shift_media.naming.posters import site_poster
from django_shift_media.naming.renditions import Codec, Ladder, Made, Rendition, sign
from django_shift_media.naming.urlconf import mount_url
from django_shift_media.video.commands import rendition_size
from django_shift_media.video.presets import rendition
from django_shift_media.video.states import Entry, State, entry_of, is_ready, sum_up

# A browser plays the first source that it supports: the smallest files come first.
_ORDER: tuple[Codec, ...] = ("av1", "vp9", "h264")
# For rows that do not have the codecs of a rendition. That of AV1 is the Main profile, level 5.1,
# 8 bits: https://aomediacodec.github.io/av1-isobmff/#codecsparam
_TYPES: Mapping[Codec, str] = {
    "h264": "video/mp4",
    "vp9": 'video/webm; codecs="vp9"',
    "av1": 'video/mp4; codecs="av01.0.13M.08"',
}


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoSource:
    """
    A ``<source>``: a file, and its type with codecs.

    ``media`` is a media query for screens that need no more pixels; None for any screen. ``width``
    and ``height`` are in pixels, None if they are unknown.
    """

    url: str
    type: str
    media: str | None
    width: int | None
    height: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Player:
    """
    A video as a page plays it; see ``MediaFile.video()``.

    ``state`` is "queued", "working", "ready" or "failed", that of the renditions that were asked
    for, and None without a ``video_field``; ``percent`` is the progress of making them.
    ``state_url`` has all of this as JSON, without a signature that expires, for a page that waits;
    None if no row can be asked.
    """

    poster: str | None
    is_poster_ready: bool
    width: int | None
    height: int | None
    duration: float | None
    state: str | None
    percent: int
    sources: tuple[VideoSource, ...]
    state_url: str | None


def player(file: MediaFile, presets: str | None, poster: str | None) -> Player:
    """Return the player of a file; see ``MediaFile.video()``. This requires no I/O."""
    renditions = _renditions(presets)
    state = _valid_state(file)
    wanted = [entry for made in _wanted(file, renditions) if (entry := entry_of(state, made))]
    summary = sum_up(wanted)
    width, height = file.dimensions or (None, None)
    return Player(
        poster=str(file.resize(poster)) if poster else None,
        is_poster_ready=file.has_poster,
        width=width,
        height=height,
        duration=file.duration,
        state=summary.state if wanted else None,
        percent=summary.percent,
        sources=tuple(_sources(file, state, renditions)),
        state_url=None if state is None else _state_url(file, presets, poster),
    )


def _renditions(presets: str | None) -> list[Rendition | Ladder]:
    names = conf.video_presets if presets is None else re.split(r"\s*,\s*", presets.strip())
    return sorted(map(rendition, names), key=_position)


def _position(made: Rendition | Ladder) -> tuple[int, int, str]:
    """Return what sources are sorted by: HLS first, as browsers that play it play MP4, too."""
    if isinstance(made, Ladder):
        return -1, 0, str(made)
    return _ORDER.index(made.codec), made.height, str(made)


def _valid_state(file: MediaFile) -> State | None:
    """Return the state of a row; raise ``InvalidMetadata`` if it is not one."""
    state: State | None = file.video_state
    if state is not None and not _is_state(state):
        raise InvalidMetadata(f"{describe_row(file)}: {state!r} is not the state of a video.")
    return state


def _is_state(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    made, facts = value.get("made", {}), value.get("facts", {})
    is_pair = isinstance(made, dict) and isinstance(facts, dict)
    return is_pair and all(map(_is_entry, made.values()))


def _is_entry(entry: Any) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("state"), str)


def _wanted(file: MediaFile, renditions: Iterable[Rendition | Ladder]) -> Iterator[Made]:
    """Yield what workers make of a player."""
    if not file.has_cover:
        yield site_poster()
    yield from renditions


def _sources(
    file: MediaFile, state: State | None, renditions: list[Rendition | Ladder]
) -> Iterator[VideoSource]:
    of_state = [each for each in renditions if state is None or is_ready(state, each)]
    for ladder in of_state:
        if isinstance(ladder, Ladder):
            yield _ladder_source(file, ladder, entry_of(state, ladder))
    ready = [each for each in of_state if isinstance(each, Rendition)]
    for index, each in enumerate(ready):
        # Of several heights, the smaller ones are for screens that are not wider.
        is_last = ready[index + 1 : index + 2] == [] or ready[index + 1].codec != each.codec
        yield _source(file, each, entry_of(state, each), is_last)
    if not of_state and state and state.get("facts", {}).get("plays_everywhere"):
        width, height = file.dimensions or (None, None)
        type = content_type(str(file.name))
        yield VideoSource(url=file.url, type=type, media=None, width=width, height=height)


def _ladder_source(file: MediaFile, ladder: Ladder, entry: Entry) -> VideoSource:
    size = file.dimensions and rendition_size(file.dimensions, ladder.ladder[-1])
    width, height = size or (entry.get("width"), entry.get("height"))
    url = file.storage.resize_url(sign(str(file.name), ladder))
    return VideoSource(url=url, type=HLS_TYPE, media=None, width=width, height=height)


def _source(file: MediaFile, rendition: Rendition, entry: Entry, is_last: bool) -> VideoSource:
    size = file.dimensions and rendition_size(file.dimensions, rendition.height)
    width, height = size or (entry.get("width"), entry.get("height"))
    codecs = entry.get("codecs")
    return VideoSource(
        url=file.storage.resize_url(sign(str(file.name), rendition)),
        type=f'video/{rendition.extension}; codecs="{codecs}"'
        if codecs
        else _TYPES[rendition.codec],
        media=None if is_last or not width else f"(max-width: {width}px)",
        width=width,
        height=height,
    )


# -- the URL of the state -------------------------------------------------------------------------


def _state_url(file: MediaFile, presets: str | None, poster: str | None) -> str | None:
    pk = file.instance.pk
    if pk is None:
        return None
    token = PlayerToken(file.field.upload_label, str(pk), str(file.name), presets, poster)
    query = urlencode({"token": token.sign()})
    return f"{mount_url(file.field.storage_alias)}video/?{query}"
