"""Presets of renditions, from ``SHIFT_MEDIA_VIDEO_PRESETS``, and the poster of a site's videos."""

from collections.abc import Iterable
from functools import lru_cache

from django_shift_media.conf import cached_until_settings_change, conf
from django_shift_media.exceptions import InvalidResize
from django_shift_media.naming.posters import site_poster
from django_shift_media.naming.renditions import Ladder, Made, Rendition, sign

_OF_ALL = ["fps", "loudness", "mute", "quality", "version"]


@cached_until_settings_change
@lru_cache
def rendition(preset: str) -> Rendition | Ladder:
    """Return the rendition or the ladder of a preset; raise ``InvalidResize``."""
    presets = conf.video_presets
    if preset not in presets:
        raise InvalidResize(
            f"Unknown video preset {preset!r}. SHIFT_MEDIA_VIDEO_PRESETS has:"
            f" {', '.join(presets) or 'none'}."
        )
    options = presets[preset]
    if isinstance(options, dict):
        if "ladder" in options and not options.keys() - {"ladder", *_OF_ALL}:
            return Ladder(**options)
        if "height" in options and not options.keys() - {"height", "codec", *_OF_ALL}:
            return Rendition(**options)
    raise InvalidResize(
        f"Invalid video preset {preset!r}: {options!r}. Use a dict with height or ladder, and any"
        f" of: {', '.join(_OF_ALL)}; with height also codec."
    )


def all_made() -> list[Made]:
    """Return what workers make of each video: the poster first, as pages wait for it."""
    return [site_poster(), *map(rendition, conf.video_presets)]


def keys_of(original: str, made: Iterable[Made] | None = None) -> list[str]:
    """Return the keys of what is made of a video, by default all of it."""
    return [sign(original, each) for each in (all_made() if made is None else made)]
