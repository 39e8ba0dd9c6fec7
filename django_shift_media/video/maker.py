"""
The protocol of makers: what makes renditions and posters of a video.

The setting ``SHIFT_MEDIA_VIDEO_MAKER`` names the class. ``ffmpeg.FfmpegMaker`` makes them on the
worker itself; a maker may also hand the work to a service, and return before it is done.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from django.utils.module_loading import import_string

from django_shift_media.conf import cached_until_settings_change, conf
from django_shift_media.naming.renditions import Made
from django_shift_media.storages.base import MediaStorage
from django_shift_media.video.reports import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """
    What is to be made of one video: ``wanted`` maps the keys to what is stored under them.

    All keys are signed and missing, no other worker makes them now, and the original exists.
    """

    storage: MediaStorage
    original: str
    wanted: Mapping[str, Made]
    report: Report


class Maker(Protocol):
    """Makes renditions and posters."""

    def make(self, work: Work) -> None:
        """
        Make all that is wanted, and store each under exactly its key.

        Tell ``work.report`` about each: ``working()`` while it is made, then ``stored()``, or
        ``failed()``. A file that cannot be made is not an exception. Raise
        ``StorageUnavailable`` or another error if a later attempt may succeed.
        """
        ...

    def forget(self, storage: MediaStorage, keys: Collection[str]) -> None:
        """
        Stop making these keys, whose original is gone, and delete what that has left.

        A maker that has finished when ``make()`` returns has nothing to do.
        """
        ...


@cached_until_settings_change
@lru_cache
def get_maker() -> Maker:
    """Return the maker of ``SHIFT_MEDIA_VIDEO_MAKER``."""
    maker: Maker = import_string(conf.video_maker)()
    return maker
