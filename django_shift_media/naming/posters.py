"""Of which stored picture the resizes of an original are made."""

from django_shift_media.conf import conf
from django_shift_media.naming.renditions import Poster, is_video, sign


def site_poster() -> Poster:
    """Return which frame is the poster of this site's videos."""
    seconds = conf.video_poster
    return Poster(at=None if seconds is None else round(seconds * 1000))


def picture_of(original: str) -> str:
    """Return the key of the picture that resizes are made of: that of a video is its poster."""
    return sign(original, site_poster()) if is_video(original) else original
