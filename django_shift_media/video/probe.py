"""
Read what the header of a video says, without a decoder.

A web process reads headers only. Decoders of videos run in workers, see ``ffmpeg``.
"""

import io
from typing import IO, Any

from django.core.files.base import File

from django_shift_media.conf import conf
from django_shift_media.exceptions import FileTooLarge, UnreadableVideo
from django_shift_media.exceptions import gettext_noop as _
from django_shift_media.naming.geometry import Size
from django_shift_media.video import isobmff, matroska
from django_shift_media.video.facts import VideoFacts

_EBML = b"\x1a\x45\xdf\xa3"
# The types with which an ISO base media or QuickTime file may start.
_FIRST_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot"})


def read_facts(file: "File[Any] | IO[bytes] | io.RawIOBase") -> VideoFacts:
    """
    Return the facts of a video; raise ``UnreadableVideo`` or ``FileTooLarge``.

    Its format is that of its content: playlists and other texts, which a player would follow to
    other files, are refused whatever they are called. The file is left at its beginning.
    """
    file.seek(0)
    start: bytes = file.read(12) or b""
    try:
        if start.startswith(_EBML):
            facts = matroska.read_facts(file)
        elif start[4:8] in _FIRST_BOXES:
            facts = isobmff.read_facts(file)
        else:
            raise UnreadableVideo(
                _("This is not a video in an accepted format. Accepted formats: %(accepted)s."),
                accepted="MP4, MOV, WebM, Matroska",
            )
    finally:
        file.seek(0)
    check_limits(facts.size, facts.duration)
    return facts


def check_limits(size: Size, duration: float | None) -> None:
    """Raise ``FileTooLarge`` for a video that has too many pixels, or takes too long."""
    width, height = size
    if min(size) < 1:
        raise UnreadableVideo(_("The video is damaged: %(detail)s."), detail="it has no size")
    if width * height > conf.video_max_pixels:
        raise FileTooLarge(
            _("The video has %(width)s x %(height)s pixels; the maximum is %(limit)s."),
            width=width,
            height=height,
            limit=conf.video_max_pixels,
        )
    if duration is not None and duration > conf.video_max_seconds:
        raise FileTooLarge(
            _("The video takes %(duration)s seconds; the maximum is %(limit)s."),
            duration=round(duration),
            limit=conf.video_max_seconds,
        )
